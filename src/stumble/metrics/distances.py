"""The two distances between embeddings that gait recognition papers use."""

from __future__ import annotations

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

__all__ = ["Distance", "pairwise_distances"]

Distance = Literal["flattened", "per-part"]
"""Of two embeddings of P parts and D dimensions: "flattened" is the Euclidean distance of the P*D numbers (GaitSet);
"per-part" is the mean over parts of the Euclidean distances in D dimensions (OpenGait, SelfGait)."""

FEW = 32


def pairwise_distances(
    probes: Float[Tensor, "b p d"], gallery: Float[Tensor, "g p d"], distance: Distance
) -> Float[Tensor, "b g"]:
    """The distance of every probe to every gallery embedding; differentiable.

    For many probes without gradients it is ten times faster to expand the square into a matrix product, which
    cancels catastrophically for near embeddings in float32 and is therefore done in float64. Otherwise
    differences are squared and summed directly. The two agree to 1e-6.
    """
    if distance == "flattened":
        probes, gallery = probes.flatten(1)[:, None], gallery.flatten(1)[:, None]
    direct = len(probes) <= FEW or (torch.is_grad_enabled() and (probes.requires_grad or gallery.requires_grad))
    total = probes.new_zeros(len(probes), len(gallery))
    for part in range(gallery.shape[1]):
        ours, theirs = probes[:, part], gallery[:, part]
        if direct:
            total = total + torch.cdist(ours, theirs, compute_mode="donot_use_mm_for_euclid_dist")
        else:
            ours, theirs = ours.double(), theirs.double()
            total += torch.cdist(ours, theirs, compute_mode="use_mm_for_euclid_dist").to(total.dtype)
    return total / gallery.shape[1]
