"""What every constraint must do."""

from __future__ import annotations

from typing import TypeAlias

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from stumble.interfaces import Constraint
from stumble.sequences import Silhouettes
from stumble.testing.evidence import copied, require, require_unchanged

__all__ = ["check_constraint"]

Arguments: TypeAlias = tuple[Silhouettes, Silhouettes, Tensor]
"""Adversarial and clean sequences, and the edited frames."""


def check_constraint(
    constraint: Constraint,
    clean: Silhouettes,
    adversarial: Silhouettes,
    edited: Bool[Tensor, "b n"],
    *,
    tolerance: float = 1e-5,
) -> None:
    """A constraint is kept by clean sequences and by projected ones, and measures the same sample the same way.

    Checked: that the violation is finite, at least 0, one number per sample, whatever the rest of the batch; that it is
    0 for the clean sequences and for projected ones; that projecting leaves clean sequences, projected ones and all
    those that violate nothing where they are; that ids, lengths and range stay; that the input stays.

    Args:
        adversarial, edited: sequences that break the constraint, and the frames that were altered or inserted.
        tolerance: largest violation that counts as none, and largest change of a pixel, in [0, 1], that does.

    Raises:
        AssertionError: saying which of this does not hold.
    """
    clean, adversarial = clean.floating(), adversarial.floating()
    violation = _violation(constraint, adversarial, clean, edited)
    for k, name in enumerate(clean.ids):
        own = adversarial.select([k])
        alone = _violation(constraint, own, clean.select([k]), edited[k : k + 1, : own.frames.shape[1]])
        same = abs(float(alone[0]) - float(violation[k])) <= tolerance * max(1.0, float(violation[k]))
        require(same, f"the violation of {name} depends on the rest of the batch")

    nothing = torch.zeros_like(clean.mask)
    require(float(_violation(constraint, clean, clean, nothing).max()) <= tolerance, "clean sequences violate it")
    _require_still(_project(constraint, clean, clean, nothing), clean, tolerance, "projecting moves clean sequences")

    projected = _project(constraint, adversarial, clean, edited)
    left = float(_violation(constraint, projected, clean, edited).max())
    require(left <= tolerance, f"projected sequences violate it by {left:.3g}")
    twice = _project(constraint, projected, clean, edited)
    _require_still(twice, projected, tolerance, "projecting twice is not projecting once")
    fine = (violation == 0).nonzero()[:, 0]
    text = "projecting moves sequences that violate nothing"
    _require_still(projected.select(fine), adversarial.select(fine), tolerance, text)


def _violation(
    constraint: Constraint, adversarial: Silhouettes, clean: Silhouettes, edited: Tensor
) -> Float[Tensor, " b"]:
    before = copied(adversarial), copied(clean), edited.clone()
    violation = constraint.violation(adversarial, clean, edited)
    _require_unchanged((adversarial, clean, edited), before)
    shape = tuple(violation.shape)
    require(shape == (len(clean),), f"the violation has shape {shape}; expected ({len(clean)},)")
    require(bool(violation.isfinite().all()), "the violation is not finite")
    require(bool((violation >= 0).all()), "the violation is negative")
    return violation


def _project(constraint: Constraint, adversarial: Silhouettes, clean: Silhouettes, edited: Tensor) -> Silhouettes:
    before = copied(adversarial), copied(clean), edited.clone()
    projected = constraint.project(adversarial, clean, edited)
    _require_unchanged((adversarial, clean, edited), before)
    require(projected.ids == clean.ids, f"projecting changed the ids to {projected.ids}")
    require(torch.equal(projected.lengths, adversarial.lengths), "projecting changed the lengths")
    inside = ((projected.frames >= 0) & (projected.frames <= 1)).all()
    require(bool(inside), "projected frames leave the range [0, 1]")
    return projected


def _require_unchanged(now: Arguments, before: Arguments) -> None:
    require_unchanged(now[0], before[0], "the constraint")
    require_unchanged(now[1], before[1], "the constraint")
    require(torch.equal(now[2], before[2]), "the constraint changed edited")


def _require_still(now: Silhouettes, before: Silhouettes, tolerance: float, text: str) -> None:
    if len(before):
        moved = float((now.frames - before.frames).abs().max())
        require(moved <= tolerance, f"{text}: by up to {moved:.3g}")
