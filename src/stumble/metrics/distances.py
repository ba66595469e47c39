"""The two distances between embeddings that gait recognition papers use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float, Float64
from torch import Tensor

__all__ = ["Distance", "Expanded", "pairwise_distances"]

Distance = Literal["flattened", "per-part"]
"""Of two embeddings of P parts and D dimensions: "flattened" is the Euclidean distance of the P*D numbers (GaitSet);
"per-part" is the mean over parts of the Euclidean distances in D dimensions (OpenGait, SelfGait)."""

FEW = 32


def pairwise_distances(
    probes: Float[Tensor, "b p d"], gallery: Float[Tensor, "g p d"], distance: Distance
) -> Float[Tensor, "b g"]:
    """The distance of every probe to every gallery embedding; differentiable.

    Many probes without gradients are compared by `Expanded`. Otherwise differences are squared and summed directly.
    The two agree to 1e-6.
    """
    if len(probes) > FEW and not (torch.is_grad_enabled() and (probes.requires_grad or gallery.requires_grad)):
        return Expanded.of(gallery, distance).distances(probes)
    total = probes.new_zeros(len(probes), len(gallery))
    for ours, theirs in zip(_parts(probes, distance), _parts(gallery, distance), strict=True):
        total = total + torch.cdist(ours, theirs, compute_mode="donot_use_mm_for_euclid_dist")
    return total / _parts(gallery, distance).shape[0]


@dataclass(frozen=True)
class Expanded:
    """A gallery that is compared again and again, without gradients: squares are expanded into matrix products, which
    is four to ten times faster. That cancels catastrophically for near embeddings in float32, and is done in float64.

    Attributes:
        parts: what is compared, part by part; one part of all numbers where these are flattened.
        squares: the squared length of each.
        distance: "flattened" or "per-part".
    """

    parts: Float64[Tensor, "p g d"]
    squares: Float64[Tensor, "p g"]
    distance: Distance

    @classmethod
    def of(cls, gallery: Float[Tensor, "g p d"], distance: Distance) -> Expanded:
        """The gallery laid out so: twice the memory of its float32."""
        parts = _parts(gallery, distance).double().contiguous()
        return cls(parts, parts.square().sum(2), distance)

    def distances(self, probes: Float[Tensor, "b p d"]) -> Float[Tensor, "b g"]:
        """The distance of every probe to every gallery embedding."""
        total = self.parts.new_zeros(len(probes), self.parts.shape[1])
        for ours, theirs, square in zip(_parts(probes.double(), self.distance), self.parts, self.squares, strict=True):
            squared = torch.addmm(square + ours.square().sum(1, keepdim=True), ours, theirs.T, alpha=-2)
            total += squared.clamp_min(0).sqrt()
        return (total / len(self.parts)).to(probes.dtype)


def _parts(embeddings: Float[Tensor, "n p d"], distance: Distance) -> Float[Tensor, "q n e"]:
    return embeddings.flatten(1)[None] if distance == "flattened" else embeddings.transpose(0, 1)
