"""Everything that no adversary may change."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from stumble.constraints.joint_budget import JointBudget
from stumble.interfaces import SkeletonConstraint
from stumble.sequences import Skeletons

__all__ = ["Untouched"]


@dataclass(frozen=True)
class Untouched(SkeletonConstraint):
    """Bit for bit as before: confidences, and joints outside the region, not detected or not there."""

    budget: JointBudget

    def project(self, adversarial: Skeletons, clean: Skeletons) -> Skeletons:
        """The clean values put back."""
        free = self.budget.radius(clean)[..., None] > 0
        return clean.moved(torch.where(free, adversarial.joints, clean.joints))

    def violation(self, adversarial: Skeletons, clean: Skeletons) -> Float[Tensor, " b"]:
        """How many values of each sample differ: coordinates, confidences, frames in which a person is there, length.

        Infinite where one of the two has confidences and the other has none.
        """
        kept = self.budget.radius(clean)[..., None] == 0
        changed = (_differ(adversarial.joints, clean.joints) & kept).flatten(1).sum(1)
        changed = changed + (adversarial.present != clean.present).flatten(1).sum(1)
        changed = (changed + (adversarial.lengths != clean.lengths)).double()
        if adversarial.confidence is not None and clean.confidence is not None:
            return changed + _differ(adversarial.confidence, clean.confidence).flatten(1).sum(1)
        return changed if adversarial.confidence is clean.confidence else torch.full_like(changed, torch.inf)


def _differ(now: Tensor, before: Tensor) -> Tensor:
    """Whether not the same bits, so that -0 is not 0 and NaN is NaN."""
    bits = {2: torch.int16, 4: torch.int32, 8: torch.int64}[before.element_size()]
    return now.to(before.dtype).view(bits) != before.view(bits)
