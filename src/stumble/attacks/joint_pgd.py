"""Projected gradient descent on joints: the yardstick of every tool, and the cheapest strong attack on skeletons."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from stumble.attacks.record import Record
from stumble.constraints.joint_budget import JointBudget
from stumble.errors import SpecError
from stumble.interfaces import Goal, SkeletonAttack, SkeletonAttackResult, SkeletonConstraint, SkeletonTarget
from stumble.objectives import CrossEntropy, Objective, logits_of
from stumble.seeds import uniform
from stumble.sequences import Skeletons
from stumble.targets.frozen import on_frozen

__all__ = ["JointPGD"]


@dataclass(frozen=True)
class JointPGD(SkeletonAttack):
    """V' <- clip(V' - step sign(gradient)) within the box (Madry et al. 2018), without regard for bones.

    Attributes:
        budget: which joints, how far.
        objective: what is to fall.
        iterations: steps of each descent.
        step: of one iteration, as a share of how far each joint may go.
        restarts: descents, each from its own random place in the box. Of all samples that the target was asked about
            the one with the largest margin counts.
        stop: a sample is finished once the goal is reached by this margin of logits, and leaves the batch; None
            always takes all iterations. Samples that stopped early transfer worse to other targets.
    """

    budget: JointBudget = JointBudget(0.02)
    objective: Objective = CrossEntropy()
    iterations: int = 20
    step: float = 0.1
    restarts: int = 1
    stop: float | None = None

    def __post_init__(self) -> None:
        if self.iterations < 1 or self.restarts < 1:
            found = f"{self.iterations} iterations, {self.restarts} restarts"
            raise SpecError(f"JointPGD: found {found}; expected at least one of each")

    @on_frozen
    def __call__(self, target: SkeletonTarget, batch: Skeletons, goal: Goal, *, seed: int) -> SkeletonAttackResult:
        target.takes.check(batch)
        record = Record(len(batch), self.restarts * self.iterations)
        best = _Best(batch.joints.clone(), batch.joints.new_full((len(batch),), -torch.inf))
        for restart in range(self.restarts):
            running = _Running(batch, goal, self.budget.radius(batch)[..., None], torch.arange(len(batch)))
            running = running.select(~self._reached(best.margin))
            if len(running.rows):
                self._descend(target, running, seed, restart, best, record)
        for row in self._reached(best.margin).nonzero().flatten().tolist():
            record.stopped[row] = "reached"
        moved = batch.moved(best.joints)
        return SkeletonAttackResult(moved, record.steps, record.queries, tuple(record.stopped), record.trace)

    def constraints(self, batch: Skeletons) -> dict[str, SkeletonConstraint]:
        promised = self.budget.constraints(batch)
        return {name: promised[name] for name in ("box", "untouched")}

    def _descend(
        self, target: SkeletonTarget, running: _Running, seed: int, restart: int, best: _Best, record: Record
    ) -> None:
        joints = running.start(seed, restart)
        for iteration in range(self.iterations):
            joints = joints.detach().requires_grad_()
            output = target(running.clean.moved(joints))
            wanted = self.objective(output, running.goal)
            record.note(running.rows, restart * self.iterations + iteration, {"prediction": wanted})
            margin = running.goal.margin(logits_of(output).detach())
            best.note(running.rows, joints.detach(), margin)
            running_on = ~self._reached(margin)
            if not bool(running_on.any()):
                return
            (gradient,) = torch.autograd.grad(wanted.sum(), joints)
            joints = running.clip(joints.detach() - self.step * running.radius * gradient.sign())
            record.steps[running.rows[running_on]] += 1
            if not bool(running_on.all()):
                running = running.select(running_on)
                joints = joints[running_on, :, : running.clean.joints.shape[2]]
        with torch.no_grad():
            margin = running.goal.margin(logits_of(target(running.clean.moved(joints))))
        record.queries[running.rows] += 1
        best.note(running.rows, joints, margin)

    def _reached(self, margin: Float[Tensor, " b"]) -> Bool[Tensor, " b"]:
        return margin > self.stop if self.stop is not None else torch.zeros_like(margin, dtype=torch.bool)


@dataclass(frozen=True)
class _Running:
    """The samples that are not finished; `rows` says which of the batch they are."""

    clean: Skeletons
    goal: Goal
    radius: Float[Tensor, "b m t j 1"]
    rows: Int[Tensor, " b"]

    def select(self, kept: Bool[Tensor, " b"]) -> _Running:
        if bool(kept.all()):
            return self
        index = kept.nonzero().flatten()
        clean = self.clean.select(index)
        radius = self.radius[index, :, : clean.joints.shape[2]]
        return _Running(clean, self.goal.select(index), radius, self.rows[index])

    def start(self, seed: int, restart: int) -> Float[Tensor, "b m t j c"]:
        """A random place in the box; a stream per person, whose beginning no padding changes."""
        people, *rest = self.clean.joints.shape[1:]
        purposes = [f"pgd {restart} person {person}" for person in range(people)]
        drawn = torch.stack([uniform(seed, self.clean.ids, purpose, tuple(rest)) for purpose in purposes], 1)
        return self.clip(self.clean.joints + (2 * drawn - 1) * self.radius)

    def clip(self, joints: Float[Tensor, "b m t j c"]) -> Float[Tensor, "b m t j c"]:
        clean = self.clean.joints
        return torch.where(self.radius > 0, joints.clamp(clean - self.radius, clean + self.radius), clean)


@dataclass(frozen=True)
class _Best:
    """Of every sample the joints that came nearest to its goal, and by what margin."""

    joints: Float[Tensor, "b m t j c"]
    margin: Float[Tensor, " b"]

    def note(self, rows: Int[Tensor, " r"], joints: Float[Tensor, "r m t j c"], margin: Float[Tensor, " r"]) -> None:
        better = margin > self.margin[rows]
        self.margin[rows[better]] = margin[better]
        self.joints[rows[better], :, : joints.shape[2]] = joints[better]
