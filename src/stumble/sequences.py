"""Silhouettes, Skeletons: padded batches with lengths. Sequences are the only thing that flows between rooms."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor

from stumble.errors import DataError
from stumble.layouts import Layout

__all__ = ["Silhouettes", "Skeletons"]


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

    def pieces(self, mask: Bool[Tensor, "b g n"]) -> Silhouettes:
        """A sequence for each row and piece: the row's frames where the mask is True, in temporal order.

        Pieces without frames are left out.
        """
        lengths, ids = _pieces_of(mask, self.ids)
        return Silhouettes(_cut(self.frames, mask, lengths), lengths, ids)

    def contents(self) -> list[list[bytes]]:
        """What is in each real frame as it is stored: the bytes of its levels."""
        stored = self.quantised().unpadded()
        return [[frame.tobytes() for frame in frames.detach().cpu().numpy()] for frames in stored]

    def floating(self, dtype: torch.dtype | None = None) -> Silhouettes:
        """The same with frames in [0, 1]: levels are divided by 255, to float32 by default; others are only cast."""
        if self.frames.dtype == torch.uint8:
            return replace(self, frames=self.frames.to(dtype or torch.float32) / 255)
        return replace(self, frames=self.frames.to(dtype or self.frames.dtype))

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


@dataclass(frozen=True)
class Skeletons:
    """A batch of skeleton sequences.

    Attributes:
        joints: (B, M, T, J, C) floating point; C is 3 (metres, in the axes of the data) or 2 (position in the
            image). Zero for people and frames that are not there.
        present: (B, M, T) whether a person is there in a frame; never past a sequence's length.
        lengths: (B,) int64, the number of frames of each sequence, at least 1.
        ids: B names, unique within a data set; they key the random streams.
        layout: which joint stands where.
        confidence: (B, M, T, J) the detector's confidence in [0, 1], apart from the joints so that no attack can
            touch it; a joint of confidence 0 was not detected. None where the data has none.
    """

    joints: Float[Tensor, "b m t j c"]
    present: Bool[Tensor, "b m t"]
    lengths: Int[Tensor, " b"]
    ids: tuple[str, ...]
    layout: Layout
    confidence: Float[Tensor, "b m t j"] | None = None

    def __post_init__(self) -> None:
        shape = tuple(self.joints.shape)
        found = f"joints {shape}, present {tuple(self.present.shape)}, lengths {tuple(self.lengths.shape)}"
        if (
            len(shape) != 5
            or tuple(self.present.shape) != shape[:3]
            or (self.confidence is not None and tuple(self.confidence.shape) != shape[:4])
            or self.lengths.shape != (shape[0],)
            or len(self.ids) != shape[0]
        ):
            raise DataError("skeleton batch", found, "joints (B, M, T, J, C), present (B, M, T), lengths (B,), B ids")
        if shape[3] != len(self.layout) or shape[4] not in (2, 3):
            expected = f"{len(self.layout)} joints ({self.layout.name}) of 2 or 3 coordinates"
            raise DataError(self.ids[0] if self.ids else "skeleton batch", f"{shape[3]} joints of {shape[4]}", expected)
        outside = ((self.lengths < 1) | (self.lengths > shape[2])).nonzero()
        if len(outside):
            where, expected = self.ids[int(outside[0])], "at least one frame in every sequence"
            raise DataError(where, f"a length outside 1..{shape[2]}", expected)

    @classmethod
    def pad(
        cls,
        sequences: Iterable[np.ndarray | Tensor],
        ids: Sequence[str],
        layout: Layout,
        confidences: Iterable[np.ndarray | Tensor] | None = None,
    ) -> Skeletons:
        """Batch sequences (M, T, J, C) of different lengths and numbers of people, zero-padded behind, as float32.

        A person is present in a frame where any joint is not zero or, given confidences (M, T, J), any confidence is.
        """
        tensors = [torch.as_tensor(s).float() for s in sequences]
        for tensor, name in zip(tensors, ids, strict=True):
            if tensor.ndim != 4 or 0 in tensor.shape or tensor.shape[2:] != tensors[0].shape[2:]:
                expected = f"(people >= 1, frames >= 1, {len(layout)}, {tensors[0].shape[-1]})"
                raise DataError(name, f"an array {tuple(tensor.shape)}", expected)
        people, frames = (max(t.shape[axis] for t in tensors) for axis in (0, 1))
        joints = torch.zeros(len(tensors), people, frames, *tensors[0].shape[2:])
        for row, tensor in enumerate(tensors):
            joints[row, : tensor.shape[0], : tensor.shape[1]] = tensor
        present, confidence = joints.ne(0).flatten(3).any(3), None
        if confidences is not None:
            confidence = torch.zeros(joints.shape[:4])
            for row, values in enumerate(confidences):
                confidence[row, : values.shape[0], : values.shape[1]] = torch.as_tensor(values).float()
            present |= confidence.gt(0).any(3)
        lengths = torch.tensor([t.shape[1] for t in tensors])
        return cls(joints, present, lengths, tuple(ids), layout, confidence)

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def coordinates(self) -> int:
        """2 or 3."""
        return self.joints.shape[4]

    @property
    def mask(self) -> Bool[Tensor, "b t"]:
        """True on frames of the sequence, False on padding."""
        return torch.arange(self.joints.shape[2], device=self.lengths.device)[None] < self.lengths[:, None]

    @property
    def visible(self) -> Bool[Tensor, "b m t j"]:
        """True on joints of people who are there that were detected."""
        there = self.present[..., None].expand(self.joints.shape[:4])
        return there if self.confidence is None else there & (self.confidence > 0)

    def unpadded(self) -> list[Float[Tensor, "m _ j c"]]:
        """One tensor (M, length, J, C) per sequence."""
        return [joints[:, :n] for joints, n in zip(self.joints, self.lengths.tolist(), strict=True)]

    def pieces(self, mask: Bool[Tensor, "b g t"]) -> Skeletons:
        """A sequence for each row and piece: the row's frames where the mask is True, in temporal order.

        Pieces without frames are left out.
        """
        lengths, ids = _pieces_of(mask, self.ids)

        def cut(x: Tensor) -> Tensor:
            return _cut(x.transpose(1, 2), mask, lengths).transpose(1, 2)

        confidence = None if self.confidence is None else cut(self.confidence)
        return Skeletons(cut(self.joints), cut(self.present), lengths, ids, self.layout, confidence)

    def contents(self) -> list[list[bytes]]:
        """What is in each real frame as it is stored: who is there, and the bytes of their joints and confidences."""
        channels = self.joints if self.confidence is None else torch.cat([self.joints, self.confidence[..., None]], -1)
        stored, there = channels.detach().float().cpu().numpy(), self.present.cpu().numpy()
        return [
            [
                b"".join(bytes([m]) + stored[row, m, t].tobytes() for m in there[row, :, t].nonzero()[0])
                for t in range(length)
            ]
            for row, length in enumerate(self.lengths.tolist())
        ]

    def moved(self, joints: Float[Tensor, "b m t j c"]) -> Skeletons:
        """The same sequences with joints elsewhere."""
        return replace(self, joints=joints)

    def select(self, index: Sequence[int] | Tensor) -> Skeletons:
        """The sequences at the given positions, in that order."""
        index = torch.as_tensor(index, dtype=torch.int64)
        lengths = self.lengths[index]
        longest = int(lengths.max()) if len(index) else 0
        return Skeletons(
            self.joints[index, :, :longest],
            self.present[index, :, :longest],
            lengths,
            tuple(self.ids[i] for i in index.tolist()),
            self.layout,
            None if self.confidence is None else self.confidence[index, :, :longest],
        )

    def to(self, device: torch.device | str) -> Skeletons:
        confidence = None if self.confidence is None else self.confidence.to(device)
        moved = self.joints.to(device), self.present.to(device), self.lengths.to(device)
        return Skeletons(*moved, self.ids, self.layout, confidence)


def _pieces_of(mask: Bool[Tensor, "b g n"], ids: tuple[str, ...]) -> tuple[Int[Tensor, " r"], tuple[str, ...]]:
    """Lengths and names of the pieces that have frames."""
    counts = mask.sum(2)
    names = tuple(f"{ids[row]}#{piece}" for row, piece in counts.nonzero().tolist())
    return counts[counts > 0], names


def _cut(
    frames: Shaped[Tensor, "b n *rest"], mask: Bool[Tensor, "b g n"], lengths: Int[Tensor, " r"]
) -> Shaped[Tensor, "r l *rest"]:
    """The frames of each piece, zero-padded behind."""
    row, _, frame = mask.nonzero(as_tuple=True)
    longest = int(lengths.max()) if len(lengths) else 0
    pieces = frames.new_zeros(len(lengths), longest, *frames.shape[2:])
    real = torch.arange(longest, device=lengths.device)[None] < lengths[:, None]
    return pieces.masked_scatter(real.reshape(*real.shape, *[1] * (frames.ndim - 2)), frames[row, frame])
