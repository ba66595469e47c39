"""Descent directions from gradients. A rule has no state of its own; the caller carries the momentum."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

__all__ = ["accumulate", "l1_per_sample"]


def l1_per_sample(
    gradient: Float[Tensor, "f *rest"], owner: Int[Tensor, " f"], samples: int
) -> Float[Tensor, "f *rest"]:
    """The gradient of each sample divided by its L1 norm over all the sample's frames; zero stays zero."""
    norm = gradient.new_zeros(samples).index_add(0, owner, gradient.abs().flatten(1).sum(1))
    scale = torch.where(norm > 0, 1 / norm.clamp_min(torch.finfo(gradient.dtype).tiny), 0.0)[owner]
    return gradient * scale.reshape(-1, *(1,) * (gradient.ndim - 1))


def accumulate(
    momentum: Float[Tensor, "f *rest"],
    gradient: Float[Tensor, "f *rest"],
    decay: float,
    owner: Int[Tensor, " f"],
    samples: int,
) -> Float[Tensor, "f *rest"]:
    """MI-FGSM's momentum (Eq. 6): g <- decay g + gradient / ||gradient||_1, the norm taken per sample."""
    return decay * momentum + l1_per_sample(gradient, owner, samples)
