"""Poses detected in images: Kinetics-skeleton as ST-GCN and 2s-AGCN read it."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from stumble.layouts import OPENPOSE18
from stumble.preprocess.axes import fitted, wanted
from stumble.sequences import Skeletons

__all__ = ["best_detected"]

CANDIDATES = 5


def best_detected(recipe: str, batch: Skeletons, frames: int, people: int) -> Float[Tensor, "b m t v 3"]:
    """x, y and confidence of the people of highest score in each frame.

    Of the first five people, each frame keeps those whose confidences have the largest sum, the highest first
    (so that a person may change places from frame to frame). The middle of the image becomes the origin; a joint of
    confidence 0 stays at zero. Clips are cut to `frames` or padded with zeros; the confidence is not differentiated.

    Raises:
        TargetError: the data is not OpenPose-18 in the image with confidences.
    """
    wanted(recipe, batch, OPENPOSE18, 2, confidence=True)
    assert batch.confidence is not None
    joints, confidence = batch.joints[:, :CANDIDATES], batch.confidence[:, :CANDIDATES].detach()
    confidence = (confidence * batch.present[:, :CANDIDATES, :, None]).to(joints.dtype)
    centred = (joints - 0.5) * (confidence > 0)[..., None]
    order = confidence.sum(3).argsort(dim=1, descending=True, stable=True)
    scored = torch.cat([centred, confidence[..., None]], -1)
    ranked = scored.gather(1, order[..., None, None].expand(scored.shape))
    return fitted(fitted(ranked, 1, people), 2, frames)
