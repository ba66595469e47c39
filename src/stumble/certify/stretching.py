"""Groups of frames at the pace of the whole: one frame in G, each made to last G times as long."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Int, Shaped
from torch import Tensor

from stumble.errors import SpecError
from stumble.interfaces import Output, SkeletonInput, SkeletonTarget
from stumble.sequences import Skeletons

__all__ = ["Stretched"]


@dataclass(frozen=True)
class Stretched:
    """An action recogniser that sees every clip slowed down, with joints interpolated linearly between frames.

    A clip of which one frame in G is left shows movements G times as fast, of which few recognisers have seen any;
    stretched by G they have their pace back. It is done to one group at a time, by a constant, and so spoils no proof.

    Attributes:
        target: the recogniser.
        factor: frames for each frame.

    Raises:
        SpecError: a factor below 1.
    """

    target: SkeletonTarget
    factor: int

    def __post_init__(self) -> None:
        if self.factor < 1:
            raise SpecError(f"Stretched: factor is {self.factor}; it must be at least 1")

    @property
    def takes(self) -> SkeletonInput:
        return self.target.takes

    def __call__(self, batch: Skeletons) -> Output:
        """The target's answer to the stretched clips."""
        self.takes.check(batch)
        return self.target(self.stretched(batch))

    def stretched(self, batch: Skeletons) -> Skeletons:
        """Who is there, who is seen and with what confidence is as in the nearest frame.

        A joint is between its places in the frames before and after where it is visible in both.
        """
        frames = batch.joints.shape[2] * self.factor
        time = torch.arange(frames, device=batch.joints.device)
        nearest = time // self.factor
        last = (batch.lengths - 1)[:, None]
        exact = ((time + 0.5) / self.factor - 0.5).clamp_min(0).minimum(last)
        before = exact.long()
        after = (before + 1).minimum(last)
        weight = (exact - before)[:, None, :, None, None].to(batch.joints.dtype)

        seen, present = batch.visible, batch.present[:, :, nearest]
        between = _at(seen, before) & _at(seen, after) & present[..., None]
        moved = _at(batch.joints, before) * (1 - weight) + _at(batch.joints, after) * weight
        joints = torch.where(between[..., None], moved, batch.joints[:, :, nearest])
        confidence = None if batch.confidence is None else batch.confidence[:, :, nearest]
        return Skeletons(joints, present, batch.lengths * self.factor, batch.ids, batch.layout, confidence)


def _at(x: Shaped[Tensor, "b m t *rest"], frame: Int[Tensor, "b u"]) -> Shaped[Tensor, "b m u *rest"]:
    """Each sequence at frames of its own."""
    rows = torch.arange(len(x), device=x.device)[:, None]
    return x.transpose(1, 2)[rows, frame].transpose(1, 2)
