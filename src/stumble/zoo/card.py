"""What is known about a weight file, beside it as JSON."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path

from stumble.errors import WeightsError

__all__ = ["Card"]


@dataclass(frozen=True)
class Card:
    """Where weights come from and how good they are. `zoo.save` fills in the last four fields.

    Attributes:
        data: what they were trained on, and which people.
        command: the command that trained them.
        seed: of the training.
        metrics: what was measured, on people who were not trained on: rank-1 in percent, sample quality, ….
        licence: of the weights, an SPDX identifier.
        architecture: one of `zoo.Architecture`.
        parameters: how many numbers are learnt.
        digest: hexadecimal SHA-256 of the weight file.
        settings: what rebuilds the network beside its numbers: of an action recogniser the names of layout and classes,
            and the recipe as plain data. Empty where the numbers are enough.
    """

    data: str
    command: str
    seed: int
    metrics: dict[str, float]
    licence: str = "Apache-2.0"
    architecture: str = ""
    parameters: int = 0
    digest: str = ""
    settings: dict[str, object] = field(default_factory=dict)

    def text(self) -> str:
        return json.dumps(dataclasses.asdict(self), indent=2) + "\n"

    @classmethod
    def read(cls, path: Path) -> Card:
        """Raises WeightsError where there is no card, or one that lacks a field (settings may) or has one too many."""
        names = {each.name for each in dataclasses.fields(cls)}
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise WeightsError(f"{path}: found no readable card ({type(error).__name__}); expected JSON") from error
        if not isinstance(content, dict) or content.keys() | {"settings"} != names:
            found = ", ".join(sorted(content)) if isinstance(content, dict) else type(content).__name__
            raise WeightsError(f"{path}: found a card with {found}; expected {', '.join(sorted(names))}")
        return cls(**content)
