"""Gait energy images: the classical template, and the baseline that a learned model has to beat."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor

from stumble.sequences import Silhouettes

__all__ = ["gait_energy_images"]


def gait_energy_images(batch: Silhouettes) -> Float[Tensor, "b h w"]:
    """The mean of the aligned silhouettes of each sequence, in [0, 1] (Han and Bhanu 2006, eq. 1).

    As an embedding of H parts of W pixels it goes into `nearest(..., "flattened")`: nearest neighbours on pixels.
    """
    frames = batch.floating().frames * batch.mask[:, :, None, None]
    return frames.sum(1) / batch.lengths[:, None, None]
