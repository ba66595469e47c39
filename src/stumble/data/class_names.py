"""The names of classes that files only number."""

from __future__ import annotations

from collections.abc import Iterable

from stumble.data.actions import Clip
from stumble.data.ntu_actions import ntu_actions

__all__ = ["LARGEST_LABEL", "class_names", "numbered"]

LARGEST_LABEL = 10_000
"""A file that says more is damaged: a name is made for every class up to the largest."""


def class_names(clips: Iterable[Clip]) -> tuple[str, ...]:
    """NTU's where every clip is named as NTU's are, else `numbered` up to the largest label."""
    clips = tuple(clips)
    largest = max(clip.label for clip in clips)
    return ntu_actions(largest) if all(clip.subject for clip in clips) else numbered(largest + 1)


def numbered(count: int) -> tuple[str, ...]:
    """ "class 1", "class 2" and so on."""
    return tuple(f"class {number}" for number in range(1, count + 1))
