"""Clips changed at random, all frames of a clip alike."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

__all__ = ["Augmentation", "rotated"]

ANGLE = 10.0
AREA, ASPECT = (0.05, 0.2), (0.3, 1 / 0.3)


@dataclass(frozen=True)
class Augmentation:
    """What may happen to a clip, each with its probability.

    Attributes:
        flip: left and right are exchanged.
        turn: the clip is turned about the middle of the image by up to 10 degrees either way.
        erase: a rectangle of 5 to 20 percent of the image becomes empty (Zhong et al., 2020).
    """

    flip: float = 0.0
    turn: float = 0.0
    erase: float = 0.0

    def __call__(self, clips: Float[Tensor, "b t h w"], chance: np.random.Generator) -> Float[Tensor, "b t h w"]:
        """The clips, each changed or not. The same chance gives the same changes."""
        flips, turns, erasures = (chance.random(len(clips)) < p for p in (self.flip, self.turn, self.erase))
        angles = chance.uniform(-ANGLE, ANGLE, len(clips)).astype(np.float32) * turns
        clips = torch.where(torch.from_numpy(flips)[:, None, None, None], clips.flip(3), clips)
        clips = rotated(clips, torch.from_numpy(np.deg2rad(angles))) if turns.any() else clips
        height, width = clips.shape[2:]
        for index in range(len(clips)):
            top, left, rows, columns = _rectangle(chance, height, width)
            if erasures[index]:
                clips[index, :, top : top + rows, left : left + columns] = 0
        return clips


def rotated(clips: Float[Tensor, "b t h w"], angles: Float[Tensor, " b"]) -> Float[Tensor, "b t h w"]:
    """Each clip turned clockwise by an angle (radians) about the middle of the image; what turns in is empty."""
    height, width = clips.shape[2:]
    cosine, sine, zero = angles.cos(), angles.sin(), torch.zeros_like(angles)
    across = torch.stack([cosine, sine * height / width, zero], 1)
    down = torch.stack([-sine * width / height, cosine, zero], 1)
    grid = functional.affine_grid(torch.stack([across, down], 1), list(clips.shape), align_corners=False)
    return functional.grid_sample(clips, grid, align_corners=False)


def _rectangle(chance: np.random.Generator, height: int, width: int) -> tuple[int, int, int, int]:
    """Top, left, rows and columns."""
    area, aspect = height * width * chance.uniform(*AREA), math.exp(chance.uniform(*np.log(ASPECT)))
    rows, columns = min(height, round(math.sqrt(area * aspect))), min(width, round(math.sqrt(area / aspect)))
    return int(chance.integers(height - rows + 1)), int(chance.integers(width - columns + 1)), rows, columns
