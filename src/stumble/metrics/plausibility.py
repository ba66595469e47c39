"""Whether a silhouette looks like one: measures that no attack here optimises, against real frames' own spread.

Three measures per frame: overlap with the nearest real silhouette of other people, share of the largest connected
component, and coherence with the neighbouring frames. A frame is plausible where the first two lie no lower than
the 1st percentile of real frames; coherent where the third does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from jaxtyping import Bool, Float, UInt8
from torch import Tensor

from stumble.errors import DataError

__all__ = ["FrameMeasures", "Plausibility", "coherence", "largest_component", "nearest_overlap"]

_PERCENTILE = 1.0


def _binary(frames: UInt8[Tensor, "f h w"]) -> Float[Tensor, "f p"]:
    return (frames > 127).flatten(1).float()


def nearest_overlap(
    frames: UInt8[Tensor, "f h w"], subjects: Sequence[str], pool: UInt8[Tensor, "p h w"], pool_subjects: Sequence[str]
) -> Float[Tensor, " f"]:
    """Intersection over union with the most similar pool frame of a subject other than the frame's own, in [0, 1]."""
    ours, theirs = _binary(frames), _binary(pool)
    common = ours @ theirs.T
    union = ours.sum(1, keepdim=True) + theirs.sum(1) - common
    names = {name: index for index, name in enumerate(sorted({*subjects, *pool_subjects}))}
    own = torch.tensor([names[s] for s in subjects])[:, None] == torch.tensor([names[s] for s in pool_subjects])
    return (common / union.clamp_min(1)).masked_fill(own, 0).amax(1)


def largest_component(frames: UInt8[Tensor, "f h w"]) -> Float[Tensor, " f"]:
    """Share of the white pixels in the largest 8-connected component, in [0, 1]; 0 for a black frame."""
    shares = []
    for frame in (frames > 127).to(torch.uint8).numpy():
        _, _, stats, _ = cv2.connectedComponentsWithStats(frame, connectivity=8)
        areas = stats[1:, cv2.CC_STAT_AREA]
        shares.append(areas.max() / areas.sum() if len(areas) else 0.0)
    return torch.tensor(shares, dtype=torch.float32)


def coherence(sequence: UInt8[Tensor, "n h w"]) -> Float[Tensor, " n"]:
    """Mean intersection over union of each frame with the frame before and the frame after, where they exist."""
    white = _binary(sequence)
    if len(white) == 1:
        return torch.ones(1)
    common = (white[1:] * white[:-1]).sum(1)
    overlap = common / (white[1:].sum(1) + white[:-1].sum(1) - common).clamp_min(1)
    padded = torch.full((len(white) + 1,), torch.nan)
    padded[1:-1] = overlap
    return torch.stack([padded[:-1], padded[1:]]).nanmean(0)


@dataclass(frozen=True)
class FrameMeasures:
    """The three measures of some frames, each (F,) in [0, 1]."""

    overlap: Float[Tensor, " f"]
    component: Float[Tensor, " f"]
    coherence: Float[Tensor, " f"]


@dataclass(frozen=True)
class Plausibility:
    """What real frames look like, and from where on a frame passes for one.

    Attributes:
        pool: (P, H, W) real frames that overlaps are measured against.
        pool_subjects: whom they show.
        overlap, component, coherence: the thresholds, the 1st percentile of real frames of people outside the pool.
    """

    pool: UInt8[Tensor, "p h w"]
    pool_subjects: tuple[str, ...]
    overlap: float
    component: float
    coherence: float

    @classmethod
    def fit(
        cls,
        pool: UInt8[Tensor, "p h w"],
        pool_subjects: Sequence[str],
        sequences: Sequence[UInt8[Tensor, "_ h w"]],
        subjects: Sequence[str],
    ) -> Plausibility:
        """Thresholds from real sequences, whose people should not be in the pool.

        Raises:
            DataError: fewer than 200 real frames, too few for a 1st percentile, or an empty pool.
        """
        total = sum(len(s) for s in sequences)
        if total < 200:
            raise DataError("plausibility", f"{total} real frames", "at least 200 to take a 1st percentile of")
        if len(pool) == 0:
            raise DataError("plausibility", "an empty pool", "real frames to compare with")
        unset = cls(pool, tuple(pool_subjects), 0.0, 0.0, 0.0)
        measured = [
            unset.measure(s, name, torch.ones(len(s), dtype=torch.bool))
            for s, name in zip(sequences, subjects, strict=True)
        ]
        limits = [
            float(np.percentile(torch.cat([getattr(m, field) for m in measured]).numpy(), _PERCENTILE))
            for field in ("overlap", "component", "coherence")
        ]
        return cls(pool, tuple(pool_subjects), *limits)

    def measure(self, sequence: UInt8[Tensor, "n h w"], subject: str, which: Bool[Tensor, " n"]) -> FrameMeasures:
        """The measures of the chosen frames of one sequence of one subject."""
        frames = sequence[which]
        return FrameMeasures(
            overlap=nearest_overlap(frames, [subject] * len(frames), self.pool, self.pool_subjects),
            component=largest_component(frames),
            coherence=coherence(sequence)[which],
        )

    def plausible(self, measures: FrameMeasures) -> Bool[Tensor, " f"]:
        """Each frame by itself looks like a silhouette of a person."""
        return (measures.overlap >= self.overlap) & (measures.component >= self.component)

    def coherent(self, measures: FrameMeasures) -> Bool[Tensor, " f"]:
        """Each frame fits its neighbours as real frames do."""
        return measures.coherence >= self.coherence
