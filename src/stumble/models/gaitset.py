"""GaitSet (Chao, He, Zhang, Feng; AAAI 2019): a gait sequence as a set of silhouettes, at its full published size."""

from __future__ import annotations

from itertools import pairwise
from typing import cast

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from stumble.interfaces import Features, Output, SilhouetteInput
from stumble.sequences import Silhouettes

__all__ = ["BINS", "GaitSet"]

BINS = (1, 2, 4, 8, 16)
"""Strips per level of the horizontal pyramid."""


class GaitSet(nn.Module):
    """GaitSet for CASIA-B: silhouettes of 64x44 to 62 parts of 256 dimensions.

    Convolutions have no bias; activations are leaky (0.01). The network sees one frame at a time (`encode`), pools
    each of three feature maps over the set by maximum (`pool`), and ends in the multilayer global pipeline, the
    horizontal pyramid and one linear map per part (`head`). It satisfies `interfaces.SetPooled`.

    The parts are ordered as the original implementation orders them: pyramid levels ascending, and within a level
    first the strips of the frame branch, then those of the global pipeline.

    Where a maximum ties (features are exactly 0 on empty background), the whole gradient goes to the first frame.

    Attributes:
        frame_layers: six convolutions, 1-32-32-64-64-128-128; a pooling follows the second and the fourth.
        set_layers: four convolutions of the global pipeline, 32-64-64-128-128; a pooling follows the second.
        parts: (62, 128, 256), the linear map of each part.
    """

    takes = SilhouetteInput(64, 44)

    def __init__(self) -> None:
        super().__init__()
        frame, pipeline = (1, 32, 32, 64, 64, 128, 128), (32, 64, 64, 128, 128)
        self.frame_layers = nn.ModuleList(
            nn.Conv2d(i, o, 3 if i > 1 else 5, padding="same", bias=False) for i, o in pairwise(frame)
        )
        self.set_layers = nn.ModuleList(nn.Conv2d(i, o, 3, padding="same", bias=False) for i, o in pairwise(pipeline))
        self.parts = nn.Parameter(torch.empty(2 * sum(BINS), 128, 256))
        for layer in (*self.frame_layers, *self.set_layers):
            nn.init.xavier_uniform_(cast(Tensor, layer.weight))
        nn.init.xavier_uniform_(self.parts)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, batch: Silhouettes) -> Output:
        """The embedding (B, 62, 256) of each sequence. Raises TargetError for other frame sizes."""
        self.takes.check(batch)
        frames = batch.packed()
        if frames.dtype == torch.uint8:
            frames = frames.to(self.parts.dtype) / 255
        return self.aggregate(self.encode(frames), batch.lengths)

    def encode(self, frames: Float[Tensor, "f 64 44"]) -> Features:
        """Per frame, in [0, 1]: the maps (F, 32, 32, 22), (F, 64, 16, 11) and (F, 128, 16, 11)."""
        x = frames.unsqueeze(1).contiguous(memory_format=torch.channels_last)
        layers = self.frame_layers
        first = _pooled(layers[1](_active(layers[0](x))))
        second = _pooled(layers[3](_active(layers[2](first))))
        third = _active(layers[5](_active(layers[4](second))))
        return first, second, third

    def pool(self, features: Features, lengths: Int[Tensor, " b"]) -> Features:
        """The maximum over each sequence's frames of packed per-frame maps: leading axis F to B."""
        sizes = lengths.tolist()
        pooled = []
        for x in features:
            x = x.permute(0, 2, 3, 1)  # as it lies in memory, so that neither direction copies
            if len(set(sizes)) == 1:
                x = _maximum(x.unflatten(0, (len(sizes), sizes[0])), 1)
            else:
                x = torch.stack([_maximum(part, 0) for part in x.split(sizes)])
            pooled.append(x.permute(0, 3, 1, 2))
        return tuple(pooled)

    def merge(self, first: Features, second: Features) -> Features:
        """Pool two pooled sets. Where they tie, the whole gradient goes to `first`."""
        return tuple(torch.where(a >= b, a, b) for a, b in zip(first, second, strict=True))

    def head(self, pooled: Features) -> Output:
        """From pooled maps to the embedding (B, 62, 256), computed in the precision of the parameters."""
        first, second, third = pooled
        layers = self.set_layers
        pipeline = _pooled(layers[1](_active(layers[0](first))))
        pipeline = third + _active(layers[3](_active(layers[2](pipeline + second))))
        with torch.autocast(third.device.type, enabled=False):
            branches = [_rows(x.to(self.parts.dtype)) for x in (third, pipeline)]
            strips = torch.cat([_strips(*rows, n) for n in BINS for rows in branches], dim=1)
            return Output(embedding=torch.einsum("bpc,pcd->bpd", strips, self.parts))

    def aggregate(self, features: Features, lengths: Int[Tensor, " b"]) -> Output:
        """From the packed features of all frames to the embedding of each sequence."""
        return self.head(self.pool(features, lengths))


def _active(x: Tensor) -> Tensor:
    return functional.leaky_relu(x, 0.01, inplace=True)


def _pooled(x: Tensor) -> Tensor:
    """Activation and 2x2 maximum; the activation is monotone, so it may come after the maximum, on a quarter."""
    return _active(functional.max_pool2d(x, 2))


def _maximum(x: Tensor, dim: int) -> Tensor:
    """Maximum whose gradient goes to the first of several equal elements (`amax` alone would split it)."""
    maximum: Tensor = x.max(dim).values if x.requires_grad else x.amax(dim)
    return maximum


def _rows(x: Float[Tensor, "b c h w"]) -> tuple[Float[Tensor, "b h c"], Float[Tensor, "b h c"]]:
    """Mean and maximum of each row."""
    x = x.permute(0, 2, 3, 1)
    return x.mean(2), _maximum(x, 2)


def _strips(means: Float[Tensor, "b h c"], maxima: Float[Tensor, "b h c"], bins: int) -> Float[Tensor, "b bins c"]:
    """Mean plus maximum over each of `bins` horizontal strips, from those of the rows."""
    size = (bins, means.shape[1] // bins)
    strips: Tensor = means.unflatten(1, size).mean(2) + _maximum(maxima.unflatten(1, size), 2)
    return strips
