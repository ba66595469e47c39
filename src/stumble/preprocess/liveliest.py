"""Who is taken where more bodies were tracked than a network takes: those that move most."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from stumble.preprocess.axes import fitted, people_at
from stumble.sequences import Skeletons

__all__ = ["liveliest"]

CANDIDATES = 4


def liveliest(batch: Skeletons, people: int) -> tuple[Float[Tensor, "b m t v c"], Bool[Tensor, "b m t"]]:
    """Of the first four bodies those whose coordinates spread most over the frames in which they are there.

    What is compared is the sum of the standard deviations of the coordinates over frames and joints, the largest
    first.

    Returns:
        The joints of so many people, zero where there are fewer, and when they are there.
    """
    joints, present = batch.joints[:, :CANDIDATES], batch.present[:, :CANDIDATES]
    order = _spread(joints, present).argsort(dim=1, descending=True, stable=True)[:, :people]
    return fitted(people_at(joints, order), 1, people), fitted(people_at(present, order), 1, people)


@torch.no_grad()
def _spread(joints: Float[Tensor, "b m t v c"], present: Bool[Tensor, "b m t"]) -> Float[Tensor, "b m"]:
    there = present[..., None, None]
    count = (there.sum((2, 3), keepdim=True) * joints.shape[3]).clamp(min=1)
    mean = (joints * there).sum((2, 3), keepdim=True) / count
    variance = ((joints - mean).square() * there).sum((2, 3), keepdim=True) / count
    return variance.sqrt().sum((2, 3, 4))
