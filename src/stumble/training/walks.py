"""What gait recognisers are trained on: all sequences of some people in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from jaxtyping import UInt8

from stumble.data.gait import GaitData, SequenceKey
from stumble.errors import DataError

__all__ = ["Frames", "Walks", "by_subject"]

Frames = UInt8[np.ndarray, "n 64 44"]

Walks = Mapping[str, Mapping[SequenceKey, Frames]]
"""Of each subject, by key."""


def by_subject(
    data: GaitData,
    on_loaded: Callable[[int], None] | None = None,
    on_damage: Callable[[SequenceKey, DataError], None] | None = None,
) -> dict[str, dict[SequenceKey, Frames]]:
    """All sequences of a data set in memory, grouped by subject (CASIA-B's 74 training subjects take 2 GB).

    Args:
        on_loaded: is told how many sequences have been read.
        on_damage: is told of each sequence that cannot be read, which is then left out; None raises its error.
    """
    groups: dict[str, dict[SequenceKey, Frames]] = {}
    for number, (key, frames) in enumerate(data.sequences(on_damage), 1):
        groups.setdefault(key.subject, {})[key] = frames
        if on_loaded is not None:
            on_loaded(number)
    return groups
