"""GaitBase (Fan et al., CVPR 2023, OpenGait): a residual network per silhouette, a maximum over frames, 16 strips."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from stumble.interfaces import Features, Output, SilhouetteInput
from stumble.models.pooling import larger, over_frames, rows_of, strips_of
from stumble.sequences import Silhouettes

__all__ = ["GaitBase"]

STRIDES = (1, 2, 2, 1)
STRIPS, DIMENSIONS = 16, 256


class GaitBase(nn.Module):
    """GaitBase: silhouettes of 64x44 to 16 parts of 256 dimensions.

    One convolution and four stages of residual blocks see each frame by itself (`encode`); the maximum over the set
    (`pool`) is cut into 16 strips, each of which has a linear map of its own (`head`). It satisfies
    `interfaces.SetPooled`. What is compared is the embedding before the necks; the necks, a normalisation and a
    classifier of the people trained on, serve training.

    The names of its weights are those of OpenGait. Where a maximum ties, the whole gradient goes to the first frame.

    Args:
        classes: people trained on.
        channels: of the four stages; OpenGait's configurations have 64, 128, 256, 512.
        blocks: residual blocks of each stage; OpenGait's configurations have one.
    """

    takes = SilhouetteInput(64, 44)

    def __init__(
        self, classes: int, channels: Sequence[int] = (64, 128, 256, 512), blocks: Sequence[int] = (1, 1, 1, 1)
    ) -> None:
        super().__init__()
        self.Backbone = nn.ModuleDict({"forward_block": _Residual(channels, blocks)})
        self.FCs = nn.ParameterDict({"fc_bin": nn.Parameter(torch.empty(STRIPS, channels[-1], DIMENSIONS))})
        self.BNNecks = _Necks(classes)
        nn.init.xavier_uniform_(self.FCs["fc_bin"])
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    @property
    def classes(self) -> int:
        """How many people it was trained on."""
        return self.BNNecks.fc_bin.shape[2]

    def forward(self, batch: Silhouettes) -> Output:
        """The embedding (B, 16, 256) of each sequence. Raises TargetError for other frame sizes."""
        self.takes.check(batch)
        frames = batch.packed()
        if frames.dtype == torch.uint8:
            frames = frames.to(self.FCs["fc_bin"].dtype) / 255
        return self.aggregate(self.encode(frames), batch.lengths)

    def encode(self, frames: Float[Tensor, "f 64 44"]) -> Features:
        """Per frame, in [0, 1]: the map (F, C, 16, 11) of the last stage."""
        return (self.Backbone["forward_block"](frames),)

    def pool(self, features: Features, lengths: Int[Tensor, " b"]) -> Features:
        """The maximum over each sequence's frames: leading axis F to B."""
        return over_frames(features, lengths)

    def merge(self, first: Features, second: Features) -> Features:
        """Pool two pooled sets. Where they tie, the whole gradient goes to `first`."""
        return larger(first, second)

    def head(self, pooled: Features) -> Output:
        """From pooled maps to the embedding (B, 16, 256), computed in the precision of the parameters."""
        maps: Tensor = self.FCs["fc_bin"]
        with torch.autocast(pooled[0].device.type, enabled=False):
            strips = strips_of(*rows_of(pooled[0].to(maps.dtype)), STRIPS)
            return Output(embedding=torch.einsum("bpc,pcd->bpd", strips, maps))

    def aggregate(self, features: Features, lengths: Int[Tensor, " b"]) -> Output:
        """From the packed features of all frames to the embedding of each sequence."""
        return self.head(self.pool(features, lengths))

    def classify(self, embedding: Float[Tensor, "b 16 256"]) -> Float[Tensor, "b 16 classes"]:
        """For each part the cosine with each person trained on."""
        scores: Tensor = self.BNNecks(embedding)
        return scores


class _Residual(nn.Module):
    """A convolution and four stages of residual blocks; the second and the third stage halve the map."""

    def __init__(self, channels: Sequence[int], blocks: Sequence[int]) -> None:
        super().__init__()
        self.conv1 = nn.ModuleDict({"conv": _convolution(1, channels[0], 3)})
        self.bn1 = nn.BatchNorm2d(channels[0])
        stages = zip(pairwise((channels[0], *channels)), blocks, STRIDES, strict=True)
        self.layer1, self.layer2, self.layer3, self.layer4 = (
            nn.Sequential(*(_Block(i if k == 0 else o, o, stride if k == 0 else 1) for k in range(count)))
            for (i, o), count, stride in stages
        )

    def forward(self, frames: Float[Tensor, "f 64 44"]) -> Float[Tensor, "f c 16 11"]:
        x = frames.unsqueeze(1).contiguous(memory_format=torch.channels_last)
        x = functional.relu(self.bn1(self.conv1["conv"](x)), inplace=True)
        for stage in (self.layer1, self.layer2, self.layer3, self.layer4):
            x = stage(x)
        return x


class _Block(nn.Module):
    """Two normalised 3x3 convolutions and the input added, itself convolved where its size changes."""

    def __init__(self, channels: int, out: int, stride: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = _convolution(channels, out, 3, stride), nn.BatchNorm2d(out)
        self.conv2, self.bn2 = _convolution(out, out, 3), nn.BatchNorm2d(out)
        self.downsample: nn.Module = nn.Identity()
        if stride != 1 or channels != out:
            self.downsample = nn.Sequential(_convolution(channels, out, 1, stride), nn.BatchNorm2d(out))

    def forward(self, x: Float[Tensor, "f c h w"]) -> Float[Tensor, "f out h2 w2"]:
        y = functional.relu(self.bn1(self.conv1(x)), inplace=True)
        return functional.relu(self.bn2(self.conv2(y)) + self.downsample(x), inplace=True)


class _Necks(nn.Module):
    """Each part normalised over the batch and compared, by the cosine, with each person trained on."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.fc_bin = nn.Parameter(torch.empty(STRIPS, DIMENSIONS, classes))
        self.bn1d = nn.BatchNorm1d(STRIPS * DIMENSIONS)
        nn.init.xavier_uniform_(self.fc_bin)

    def forward(self, embedding: Float[Tensor, "b p d"]) -> Float[Tensor, "b p classes"]:
        flat = self.bn1d(embedding.transpose(1, 2).flatten(1))  # dimension by dimension, parts within
        features = functional.normalize(flat.unflatten(1, (DIMENSIONS, STRIPS)), dim=1)
        return torch.einsum("bdp,pdc->bpc", features, functional.normalize(self.fc_bin, dim=1))


def _convolution(channels: int, out: int, size: int, stride: int = 1) -> nn.Conv2d:
    layer = nn.Conv2d(channels, out, size, stride, size // 2, bias=False)
    nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
    return layer
