"""GaitSet (Chao, He, Zhang, Feng; AAAI 2019): a gait sequence as a set of silhouettes, at its full published size."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import cast

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from stumble.interfaces import Features, Output, SilhouetteInput
from stumble.models.pooling import larger, over_frames, rows_of, strips_of
from stumble.sequences import Silhouettes

__all__ = ["BINS", "GaitSet", "convolutions", "frame_maps"]

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
        self.frame_layers = convolutions((1, 32, 32, 64, 64, 128, 128))
        self.set_layers = convolutions((32, 64, 64, 128, 128))
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
        return frame_maps(self.frame_layers, frames)

    def pool(self, features: Features, lengths: Int[Tensor, " b"]) -> Features:
        """The maximum over each sequence's frames of packed per-frame maps: leading axis F to B."""
        return over_frames(features, lengths)

    def merge(self, first: Features, second: Features) -> Features:
        """Pool two pooled sets. Where they tie, the whole gradient goes to `first`."""
        return larger(first, second)

    def head(self, pooled: Features) -> Output:
        """From pooled maps to the embedding (B, 62, 256), computed in the precision of the parameters."""
        first, second, third = pooled
        layers = self.set_layers
        pipeline = _pooled(layers[1](_active(layers[0](first))))
        pipeline = third + _active(layers[3](_active(layers[2](pipeline + second))))
        with torch.autocast(third.device.type, enabled=False):
            branches = [rows_of(x.to(self.parts.dtype)) for x in (third, pipeline)]
            strips = torch.cat([strips_of(*rows, n) for n in BINS for rows in branches], dim=1)
            return Output(embedding=torch.einsum("bpc,pcd->bpd", strips, self.parts))

    def aggregate(self, features: Features, lengths: Int[Tensor, " b"]) -> Output:
        """From the packed features of all frames to the embedding of each sequence."""
        return self.head(self.pool(features, lengths))


def convolutions(channels: Sequence[int]) -> nn.ModuleList:
    """Bias-free 3x3 convolutions between these numbers of channels; 5x5 on an image."""
    pairs = pairwise(channels)
    return nn.ModuleList(nn.Conv2d(i, o, 3 if i > 1 else 5, padding="same", bias=False) for i, o in pairs)


def frame_maps(layers: nn.ModuleList, frames: Float[Tensor, "f 64 44"]) -> tuple[Tensor, Tensor, Tensor]:
    """What the six frame layers make of single frames: the maps behind each pair of them."""
    x = frames.unsqueeze(1).contiguous(memory_format=torch.channels_last)
    first = _pooled(layers[1](_active(layers[0](x))))
    second = _pooled(layers[3](_active(layers[2](first))))
    third = _active(layers[5](_active(layers[4](second))))
    return first, second, third


def _active(x: Tensor) -> Tensor:
    return functional.leaky_relu(x, 0.01, inplace=True)


def _pooled(x: Tensor) -> Tensor:
    """Activation and 2x2 maximum; the activation is monotone, so it may come after the maximum, on a quarter."""
    return _active(functional.max_pool2d(x, 2))
