"""Who the synthetic people are: body, style of walking, wardrobe and bag of each, drawn once per person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from stumble.errors import SpecError
from stumble.seeds import stream
from stumble.synth.body import Shape
from stumble.synth.clothing import Bag, Coat, Outfit
from stumble.synth.gait import Style

__all__ = ["Person", "Population"]

_YOUNGEST, _OLDEST = 2 / 3, 0.95  # of the body's axis of age


@dataclass(frozen=True)
class Population:
    """Where people are drawn from.

    Attributes:
        initial: what their names begin with, "" or a letter. People of two populations have no name in common, so they
            are other people under the same seed too.
        women: share of women.
        stature: metres by which men and women are taller than the 1.73 and 1.61 on average.
        weight: mean, 0 to 1, see `Shape`.
        age: the most frequent one, from 2/3, young, to 0.95, old, see `Shape`.
        clothes: how thick everyday clothes are, relative to the default.

    Raises:
        SpecError: `women` or `age` is outside its range.
    """

    initial: str = ""
    women: float = 0.35
    stature: float = 0.0
    weight: float = 0.5
    age: float = 0.7
    clothes: float = 1.0

    def __post_init__(self) -> None:
        for field, low, high in (("women", 0.0, 1.0), ("age", _YOUNGEST, _OLDEST)):
            if not low <= getattr(self, field) <= high:
                raise SpecError(f"population: {field} is {getattr(self, field)}; expected {low:.3g} to {high:.3g}")

    def name(self, subject: int) -> str:
        """What the person with this number is called: "001", or "a01"."""
        return f"{self.initial}{subject:0{3 - len(self.initial)}d}"


@dataclass(frozen=True)
class Person:
    """One synthetic person. The same (seed, subject, population) is the same person whatever else is generated."""

    shape: Shape
    style: Style
    outfit: Outfit
    coat: Coat
    bag: Bag

    @classmethod
    def draw(cls, seed: int, subject: int, population: Population = Population()) -> Person:
        """The person with this number."""
        rng = stream(seed, population.name(subject), "person")
        woman = bool(rng.random() < population.women)
        shape = Shape(
            gender=float(rng.uniform(0.75, 1.0) if woman else rng.uniform(0.0, 0.25)),
            age=float(rng.triangular(_YOUNGEST, population.age, _OLDEST)),
            muscle=float(np.clip(rng.normal(0.45 if woman else 0.55, 0.17), 0.1, 0.9)),
            weight=float(np.clip(rng.normal(population.weight, 0.19), 0.08, 0.95)),
            proportions=float(rng.uniform(0.2, 0.9)),
            stature=float(np.clip(rng.normal((1.61 if woman else 1.73) + population.stature, 0.06), 1.45, 1.95)),
        )
        thick = population.clothes
        outfit = Outfit(
            shirt=thick * float(rng.uniform(0.006, 0.022)),
            sleeves=thick * float(rng.uniform(0.003, 0.016)),
            trousers=thick * float(rng.uniform(0.004, 0.022)),
            flare=float(rng.uniform(-0.002, 0.014)),
            shoes=float(rng.uniform(0.006, 0.014)),
            hair=float(rng.uniform(0.006, 0.035)),
            long_hair=float(rng.uniform(0.03, 0.07)) if rng.random() < (0.6 if woman else 0.04) else 0.0,
        )
        coat = Coat(
            thickness=float(rng.uniform(0.02, 0.055)),
            length=float(rng.uniform(0.12, 0.62)),
            flare=float(rng.uniform(1.0, 1.3)),
            hood=float(rng.uniform(0.02, 0.05)) if rng.random() < 0.35 else 0.0,
        )
        return cls(shape, Style.sample(rng), outfit, coat, _bag(rng))


def _bag(rng: np.random.Generator) -> Bag:
    side: Literal["left", "right"] = "left" if rng.random() < 0.4 else "right"
    scale = rng.uniform(0.8, 1.2, 3)
    kind = rng.random()
    if kind < 0.4:
        return Bag("backpack", side, (0.17 * scale[0], 0.29 * scale[1], 0.42 * scale[2]))
    if kind < 0.75:
        return Bag("shoulder", side, (0.30 * scale[0], 0.11 * scale[1], 0.26 * scale[2]))
    return Bag("hand", side, (0.32 * scale[0], 0.12 * scale[1], 0.26 * scale[2]))
