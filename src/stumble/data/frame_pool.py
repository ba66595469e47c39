"""Pools of real frames: what the control attacks draw from and what plausibility is measured against."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import torch
from jaxtyping import UInt8
from torch import Tensor

from stumble.data.gait import GaitData
from stumble.data.opening import open_gait
from stumble.interfaces import FramePool
from stumble.seeds import stream

__all__ = ["FolderFrames", "LoadedFrames", "draw_frames"]


@dataclass(frozen=True)
class LoadedFrames(FramePool):
    """Frames in memory.

    Attributes:
        frames: (F, 64, 44) uint8.
        subjects: whom each frame shows.
    """

    frames: UInt8[Tensor, "f h w"]
    subjects: tuple[str, ...]

    def load(self) -> tuple[UInt8[Tensor, "f h w"], tuple[str, ...]]:
        return self.frames, self.subjects


@dataclass(frozen=True)
class FolderFrames(FramePool):
    """A few frames of every sequence of some people of a data set on disk, read once.

    Attributes:
        path: the data set.
        subjects: whose; empty for everybody's.
        per_sequence: frames drawn from each sequence.
    """

    path: Path
    subjects: tuple[str, ...] = ()
    per_sequence: int = 1
    seed: int = 0

    def load(self) -> tuple[UInt8[Tensor, "f h w"], tuple[str, ...]]:
        return _drawn(self).load()


@lru_cache(maxsize=1)
def _drawn(pool: FolderFrames) -> LoadedFrames:
    """Every batch asks for them, and reading thousands of sequences takes minutes."""
    return draw_frames(open_gait(pool.path).select(subjects=pool.subjects or None), pool.per_sequence, pool.seed)


def draw_frames(data: GaitData, per_sequence: int = 1, seed: int = 0) -> LoadedFrames:
    """`per_sequence` random frames of every sequence that can be read."""
    frames, subjects = [], []
    for key, sequence in data.sequences(on_damage=lambda key, error: None):
        count = min(per_sequence, len(sequence))
        chosen = stream(seed, key.id, "frame pool").choice(len(sequence), count, replace=False)
        frames.append(torch.from_numpy(sequence[chosen]))
        subjects.extend([key.subject] * count)
    return LoadedFrames(torch.cat(frames) if frames else torch.zeros(0, 64, 44, dtype=torch.uint8), tuple(subjects))
