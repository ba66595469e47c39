"""Silhouettes: padded batches with lengths. Sequences are the only thing that flows between rooms."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Bool, Int, Shaped
from torch import Tensor

from stumble.errors import DataError

__all__ = ["Silhouettes"]


@dataclass(frozen=True)
class Silhouettes:
    """A batch of silhouette sequences.

    Attributes:
        frames: (B, N, H, W); uint8 levels 0..255 as stored, or floating point in [0, 1]. Frames at and
            past a sequence's length are zero.
        lengths: (B,) int64, the number of real frames of each sequence, at least 1.
        ids: B names, unique within a data set; they key the random streams.
    """

    frames: Shaped[Tensor, "b n h w"]
    lengths: Int[Tensor, " b"]
    ids: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.frames.ndim != 4 or self.lengths.shape != (len(self.frames),) or len(self.ids) != len(self.frames):
            found = f"frames {tuple(self.frames.shape)}, lengths {tuple(self.lengths.shape)}, {len(self.ids)} ids"
            raise DataError("silhouette batch", found, "frames (B, N, H, W), lengths (B,) and B ids")
        outside = ((self.lengths < 1) | (self.lengths > self.frames.shape[1])).nonzero()
        if len(outside):
            where, expected = self.ids[int(outside[0])], "at least one frame in every sequence"
            raise DataError(where, f"a length outside 1..{self.frames.shape[1]}", expected)

    @classmethod
    def pad(cls, sequences: Iterable[np.ndarray | Tensor], ids: Sequence[str]) -> Silhouettes:
        """Batch sequences (n, H, W) of different lengths, zero-padded at the end; the dtype is kept."""
        tensors = [torch.as_tensor(s) for s in sequences]
        for tensor, name in zip(tensors, ids, strict=True):
            if tensor.ndim != 3 or tensor.shape[0] == 0 or tensor.shape[1:] != tensors[0].shape[1:]:
                height, width = tensors[0].shape[-2:]
                raise DataError(name, f"an array {tuple(tensor.shape)}", f"(frames >= 1, {height}, {width})")
        frames = torch.nn.utils.rnn.pad_sequence(tensors, batch_first=True)
        return cls(frames, torch.tensor([len(t) for t in tensors]), tuple(ids))

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def mask(self) -> Bool[Tensor, "b n"]:
        """True on real frames, False on padding."""
        return torch.arange(self.frames.shape[1], device=self.lengths.device)[None] < self.lengths[:, None]

    def packed(self) -> Shaped[Tensor, "f h w"]:
        """All real frames of the batch one after the other, without padding."""
        return self.frames[self.mask]

    def unpadded(self) -> list[Shaped[Tensor, "_ h w"]]:
        """One tensor (length, H, W) per sequence."""
        return [frames[:n] for frames, n in zip(self.frames, self.lengths.tolist(), strict=True)]

    def floating(self, dtype: torch.dtype = torch.float32) -> Silhouettes:
        """The same with frames in [0, 1]: levels are divided by 255, floating point is only cast."""
        if self.frames.dtype == torch.uint8:
            return replace(self, frames=self.frames.to(dtype) / 255)
        return replace(self, frames=self.frames.to(dtype))

    def quantised(self) -> Silhouettes:
        """The same as uint8 levels, rounded to nearest: what is stored and judged."""
        if self.frames.dtype == torch.uint8:
            return self
        return replace(self, frames=(self.frames.clamp(0, 1) * 255).round().to(torch.uint8))

    def select(self, index: Sequence[int] | Tensor) -> Silhouettes:
        """The sequences at the given positions, in that order."""
        index = torch.as_tensor(index, dtype=torch.int64)
        lengths = self.lengths[index]
        longest = int(lengths.max()) if len(index) else 0
        return Silhouettes(self.frames[index, :longest], lengths, tuple(self.ids[i] for i in index.tolist()))

    def to(self, device: torch.device | str) -> Silhouettes:
        return replace(self, frames=self.frames.to(device), lengths=self.lengths.to(device))
