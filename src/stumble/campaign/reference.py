"""Fixing what counts as a plausible frame, on real frames and before any attack runs."""

from __future__ import annotations

import torch

from stumble.data.frame_pool import draw_frames
from stumble.data.gait import GaitData
from stumble.errors import DataError
from stumble.metrics.plausibility import Plausibility

__all__ = ["fit_plausibility", "split_reference"]


def split_reference(data: GaitData, train: tuple[str, ...]) -> tuple[GaitData, GaitData]:
    """Training people in two: two thirds for the pool, one third for the thresholds. Raises DataError."""
    people = [s for s in data.subjects if s in train]
    if len(people) < 3:
        found = f"{len(people)} training people in {data.name}"
        raise DataError(data.name, found, "at least 3, to fix what plausible frames look like")
    cut = -(-2 * len(people) // 3)
    return data.select(subjects=people[:cut]), data.select(subjects=people[cut:])


def fit_plausibility(pool: GaitData, limits: GaitData, frames: int = 4000, seed: int = 0) -> Plausibility:
    """Thresholds at the 1st percentile of the frames of `limits`, overlaps measured against frames of `pool`.

    Args:
        frames: about how many frames the pool shall have; a tenth as many sequences of `limits` are measured.
    """
    drawn = draw_frames(pool, max(1, round(frames / max(len(pool), 1))), seed)
    keys = limits.keys[:: max(1, len(limits) // (frames // 10))]
    sequences = [torch.from_numpy(limits.load(key)) for key in keys]
    return Plausibility.fit(drawn.frames, drawn.subjects, sequences, [key.subject for key in keys])
