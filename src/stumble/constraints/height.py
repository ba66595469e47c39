"""How tall a skeleton is, so that a distance can be told as a share of the body."""

from __future__ import annotations

from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor

from stumble.sequences import Skeletons

__all__ = ["height"]

_DOWN = ("head", "nose", "neck", "spine shoulder", "spine middle", "spine base")
_LEG = ("hip", "knee", "ankle", "foot")


def height(clean: Skeletons) -> Float[Tensor, " b"]:
    """The length of the body along the joints that its layout has: head or nose, neck, spine, hip, knee, ankle, foot.

    Of each segment the median over the frames and people in which both its ends were detected, so that crouching does
    not count; of the two legs the longer. A segment that is never seen counts nothing.

    Returns:
        (B,) in the units of the joints.
    """
    names = clean.layout.joints
    sides = []
    for side in ("left", "right"):
        chain = [names.index(name) for name in (*_DOWN, *(f"{side} {part}" for part in _LEG)) if name in names]
        upper, lower = map(list, zip(*pairwise(chain), strict=True))
        lengths = (clean.joints[..., upper, :] - clean.joints[..., lower, :]).square().sum(4).sqrt()
        seen = clean.visible[..., upper] & clean.visible[..., lower]
        medians = torch.where(seen, lengths, torch.nan).flatten(1, 2).nanmedian(1).values
        sides.append(medians.nan_to_num(0).sum(1))
    return torch.maximum(*sides)
