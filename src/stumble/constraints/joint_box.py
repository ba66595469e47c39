"""The box around each joint."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from stumble.constraints.joint_budget import JointBudget
from stumble.interfaces import SkeletonConstraint
from stumble.sequences import Skeletons

__all__ = ["JointBox"]


@dataclass(frozen=True)
class JointBox(SkeletonConstraint):
    """No joint moves along an axis by more than its radius; one of radius 0 does not move."""

    budget: JointBudget

    def project(self, adversarial: Skeletons, clean: Skeletons) -> Skeletons:
        """Every coordinate clipped to the box; those inside it stay as they are, bit for bit."""
        radius, centre = self.budget.radius(clean)[..., None], clean.joints
        clipped = adversarial.joints.clamp(centre - radius, centre + radius)
        return adversarial.moved(torch.where(radius > 0, clipped, centre))

    def violation(self, adversarial: Skeletons, clean: Skeletons) -> Float[Tensor, " b"]:
        """How far the farthest coordinate of a sample is outside, in the units of the joints; infinite for NaN."""
        distance = (adversarial.joints.double() - clean.joints).abs()
        excess = (distance - self.budget.radius(clean)[..., None]).clamp_min(0)
        return excess.nan_to_num(torch.inf, torch.inf).flatten(1).amax(1)
