"""Bones keep their lengths: CIASA's spatial skeleton realignment (SSR)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from stumble.constraints.joint_budget import JointBudget
from stumble.constraints.kinematics import bone_vectors, carried, measurable, norm, stretched
from stumble.interfaces import SkeletonConstraint
from stumble.sequences import Skeletons

__all__ = ["Bones", "realign"]


@dataclass(frozen=True)
class Bones(SkeletonConstraint):
    """Every bone with an end that may move is as long as in the clean frame.

    Bones of no length and bones with an end that was not detected have none to keep.
    """

    budget: JointBudget

    def project(self, adversarial: Skeletons, clean: Skeletons) -> Skeletons:
        """The skeletons realigned; joints that must stay are put back."""
        return adversarial.moved(realign(adversarial.joints, clean, self.budget.active(clean.layout)))

    def violation(self, adversarial: Skeletons, clean: Skeletons) -> Float[Tensor, " b"]:
        """By how much the worst bone of a sample is too long or too short, as a share of its length; NaN: infinite."""
        layout = clean.layout
        active = self.budget.active(layout).to(clean.joints.device)
        checked = measurable(clean) & (active | active[list(layout.parents)])
        before = norm(bone_vectors(clean.joints.double(), layout))
        now = norm(bone_vectors(adversarial.joints.double(), layout))
        change = (now / torch.where(checked, before, 1) - 1).abs()
        return torch.where(checked, change.nan_to_num(torch.inf, torch.inf), 0).flatten(1).amax(1)


def realign(
    joints: Float[Tensor, "b m t j c"], clean: Skeletons, active: Bool[Tensor, " j"]
) -> Float[Tensor, "b m t j c"]:
    """SSR: from the root outwards, each bone's clean length along its perturbed direction, all beyond it carried along.

    What is realigned is the bones whose outer end may move; the root keeps its perturbed place. A bone of no length, or
    with an end that was not detected, is carried along as it is; one perturbed to no length has its clean direction.
    Differentiable in `joints`. Clean skeletons come back bit for bit, and so do joints that are not active, not
    detected or not there.

    Args:
        joints: perturbed, of the shape of `clean.joints`.
        active: the joints that may move, closed under descendants (`JointBudget.active`).
    """
    layout, centre = clean.layout, clean.joints.to(joints.dtype)
    moves = clean.visible & active.to(joints.device)
    before = bone_vectors(centre, layout)
    now = bone_vectors(torch.where(moves[..., None], joints, centre), layout)
    changes = torch.where(measurable(clean)[..., None], stretched(now, before), now) - before
    return torch.where(moves[..., None], centre + carried(changes, moves, layout), centre)
