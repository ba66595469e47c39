"""What every target that takes skeletons must do."""

from __future__ import annotations

from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor

from stumble import seeds
from stumble.interfaces import Output, SkeletonInput, SkeletonTarget
from stumble.sequences import Skeletons
from stumble.testing.company import alone, with_more_padding
from stumble.testing.evidence import ModuleStates, copied, require, require_close, require_unchanged

__all__ = ["check_skeleton_target"]


def check_skeleton_target(target: SkeletonTarget, batch: Skeletons, *, tolerance: float = 1e-5) -> None:
    """A target answers finitely, repeatably and differentiably, and each sequence as if it were alone.

    Checked: that there are logits, of the right shape; that padded frames, absent people and the rest of the batch
    change nothing; that the gradient reaches visible joints of every sequence and is finite everywhere, absent people
    and padding included; that a frame without anybody and, where there are confidences, a joint that was not detected
    leave answer and gradient finite; that the input and the state of the target's modules stay.

    Args:
        batch: at least two sequences of different length, as the target takes them, each of at least two frames.
        tolerance: largest difference, as a share of the largest logit compared.

    Raises:
        AssertionError: saying which of this does not hold.
    """
    several = len(batch) >= 2 and 2 <= int(batch.lengths.min()) < int(batch.lengths.max())
    require(several, "the check needs at least two sequences of different length, each of at least two frames")
    require(isinstance(target.takes, SkeletonInput), "target.takes is not a SkeletonInput")
    given, states = copied(batch), ModuleStates(target)

    with torch.no_grad():
        expected = _logits(target, batch)
        require_unchanged(batch, given, "the target")
        require_close(_logits(target, batch), expected, tolerance, "asked twice, the target answers differently")
        _check_alone(target, batch, expected, tolerance)
    _check_gradient(target, with_more_padding(batch), "")
    _check_gradient(target, _with_gaps(batch), " where somebody or some joint is missing")

    states.require_unchanged("the call")


def _logits(target: SkeletonTarget, batch: Skeletons, where: str = "") -> Float[Tensor, "b c"]:
    output = target(batch)
    require(isinstance(output, Output), f"the target answers with a {type(output).__name__}, not an Output")
    logits = output.logits
    if logits is None:
        raise AssertionError("the answer holds no logits")
    shape = tuple(logits.shape)
    require(len(shape) == 2 and shape[0] == len(batch), f"logits have shape {shape}; expected ({len(batch)}, classes)")
    require(bool(logits.isfinite().all()), f"the logits are not finite{where}")
    return logits


def _check_alone(target: SkeletonTarget, batch: Skeletons, expected: Tensor, tolerance: float) -> None:
    for more, text in (((3, 0), "padded frames change the answer"), ((0, 1), "an absent person changes the answer")):
        require_close(_logits(target, with_more_padding(batch, *more)), expected, tolerance, text)
    for k, name in enumerate(batch.ids):
        text = f"{name} alone is answered differently than in the batch"
        require_close(_logits(target, alone(batch, k)), expected[k : k + 1], tolerance, text)


def _check_gradient(target: SkeletonTarget, batch: Skeletons, where: str) -> None:
    joints = batch.joints.detach().clone().requires_grad_()
    logits = _logits(target, batch.moved(joints), where)
    require(logits.requires_grad, "no gradient flows from the logits to the joints")
    # a weighted sum: the plain sum of, for instance, logarithms of probabilities may be constant
    weights = seeds.normal(0, batch.ids, "contract", tuple(logits.shape[1:])).to(logits)
    (gradient,) = torch.autograd.grad((logits * weights).sum(), joints, allow_unused=True)
    require(gradient is not None, "no gradient flows from the logits to the joints")
    require(bool(gradient.isfinite().all()), f"the gradient is not finite{where}")
    for name, own, visible in zip(batch.ids, gradient, batch.visible, strict=True):
        require(bool((own[visible] != 0).any()), f"no gradient flows from the logits to the visible joints of {name}")


def _with_gaps(batch: Skeletons) -> Skeletons:
    """Nobody in the second frame; with confidences, a joint of each person that was not detected in the first."""
    gap = torch.zeros_like(batch.visible)
    gap[:, :, 1] = True
    if batch.confidence is not None:
        for row, visible in enumerate(batch.visible[:, :, 0]):
            for person, seen in enumerate(visible):
                gap[row, person, 0, seen.nonzero()[:1].flatten()] = True
    joints = batch.joints.masked_fill(gap[..., None], 0)
    confidence = None if batch.confidence is None else batch.confidence.masked_fill(gap, 0)
    present = batch.present & ~gap.all(3)
    return replace(batch, joints=joints, present=present, confidence=confidence)
