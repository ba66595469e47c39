"""One step across the box: the cheapest attack on skeletons (CIASA, Eq. 10 and Fig. 2)."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from stumble.constraints.joint_budget import JointBudget
from stumble.interfaces import (
    Goal,
    SkeletonAttack,
    SkeletonAttackResult,
    SkeletonConstraint,
    SkeletonTarget,
)
from stumble.objectives import CrossEntropy, Objective
from stumble.sequences import Skeletons
from stumble.targets.frozen import on_frozen

__all__ = ["OneStep"]


@dataclass(frozen=True)
class OneStep(SkeletonAttack):
    """V' = V + epsilon sign(gradient), away from the predicted class or, targeted, towards the wanted one (Eq. 10).

    It keeps the box and nothing else: bones change their lengths.

    Attributes:
        budget: which joints, how far.
        objective: what is to fall.
    """

    budget: JointBudget = JointBudget(0.02)
    objective: Objective = CrossEntropy()

    @on_frozen
    def __call__(self, target: SkeletonTarget, batch: Skeletons, goal: Goal, *, seed: int) -> SkeletonAttackResult:
        target.takes.check(batch)
        joints = batch.joints.detach().clone().requires_grad_()
        wanted = self.objective(target(batch.moved(joints)), goal)
        (gradient,) = torch.autograd.grad(wanted.sum(), joints)
        radius = self.budget.radius(batch)[..., None]
        moved = torch.where(radius > 0, batch.joints - radius * gradient.sign(), batch.joints)
        once = torch.ones(len(batch), dtype=torch.int64)
        trace = {"prediction": wanted.detach()[None]}
        return SkeletonAttackResult(batch.moved(moved), once, once.clone(), ("done",) * len(batch), trace)

    def constraints(self, batch: Skeletons) -> dict[str, SkeletonConstraint]:
        promised = self.budget.constraints(batch)
        return {name: promised[name] for name in ("box", "untouched")}
