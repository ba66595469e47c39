"""The batch-all triplet loss of GaitSet, one metric per part."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

__all__ = ["batch_all_triplet"]


def batch_all_triplet(
    embedding: Float[Tensor, "b p d"], label: Int[Tensor, " b"], margin: float
) -> tuple[Float[Tensor, ""], Float[Tensor, ""]]:
    """Hinge of margin + d(anchor, positive) - d(anchor, negative) over all triplets of a batch (Hermans et al., 2017).

    The terms of a part are averaged over those that are not zero, then the parts are averaged. Distances are
    Euclidean; an anchor is not its own positive.

    Args:
        label: the identity of each sequence.

    Returns:
        The loss, and the share of triplets whose term is not zero.
    """
    x = embedding.float().transpose(0, 1)
    same = label[:, None] == label
    positive = same & ~torch.eye(len(label), dtype=torch.bool, device=label.device)
    anchor, other = positive.nonzero(as_tuple=True)
    squares = x.square().sum(2)
    squared = torch.baddbmm(squares[:, :, None] + squares[:, None, :], x, x.transpose(1, 2), alpha=-2)
    distance = squared.clamp_min(1e-12).sqrt()
    hinge = (margin + distance[:, anchor, other, None] - distance[:, anchor]).clamp_min(0)
    hinge = hinge * ~same[anchor]
    nonzero = (hinge > 0).sum((1, 2))
    triplets = max(int((~same[anchor]).sum()), 1)
    return (hinge.sum((1, 2)) / nonzero.clamp_min(1)).mean(), nonzero.float().mean() / triplets
