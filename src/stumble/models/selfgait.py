"""SelfGait (Liu et al., ICASSP 2021): strips of single frames, and per strip what changes from frame to frame."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional

from stumble.interfaces import Features, Output, SilhouetteInput
from stumble.models.gaitset import BINS, convolutions, frame_maps
from stumble.models.pooling import maximum, rows_of, strips_of
from stumble.sequences import Silhouettes

__all__ = ["SelfGait"]

CHANNELS, SQUEEZED = 128, 32
PARTS = sum(BINS)


class SelfGait(nn.Module):
    """SelfGait: silhouettes of 64x44 to 31 parts of 128 dimensions; the order of frames matters.

    Frames pass GaitSet's six frame layers and a horizontal pyramid one by one (`encode`); each strip has a temporal
    module of its own (the micro-motion template builder of GaitPart, without its pooling), whose maximum over time
    has a linear map of its own (`aggregate`). It satisfies `interfaces.FrameSeparable`.

    Parts are ordered by pyramid levels, ascending. Beyond both ends of a sequence there is nothing: zeros to
    convolutions and means, no frame to maxima. Where a maximum ties, the whole gradient goes to the first frame.

    Attributes:
        frame_layers: six convolutions, as of GaitSet.
        narrow, wide: what weighs the means and maxima of three and of five frames.
        parts: (31, 128, 128), the linear map of each part.
    """

    takes = SilhouetteInput(64, 44)

    def __init__(self) -> None:
        super().__init__()
        self.frame_layers = convolutions((1, 32, 32, 64, 64, 128, 128))
        self.narrow, self.wide = _Gate(1), _Gate(3)
        self.parts = nn.Parameter(torch.empty(PARTS, CHANNELS, CHANNELS))
        for layer in self.frame_layers:
            nn.init.xavier_uniform_(layer.weight)  # type: ignore[arg-type]
        nn.init.xavier_uniform_(self.parts)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, batch: Silhouettes) -> Output:
        """The embedding (B, 31, 128) of each sequence. Raises TargetError for other frame sizes."""
        self.takes.check(batch)
        frames = batch.packed()
        if frames.dtype == torch.uint8:
            frames = frames.to(self.parts.dtype) / 255
        return self.aggregate(self.encode(frames), batch.lengths)

    def encode(self, frames: Float[Tensor, "f 64 44"]) -> Features:
        """Per frame, in [0, 1]: its strips (F, 31, 128)."""
        rows = rows_of(frame_maps(self.frame_layers, frames)[2].to(self.parts.dtype))
        return (torch.cat([strips_of(*rows, bins) for bins in BINS], dim=1),)

    def aggregate(self, features: Features, lengths: Int[Tensor, " b"]) -> Output:
        """From the strips of all frames, in temporal order, to the embedding of each sequence."""
        strips = nn.utils.rnn.pad_sequence(features[0].split(lengths.tolist()), batch_first=True)
        there = (torch.arange(strips.shape[1]) < lengths[:, None])[:, :, None, None]
        with torch.autocast(strips.device.type, enabled=False):
            narrow = self.narrow(strips, there) * _around(strips, there, 3)
            motion = narrow + self.wide(strips, there) * _around(strips, there, 5)
            motion = maximum(motion.masked_fill(~there, -torch.inf), 1)
            return Output(embedding=torch.einsum("bpc,pcd->bpd", motion, self.parts))


class _Gate(nn.Module):
    """Two convolutions over time, of each part by itself, to weights between 0 and 1.

    Args:
        size: frames that the second one sees; the first sees three.

    Attributes:
        first: (31, 3 · 128, 32), frame after frame.
        second: (31, size · 32, 128), likewise.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size
        self.first = nn.Parameter(torch.empty(PARTS, 3 * CHANNELS, SQUEEZED))
        self.first_bias = nn.Parameter(torch.zeros(PARTS, SQUEEZED))
        self.second = nn.Parameter(torch.empty(PARTS, size * SQUEEZED, CHANNELS))
        self.second_bias = nn.Parameter(torch.zeros(PARTS, CHANNELS))
        for weight in (self.first, self.second):
            for own in weight:
                nn.init.xavier_uniform_(own)

    def forward(self, x: Float[Tensor, "b t p c"], there: Bool[Tensor, "b t 1 1"]) -> Float[Tensor, "b t p c"]:
        x = torch.einsum("btpk,pko->btpo", torch.cat(_shifted(x, 3), 3), self.first) + self.first_bias
        x = functional.relu(x) * there  # behind its end a sequence has no frames, whatever the bias
        x = torch.einsum("btpk,pko->btpo", torch.cat(_shifted(x, self.size), 3), self.second) + self.second_bias
        return torch.sigmoid(x)


def _around(x: Float[Tensor, "b t p c"], there: Bool[Tensor, "b t 1 1"], size: int) -> Float[Tensor, "b t p c"]:
    """Maximum and mean of so many frames around each; the mean counts those beyond the ends, as zeros."""
    largest = maximum(torch.stack(_shifted(x.masked_fill(~there, -torch.inf), size, -torch.inf)), 0)
    return largest.masked_fill(~there, 0) + sum(_shifted(x, size), x.new_zeros(())) / size


def _shifted(x: Float[Tensor, "b t p c"], size: int, beyond: float = 0.0) -> list[Float[Tensor, "b t p c"]]:
    """The frames before each one, itself and those behind it, `size` in all."""
    padded = functional.pad(x, (0, 0, 0, 0, size // 2, size // 2), value=beyond)
    return [padded[:, k : k + x.shape[1]] for k in range(size)]
