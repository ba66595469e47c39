"""Coherence: an edited frame has to resemble the frames before and after it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import scipy
import torch
from jaxtyping import Bool, Float, UInt8
from torch import Tensor

from stumble.errors import SpecError
from stumble.interfaces import Constraint
from stumble.metrics.plausibility import coherence
from stumble.sequences import Silhouettes

__all__ = ["Coherence"]

_HALVINGS = 8


@dataclass(frozen=True)
class Coherence(Constraint):
    """Every edited frame overlaps with its neighbours: in black and white, the mean intersection over union with the
    frame before and the frame after, where they exist, is at least so much.

    A sequence of which some frames overlap less by themselves (a spoiled segmentation) has to be as coherent as the
    worst of them, so that clean sequences keep the constraint.

    Attributes:
        least: in (0, 1].
    """

    least: float

    def __post_init__(self) -> None:
        if not 0 < self.least <= 1:
            raise SpecError(f"Coherence: least is {self.least:g}; it must lie in (0, 1]")

    def bound(self, clean: Silhouettes) -> Float[Tensor, " b"]:
        """What is asked of the edited frames of each sequence."""
        own = [coherence(frames).min() for frames in clean.quantised().unpadded()]
        return torch.stack(own).clamp_max(self.least)

    def lacking(self, adversarial: Silhouettes, clean: Silhouettes, edited: Bool[Tensor, "b n"]) -> Float[Tensor, " b"]:
        """By how much edited frames miss the bound, mean over those of a sequence: differentiable in grey frames, whose
        overlap is the sum of the smaller over the sum of the larger levels; the same as `violation` measures where
        frames are black and white.
        """
        frames = adversarial.frames
        row, at = ((edited[:, :-1] | edited[:, 1:]) & adversarial.mask[:, 1:]).nonzero(as_tuple=True)
        one, next_one = frames[row, at], frames[row, at + 1]
        overlap = torch.minimum(one, next_one).sum((1, 2)) / torch.maximum(one, next_one).sum((1, 2)).clamp_min(1)
        total, count = frames.new_zeros(edited.shape), frames.new_zeros(edited.shape)
        for place in (at, at + 1):
            total = total.index_put((row, place), overlap, accumulate=True)
            count = count.index_put((row, place), torch.ones_like(overlap), accumulate=True)
        missed = (self.bound(clean)[:, None] - total / count.clamp_min(1)).clamp_min(0)
        return torch.where(edited & (count > 0), missed, 0).sum(1) / edited.sum(1).clamp_min(1)

    def project(self, adversarial: Silhouettes, clean: Silhouettes, edited: Bool[Tensor, "b n"]) -> Silhouettes:
        """Edited frames that break the constraint, and those beside them, with their outline moved as little as will do
        towards that of the clean frame they replace; inserted ones towards that of the frame before.

        Of two outlines those in between are the zeros of signed distances in between: no ghost of either. What has to
        move becomes black and white; all else stays.
        """
        white = 255 if adversarial.frames.dtype == torch.uint8 else 1
        frames, stored = adversarial.frames.clone(), adversarial.quantised().unpadded()
        bounds = self.bound(clean).tolist()
        for row, (now, before) in enumerate(zip(stored, clean.quantised().unpadded(), strict=True)):
            for start, stop in _runs(edited[row, : len(now)]):
                window = now[max(start - 1, 0) : stop + 1].clone()
                inside = slice(min(start, 1), min(start, 1) + stop - start)
                if float(coherence(window)[inside].min()) < bounds[row]:
                    source = before[start:stop] if len(now) == len(before) else _standing_by(now, start, stop)
                    window[inside] = _moved(window, inside, source, bounds[row])
                    frames[row, start:stop] = (window[inside] > 127).to(frames.dtype) * white
        return Silhouettes(frames, adversarial.lengths, adversarial.ids)

    def violation(
        self, adversarial: Silhouettes, clean: Silhouettes, edited: Bool[Tensor, "b n"]
    ) -> Float[Tensor, " b"]:
        """By how much the worst edited frame of each sequence, as stored, misses what is asked of it."""
        result, bound = torch.zeros(len(clean)), self.bound(clean)
        for row, frames in enumerate(adversarial.quantised().unpadded()):
            found = coherence(frames)[edited[row, : len(frames)]]
            if len(found):
                result[row] = (bound[row] - found.min()).clamp_min(0)
        return result


def _runs(edited: Bool[Tensor, " n"]) -> Iterator[tuple[int, int]]:
    """First and one past the last of each group of edited frames with none between them that is not."""
    steps = np.diff(edited.numpy().astype(int), prepend=0, append=0)
    yield from zip(np.flatnonzero(steps == 1).tolist(), np.flatnonzero(steps == -1).tolist(), strict=True)


def _standing_by(frames: UInt8[Tensor, "n h w"], start: int, stop: int) -> UInt8[Tensor, "r h w"]:
    """The frame before inserted ones, or the one after them where there is none before, for each."""
    return frames[start - 1 if start else stop].expand(stop - start, *frames.shape[1:])


def _moved(
    window: UInt8[Tensor, "w h v"], inside: slice, source: UInt8[Tensor, "r h v"], bound: float
) -> UInt8[Tensor, "r h v"]:
    """The frames inside, moved towards others by the smallest share that makes all of them keep the bound.

    The others must keep it. A share is found by halving, to 1 / 256.
    """
    here, there = _depths(window[inside]), _depths(source)

    def at(share: float) -> UInt8[Tensor, "r h v"]:
        return torch.from_numpy(((1 - share) * here + share * there > 0).astype(np.uint8) * 255)

    low, high = 0.0, 1.0
    tried = window.clone()
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        tried[inside] = at(middle)
        keeps = float(coherence(tried)[inside].min()) >= bound
        low, high = (low, middle) if keeps else (middle, high)
    return at(high)


def _depths(frames: UInt8[Tensor, "r h w"]) -> Float[np.ndarray, "r h w"]:
    """How deep each pixel lies in the silhouette, in pixels; negative outside."""
    return np.stack([_depth(frame) for frame in (frames > 127).numpy()])


def _depth(white: Bool[np.ndarray, "h w"]) -> Float[np.ndarray, "h w"]:
    if white.all() or not white.any():
        return np.full(white.shape, float(sum(white.shape)) * (1 if white.all() else -1))
    inside, outside = (scipy.ndimage.distance_transform_edt(part) for part in (white, ~white))
    return inside - outside
