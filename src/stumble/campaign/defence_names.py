"""What people call defences at the command line."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from stumble.errors import SpecError

__all__ = ["ACTION_DEFENCES", "GAIT_DEFENCES", "DefenceName", "defence_names"]

GAIT_DEFENCES = {"none": None, "partition": 5.0, "content": 5.0, "ablation": 8.0, "trimmed": 1.0, "filter": 1.0}
"""By name, the number that goes with each where none is given: groups, groups by content, frames of a subset, values
averaged behind the largest, percent of clean frames refused."""

ACTION_DEFENCES = {"none": None, "partition": 3.0, "smoothing": 0.01}
"""Groups; standard deviation in the units of the joints."""


@dataclass(frozen=True)
class DefenceName:
    """A defence by name.

    Attributes:
        text: what was typed.
        kind: which defence.
        number: its setting, or 0 for one that has none.
        weights: of the recogniser behind it, by name or file; None for those of the command.
    """

    text: str
    kind: str
    number: float
    weights: str | None

    @property
    def whole(self) -> int:
        """The setting as a whole number above 0. Raises SpecError where it is none."""
        if self.number < 1 or self.number != int(self.number):
            raise SpecError(f"defence {self.text!r}: found {self.number:g}; expected a whole number, at least 1")
        return int(self.number)


def defence_names(text: str, known: Mapping[str, float | None]) -> tuple[DefenceName, ...]:
    """Those of a list such as "none,partition:5,none@hardened.safetensors": kind, number, weights.

    Raises:
        SpecError: a kind that is not known, or a setting that is no number.
    """
    found = []
    for part in text.split(","):
        settings, at, weights = part.strip().partition("@")
        kind, colon, number = settings.partition(":")
        default = known.get(kind, None)
        if kind not in known or (colon and default is None) or (at and not weights):
            raise SpecError(f"defence {part.strip()!r}: expected one of {', '.join(known)}, as NAME:NUMBER@WEIGHTS")
        try:
            value = float(number) if colon else default or 0.0
        except ValueError as error:
            raise SpecError(f"defence {part.strip()!r}: found {number!r}; expected a number") from error
        if not math.isfinite(value):
            raise SpecError(f"defence {part.strip()!r}: found {number!r}; expected a finite number")
        found.append(DefenceName(part.strip(), kind, value, weights or None))
    return tuple(found)
