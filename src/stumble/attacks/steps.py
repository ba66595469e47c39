"""Descent directions from gradients. A rule has no hidden state: the caller carries it along."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

__all__ = ["Adam", "accumulate", "l1_per_sample"]


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


@dataclass(frozen=True)
class Adam:
    """Adam's running moments of a gradient, elementwise, so that samples of a batch do not meet in it.

    Attributes:
        first, second: exponential means of the gradient and of its square, decays 0.9 and 0.999.
        steps: gradients seen.
    """

    first: Float[Tensor, "b *rest"]
    second: Float[Tensor, "b *rest"]
    steps: int = 0

    @classmethod
    def start(cls, like: Float[Tensor, "b *rest"]) -> Adam:
        return cls(torch.zeros_like(like), torch.zeros_like(like))

    def update(self, gradient: Float[Tensor, "b *rest"]) -> Adam:
        """The moments after one more gradient."""
        first = self.first.lerp(gradient, 0.1)
        return Adam(first, self.second.lerp(gradient.square(), 0.001), self.steps + 1)

    @property
    def direction(self) -> Float[Tensor, "b *rest"]:
        """The bias-corrected step of unit learning rate, to be subtracted; 0 where there never was a gradient."""
        first, second = self.first / (1 - 0.9**self.steps), self.second / (1 - 0.999**self.steps)
        return first / (second.sqrt() + 1e-8)

    def select(self, index: Tensor) -> Adam:
        """The moments of the samples at the given positions."""
        return Adam(self.first[index], self.second[index], self.steps)
