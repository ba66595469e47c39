"""Set pooling that a few frames cannot lift: the largest values over a sequence's frames are left out."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional

from stumble.errors import SpecError, TargetError
from stumble.interfaces import Features, Output, SetPooled, SilhouetteInput
from stumble.sequences import Silhouettes

__all__ = ["RankedPooling"]


@dataclass(frozen=True)
class RankedPooling:
    """A recogniser that pools a set of frames by maximum, with order statistics in the maximum's place.

    Of the values that the frames have at one place of a map, the `trim` largest are left out and the `take` that follow
    are averaged: (1, 1) is the second-largest, (1, 3) a trimmed maximum, (0, 1) the recogniser as it is. A set's
    pooled features are its `trim + take` largest values, so that it stays a `SetPooled` target, exactly. Of a sequence
    with fewer frames those that it has are averaged, and of one with `trim` or fewer the smallest counts.

    Attributes:
        target: the recogniser, such as GaitSet; `encode` and `head` are its own.

    Raises:
        SpecError: a trim below 0 or a take below 1.
        TargetError: the recogniser does not pool by maximum.
    """

    target: SetPooled
    trim: int = 1
    take: int = 1

    def __post_init__(self) -> None:
        if self.trim < 0 or self.take < 1:
            raise SpecError(f"RankedPooling: found trim {self.trim}, take {self.take}; expected at least 0 and 1")
        with torch.no_grad():
            size = (2, self.takes.height, self.takes.width)
            features = self.target.encode(torch.rand(size, generator=torch.Generator().manual_seed(0)))
            one, other = (tuple(x[k : k + 1] for x in features) for k in (0, 1))
            merged = self.target.merge(one, other)
        expected = [torch.maximum(a, b) for a, b in zip(one, other, strict=True)]
        if not all(torch.equal(a, b) for a, b in zip(merged, expected, strict=True)):
            name = type(self.target).__name__
            raise TargetError(f"RankedPooling: {name} does not pool frames by maximum; expected a target that does")

    @property
    def takes(self) -> SilhouetteInput:
        return self.target.takes

    def __call__(self, batch: Silhouettes) -> Output:
        """The embedding. Raises TargetError for sequences that the recogniser does not take."""
        self.takes.check(batch)
        return self.aggregate(self.encode(batch.floating().packed()), batch.lengths)

    def encode(self, frames: Float[Tensor, "f h w"]) -> Features:
        return self.target.encode(frames)

    def aggregate(self, features: Features, lengths: Int[Tensor, " b"]) -> Output:
        return self.head(self.pool(features, lengths))

    def pool(self, features: Features, lengths: Int[Tensor, " b"]) -> Features:
        """For each map (F, ...) the largest values of each sequence (B, trim + take, ...), descending; -inf where there
        are fewer frames."""
        sizes = lengths.tolist()
        return tuple(torch.stack([self._largest(part, 0) for part in x.split(sizes)]) for x in features)

    def merge(self, first: Features, second: Features) -> Features:
        """The largest of both. Where they tie, those of `first` go before."""
        return tuple(self._largest(torch.cat(pair, 1), 1) for pair in zip(first, second, strict=True))

    def head(self, pooled: Features) -> Output:
        return self.target.head(tuple(self._value(ranks) for ranks in pooled))

    def surrogate(self, seed: int) -> RankedPooling:
        """The same answers; the gradient reaches the values that are left out, too."""
        return _StraightThrough(self.target, self.trim, self.take)

    def _value(self, ranks: Float[Tensor, "b r *rest"]) -> Float[Tensor, "b *rest"]:
        return _weighted(ranks, self._weights(ranks))

    def _weights(self, ranks: Float[Tensor, "b r *rest"]) -> Float[Tensor, "b r"]:
        """Of each rank, for each sequence."""
        rank = torch.arange(ranks.shape[1], device=ranks.device)
        count = ranks.detach().isfinite().flatten(2).any(2).sum(1, keepdim=True)
        chosen = (rank >= (count - 1).clamp_max(self.trim)) & (rank < count)
        return chosen / chosen.sum(1, keepdim=True)

    def _largest(self, values: Tensor, dim: int) -> Tensor:
        """The largest along a dimension, descending; of equals the first, with its gradient."""
        wanted = self.trim + self.take
        found: list[Tensor] = []
        for rank in range(min(wanted, values.shape[dim])):
            value, where = values.max(dim, keepdim=True)
            found.append(value)
            if rank + 1 < wanted:
                values = values.scatter(dim, where, -torch.inf)
        largest = torch.cat(found, dim)
        missing = wanted - largest.shape[dim]
        padding = [0, 0] * (largest.ndim - 1 - dim) + [0, missing]
        return functional.pad(largest, padding, value=-torch.inf) if missing else largest


@dataclass(frozen=True)
class _StraightThrough(RankedPooling):
    """Where an edited frame is largest everywhere, the ranks that count do not feel it, and descent would stand still:
    the gradient is that of the mean of all ranks instead."""

    def _value(self, ranks: Float[Tensor, "b r *rest"]) -> Float[Tensor, "b *rest"]:
        real = ranks.detach().isfinite().flatten(2).any(2)
        mean = _weighted(ranks, real / real.sum(1, keepdim=True))
        return super()._value(ranks).detach() + (mean - mean.detach())


def _weighted(ranks: Float[Tensor, "b r *rest"], weights: Float[Tensor, "b r"]) -> Float[Tensor, "b *rest"]:
    weights = weights.to(ranks.dtype).reshape(*weights.shape, *[1] * (ranks.ndim - 2))
    return (torch.where(weights > 0, ranks, 0) * weights).sum(1)
