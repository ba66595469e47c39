"""What every constraint on skeletons must do."""

from __future__ import annotations

from dataclasses import fields

from jaxtyping import Float
from torch import Tensor

from stumble.interfaces import SkeletonConstraint
from stumble.sequences import Skeletons
from stumble.testing.company import alone
from stumble.testing.evidence import copied, require, require_unchanged, same

__all__ = ["check_skeleton_constraint"]


def check_skeleton_constraint(
    constraint: SkeletonConstraint,
    clean: Skeletons,
    adversarial: Skeletons,
    *,
    tolerance: float = 1e-6,
    resolution: float = 1e-6,
) -> None:
    """A constraint is kept by clean sequences and by projected ones, and treats the same sample the same way.

    Checked: that the violation is finite, at least 0, one number per sample, and 0 for the clean sequences and for
    projected ones; that projecting leaves clean sequences where they are, bit for bit, and projected ones too, and
    changes joints alone; that violation and projection depend neither on the rest of the batch nor on padding; that
    the input stays.

    Args:
        adversarial: the clean sequences with joints moved so that they break the constraint.
        tolerance: largest violation that counts as none, in the constraint's unit.
        resolution: largest distance that counts as not moved, in the units of the joints; clean sequences do not move
            at all.

    Raises:
        AssertionError: saying which of this does not hold.
    """
    violation = _violation(constraint, adversarial, clean)
    require(float(violation.max()) > tolerance, "the check needs adversarial sequences that violate the constraint")
    for k, name in enumerate(clean.ids):
        own = float(_violation(constraint, alone(adversarial, k), alone(clean, k))[0])
        near = abs(own - float(violation[k])) <= tolerance * max(1.0, own)
        require(near, f"the violation of {name} depends on the rest of the batch")

    require(float(_violation(constraint, clean, clean).max()) <= tolerance, "clean sequences violate it")
    still = _project(constraint, clean, clean).joints
    unmoved = same(still, clean.joints) and same(still.signbit(), clean.joints.signbit())
    require(unmoved, "projecting moves clean sequences")

    projected = _project(constraint, adversarial, clean)
    left = float(_violation(constraint, projected, clean).max())
    require(left <= tolerance, f"projected sequences violate it by {left:.3g}")
    moved = float((_project(constraint, projected, clean).joints - projected.joints).abs().max())
    require(moved <= resolution, f"projecting twice is not projecting once: it moves joints by up to {moved:.3g}")
    for k, name in enumerate(clean.ids):
        single = _project(constraint, alone(adversarial, k), alone(clean, k)).joints[0]
        distance = single - projected.joints[k, : single.shape[0], : single.shape[1]]
        require(float(distance.abs().max()) <= resolution, f"projecting {name} depends on the rest of the batch")


def _violation(constraint: SkeletonConstraint, adversarial: Skeletons, clean: Skeletons) -> Float[Tensor, " b"]:
    before = copied(adversarial), copied(clean)
    violation = constraint.violation(adversarial, clean)
    _require_unchanged((adversarial, clean), before)
    shape = tuple(violation.shape)
    require(shape == (len(clean),), f"the violation has shape {shape}; expected ({len(clean)},)")
    require(bool(violation.isfinite().all()), "the violation is not finite")
    require(bool((violation >= 0).all()), "the violation is negative")
    return violation


def _project(constraint: SkeletonConstraint, adversarial: Skeletons, clean: Skeletons) -> Skeletons:
    before = copied(adversarial), copied(clean)
    projected = constraint.project(adversarial, clean)
    _require_unchanged((adversarial, clean), before)
    for field in fields(clean):
        if field.name != "joints":
            kept = same(getattr(projected, field.name), getattr(clean, field.name))
            require(kept, f"projecting changed the {field.name}")
    found, shape = tuple(projected.joints.shape), tuple(clean.joints.shape)
    require(found == shape, f"projecting gives joints {found}; expected {shape}")
    require(bool(projected.joints.isfinite().all()), "projected joints are not finite")
    return projected


def _require_unchanged(now: tuple[Skeletons, Skeletons], before: tuple[Skeletons, Skeletons]) -> None:
    for batch, copy in zip(now, before, strict=True):
        require_unchanged(batch, copy, "the constraint")
