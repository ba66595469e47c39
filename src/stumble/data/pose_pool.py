"""Pools of clean poses: what a discriminator compares attacked ones with."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from stumble.data.action_opening import open_actions
from stumble.data.action_splits import split_named
from stumble.data.actions import ActionData
from stumble.errors import DataError
from stumble.interfaces import PosePool
from stumble.seeds import stream

__all__ = ["FolderPoses", "LoadedPoses", "draw_poses"]


@dataclass(frozen=True)
class LoadedPoses(PosePool):
    """Poses in memory.

    Attributes:
        poses: (P, J, C) float32, in the units of the data.
        samples: the id of the clip that each is from.
    """

    poses: Float[Tensor, "p j c"]
    samples: tuple[str, ...]

    def load(self) -> tuple[Float[Tensor, "p j c"], tuple[str, ...]]:
        return self.poses, self.samples


@dataclass(frozen=True)
class FolderPoses(PosePool):
    """A few poses of every clip of a data set on disk, read once.

    Attributes:
        path: the data set.
        split: whose training side; empty for all clips.
        per_clip: poses drawn from each clip.
        clips: so many clips, drawn at random; None for all.
    """

    path: Path
    split: str = ""
    per_clip: int = 4
    seed: int = 0
    clips: int | None = None

    def load(self) -> tuple[Float[Tensor, "p j c"], tuple[str, ...]]:
        return _drawn(self).load()


@lru_cache(maxsize=1)
def _drawn(pool: FolderPoses) -> LoadedPoses:
    """Every batch asks for them, and reading thousands of clips takes minutes."""
    data = open_actions(pool.path)
    if pool.split:
        data, _ = split_named(pool.split, data).apply(data)
    if pool.clips is not None:
        chosen = stream(pool.seed, "", "clips of the pose pool").permutation(len(data))[: pool.clips]
        data = replace(data, clips=tuple(data.clips[k] for k in sorted(chosen)))
    return draw_poses(data, pool.per_clip, pool.seed)


def draw_poses(data: ActionData, per_clip: int = 4, seed: int = 0) -> LoadedPoses:
    """Up to `per_clip` random poses of every clip that can be read: of its people, in frames where they are seen whole.

    Raises:
        DataError: no clip has such a frame.
    """
    poses, samples = [], []
    for clip, joints in data.sequences(on_damage=lambda clip, error: None):
        scored = joints.confidence
        whole = (joints.positions != 0).any((2, 3)) if scored is None else (scored > 0).all(2)
        found = joints.positions[whole]
        chosen = stream(seed, clip.id, "pose pool").permutation(len(found))[:per_clip]
        poses.append(torch.from_numpy(found[chosen]))
        samples.extend([clip.id] * len(chosen))
    if not samples:
        raise DataError(data.name, "no readable clip with people in it", "at least one")
    return LoadedPoses(torch.cat(poses), tuple(samples))
