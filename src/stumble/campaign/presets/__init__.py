"""Tables and figures of papers as plans. A family is a file: its presets join `PRESETS` here."""

from __future__ import annotations

from difflib import get_close_matches

from stumble.campaign.presets.ciasa import CIASA_PRESETS
from stumble.campaign.presets.gait import GAIT_PRESETS
from stumble.errors import SpecError

__all__ = ["PRESETS", "check_name"]

PRESETS = (*GAIT_PRESETS, *CIASA_PRESETS)
"""All names."""


def check_name(name: str) -> None:
    """Raises SpecError where there is no such preset; the nearest is named."""
    if name not in PRESETS:
        close = get_close_matches(name, PRESETS, 1, cutoff=0)
        raise SpecError(f"preset {name!r}: expected one of {', '.join(PRESETS)}; did you mean {close[0]!r}?")
