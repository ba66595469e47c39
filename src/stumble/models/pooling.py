"""Pooling that several architectures share: over the frames of a sequence, and over strips of a map."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from stumble.interfaces import Features

__all__ = ["larger", "maximum", "over_frames", "rows_of", "strips_of"]


def maximum(x: Tensor, dim: int) -> Tensor:
    """Maximum whose gradient goes to the first of several equal elements (`amax` alone would split it)."""
    largest: Tensor = x.max(dim).values if x.requires_grad else x.amax(dim)
    return largest


def over_frames(maps: Features, lengths: Int[Tensor, " b"]) -> Features:
    """The maximum over each sequence's frames of packed per-frame maps (F, C, H, W): leading axis F to B."""
    sizes = lengths.tolist()
    pooled = []
    for x in maps:
        x = x.permute(0, 2, 3, 1)  # as it lies in memory, so that neither direction copies
        if len(set(sizes)) == 1:
            x = maximum(x.unflatten(0, (len(sizes), sizes[0])), 1)
        else:
            x = torch.stack([maximum(part, 0) for part in x.split(sizes)])
        pooled.append(x.permute(0, 3, 1, 2))
    return tuple(pooled)


def larger(first: Features, second: Features) -> Features:
    """Maxima of two pooled sets. Where they tie, the whole gradient goes to `first`."""
    return tuple(torch.where(a >= b, a, b) for a, b in zip(first, second, strict=True))


def rows_of(x: Float[Tensor, "b c h w"]) -> tuple[Float[Tensor, "b h c"], Float[Tensor, "b h c"]]:
    """Mean and maximum of each row of a map."""
    x = x.permute(0, 2, 3, 1)
    return x.mean(2), maximum(x, 2)


def strips_of(means: Float[Tensor, "b h c"], maxima: Float[Tensor, "b h c"], bins: int) -> Float[Tensor, "b bins c"]:
    """Mean plus maximum over each of `bins` horizontal strips of a map, from those of its rows."""
    size = (bins, means.shape[1] // bins)
    strips: Tensor = means.unflatten(1, size).mean(2) + maximum(maxima.unflatten(1, size), 2)
    return strips
