"""What recognises actions without learning: the nearest clip by joint positions."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

__all__ = ["nearest_clips", "pose_signature"]


def pose_signature(positions: Float[np.ndarray, "m t j c"], root: int, frames: int = 16) -> Float[np.ndarray, " d"]:
    """The first person's joints from the root's place in the frame, at `frames` moments evenly over the clip.

    Returns:
        (frames * J * C,) float32.
    """
    person = positions[0] - positions[0, :, root : root + 1]
    place = np.linspace(0, len(person) - 1, frames)
    below = np.floor(place).astype(int)
    above, share = np.minimum(below + 1, len(person) - 1), (place - below)[:, None, None]
    return ((1 - share) * person[below] + share * person[above]).astype(np.float32).ravel()


def nearest_clips(known: Float[np.ndarray, "n d"], asked: Float[np.ndarray, "m d"]) -> Int[np.ndarray, " m"]:
    """For each row of `asked` the index of the nearest row of `known`, by Euclidean distance."""
    found = []
    norms = np.square(known).sum(1)
    for start in range(0, len(asked), 512):
        found.append((norms - 2 * asked[start : start + 512] @ known.T).argmin(1))
    return np.concatenate(found)
