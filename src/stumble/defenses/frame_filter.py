"""A filter before a gait recogniser: frames that look made up, or do not go with their neighbours, are left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, UInt8
from torch import Tensor

from stumble.defenses.adaptive import Alarmed
from stumble.errors import DataError, SpecError, TargetError
from stumble.interfaces import Features, FrameSeparable, Output, SilhouetteInput, SilhouettePrior
from stumble.sequences import Silhouettes

__all__ = ["FrameFilter", "coherence"]

_REACH = 2


def coherence(frames: Float[Tensor, "n h w"]) -> Float[Tensor, " n"]:
    """How well each frame of a sequence goes with those around it, in [0, 1]; differentiable.

    The median overlap with the frames up to two before and behind it, the lower one of an even number: a single frame
    between others does not make these look out of place. The overlap of two frames is the sum of the pixelwise minimum
    over that of the maximum, which for black and white is intersection over union. 1 for a frame without neighbours.
    """
    overlaps = frames.new_full((2 * _REACH, len(frames)), torch.nan)
    for distance in range(1, min(_REACH, len(frames) - 1) + 1):
        one, other = frames[:-distance].flatten(1), frames[distance:].flatten(1)
        overlap = torch.minimum(one, other).sum(1) / torch.maximum(one, other).sum(1).clamp_min(1)
        row = 2 * (distance - 1)
        places = torch.arange(len(overlap))
        overlaps = overlaps.index_put((torch.tensor(row), places), overlap)
        overlaps = overlaps.index_put((torch.tensor(row + 1), places + distance), overlap)
    if len(frames) == 1:
        return torch.ones_like(frames[:, 0, 0])
    return overlaps.nanmedian(0).values


@dataclass(frozen=True)
class FrameFilter:
    """A recogniser that does not see implausible frames. It is separable by frames where the recogniser is, exactly.

    A frame passes with a `plausibility_logit` of the critic of at least `realness` and a `coherence` of at least
    `smallest`. Where fewer frames pass than the recogniser takes, it sees them all.

    Attributes:
        target: the recogniser.
        critic: what scores frames.
        realness, smallest: see `fitted`.
    """

    target: FrameSeparable
    critic: SilhouettePrior
    realness: float
    smallest: float

    @classmethod
    def fitted(
        cls,
        target: FrameSeparable,
        critic: SilhouettePrior,
        sequences: Sequence[UInt8[np.ndarray, "_ h w"]],
        rate: float = 0.01,
    ) -> FrameFilter:
        """Thresholds that refuse this share of the frames of clean sequences, or less: half of it by each measure.

        Args:
            sequences: of people whom no reported figure uses.

        Raises:
            SpecError: a rate outside (0, 1).
            DataError: too few frames to take such a quantile of.
        """
        if not 0 < rate < 1:
            raise SpecError(f"FrameFilter: rate is {rate:g}; it must lie between 0 and 1")
        if (total := sum(map(len, sequences))) < 20 / rate:
            raise DataError("frame filter", f"{total} clean frames", f"at least {20 / rate:.0f} for a rate of {rate:g}")
        unset = cls(target, critic, -torch.inf, -torch.inf)
        with torch.no_grad():
            measured = [unset.measures(torch.from_numpy(own).float() / 255) for own in sequences]
        thresholds = [float(np.quantile(torch.cat(values).numpy(), rate / 2)) for values in zip(*measured, strict=True)]
        return cls(target, critic, *thresholds)

    @property
    def takes(self) -> SilhouetteInput:
        return self.target.takes

    def measures(self, frames: Float[Tensor, "n h w"]) -> tuple[Float[Tensor, " n"], Float[Tensor, " n"]]:
        """Logit of being real, and coherence, of the frames of one sequence."""
        logits = torch.cat([self.critic.plausibility_logit(part) for part in frames.split(256)])
        return logits, coherence(frames)

    def passing(self, frames: Float[Tensor, "n h w"]) -> Bool[Tensor, " n"]:
        """Which frames of one sequence pass."""
        logits, near = self.measures(frames)
        return (logits >= self.realness) & (near >= self.smallest)

    def __call__(self, batch: Silhouettes) -> Output:
        """The answer to the frames that pass. Raises TargetError for sequences that the recogniser does not take."""
        self.takes.check(batch)
        return self.aggregate(self.encode(batch.floating().packed()), batch.lengths)

    def encode(self, frames: Float[Tensor, "f h w"]) -> Features:
        """What the recogniser says about the frames, the critic's logits, and the frames."""
        return *self.target.encode(frames), self.critic.plausibility_logit(frames), frames

    def aggregate(self, features: Features, lengths: Int[Tensor, " b"]) -> Output:
        *own, logits, frames = features
        sizes = lengths.tolist()
        passing = []
        for realness, sequence in zip(logits.detach().split(sizes), frames.detach().split(sizes), strict=True):
            chosen = (realness >= self.realness) & (coherence(sequence) >= self.smallest)
            enough = int(chosen.sum()) >= max(1, self.takes.minimum_frames)
            passing.append(chosen if enough else torch.ones_like(chosen))
        kept = torch.cat(passing)
        counts = torch.stack([chosen.sum() for chosen in passing])
        return self.target.aggregate(tuple(x[kept] for x in own), counts)

    def surrogate(self, seed: int) -> FrameSeparable:
        """The same answers with the slope of the recogniser without the filter, and how far frames are from passing."""
        return _Alarming(self.target, self.critic, self.realness, self.smallest)


@dataclass(frozen=True)
class _Alarming(FrameFilter):
    """With what it takes to get past: the embedding of all frames (`Alarmed.past`), and by how much they miss the
    thresholds, in logits and in shares of the room above the smallest coherence, summed over the sequence."""

    def aggregate(self, features: Features, lengths: Int[Tensor, " b"]) -> Output:
        *own, logits, frames = features
        near = torch.cat([coherence(sequence) for sequence in frames.split(lengths.tolist())])
        missing = (self.realness - logits).clamp_min(0)
        missing = missing + (self.smallest - near).clamp_min(0) / max(1 - self.smallest, 1e-6)
        row = torch.repeat_interleave(lengths)
        alarm = missing.new_zeros(len(lengths)).index_add(0, row, missing)
        past = self.target.aggregate(tuple(own), lengths).embedding
        with torch.no_grad():
            filtered = super().aggregate(features, lengths).embedding
        if past is None or filtered is None:
            raise TargetError(f"{type(self.target).__name__} answers with no embedding; a gait target must")
        return Alarmed(filtered + (past - past.detach()), None, alarm, past)
