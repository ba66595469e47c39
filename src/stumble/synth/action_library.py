"""The 24 classes of synthetic actions."""

from __future__ import annotations

from collections.abc import Mapping

from stumble.synth.action_tables import Action
from stumble.synth.gestures import GESTURES
from stumble.synth.whole_body import WHOLE_BODY

__all__ = ["ACTIONS"]

_CLASSES = (
    *("walk", "run", "jump", "hop", "wave one hand", "wave both hands", "clap", "punch", "kick", "squat"),
    *("sit down", "stand up", "bow", "drink", "throw", "point", "salute", "cheer up", "stomp", "lie down"),
    *("pick up", "check watch", "scratch head", "rub hands"),
)

ACTIONS: Mapping[str, tuple[Action, ...]] = {name: {**GESTURES, **WHOLE_BODY}[name] for name in _CLASSES}
"""In the order of their labels, each with the ways in which people perform it."""
