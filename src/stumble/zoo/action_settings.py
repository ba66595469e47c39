"""Action recognisers with the classes and the recipe that the card beside their weights names."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path

from stumble.errors import SpecError, WeightsError
from stumble.models.recogniser import ActionRecogniser
from stumble.preprocess import Recipe
from stumble.spec import from_plain
from stumble.zoo.card import Card

__all__ = ["with_settings"]

Load = Callable[[Path, Collection[str] | None, Recipe | None], ActionRecogniser]


def with_settings(architecture: str, load: Load) -> Callable[[Path], ActionRecogniser]:
    """From a file to a recogniser: by what the card beside it says, or without a card by what the weights alone tell.

    Args:
        architecture: which the card must name.
        load: from file, classes and recipe.
    """

    def loaded(path: Path) -> ActionRecogniser:
        beside = path.with_suffix(".json")
        if not beside.exists():
            return load(path, None, None)
        card = Card.read(beside)
        if card.architecture != architecture:
            raise WeightsError(f"{beside}: found the architecture {card.architecture!r}; expected {architecture!r}")
        classes, layout = card.settings.get("classes"), card.settings.get("layout")
        if not isinstance(classes, list) or not all(isinstance(name, str) for name in classes):
            raise WeightsError(f"{beside}: found the classes {classes!r}; expected a list of names")
        try:
            recipe = from_plain(card.settings.get("recipe"), Recipe)  # type: ignore[type-abstract]
        except SpecError as error:
            raise WeightsError(f"{beside}: found no usable recipe: {error}") from error
        network = load(path, classes, recipe)
        if layout != network.layout.name:
            found, expected = f"the layout {layout!r}", f"{network.layout.name!r}, the weights' own"
            raise WeightsError(f"{beside}: found {found}; expected {expected}")
        return network

    return loaded
