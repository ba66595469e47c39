"""CIASA, the constrained iterative attack on skeleton-based action recognition (Liu, Akhtar, Mian 2020)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from stumble.attacks.record import Record
from stumble.attacks.skeleton_space import JointSpace, Projection, RotationSpace, Space
from stumble.attacks.steps import Adam
from stumble.constraints.joint_budget import JointBudget
from stumble.errors import SpecError
from stumble.interfaces import (
    Goal,
    Output,
    SkeletonAttack,
    SkeletonAttackResult,
    SkeletonConstraint,
    SkeletonTarget,
)
from stumble.objectives import CrossEntropy, Objective, logits_of
from stumble.priors.pose_prior import PoseCritic, PosePrior
from stumble.priors.smoothness import smoothness
from stumble.seeds import uniform
from stumble.sequences import Skeletons
from stumble.targets.frozen import on_frozen

__all__ = ["CIASA"]


@dataclass(frozen=True)
class CIASA(SkeletonAttack):
    """Joints moved by Adam under box, bones, smoothness and a discriminator of poses (Algorithm 1, Eq. 5-14).

    Minimises prediction + weight * (smoothness + naturalness); after each step the joints go back to what is allowed.
    Basic, localized and advanced mode are one attack with another `budget`: all joints and a scalar, a region and a
    scalar, a dictionary of joint names.

    Attributes:
        budget: which joints may move, and how far.
        prior: the discriminator behind the naturalness term; None leaves the term out.
        objective: the prediction term.
        iterations: M of the paper, which does not state it.
        rate: Adam's learning rate in the units of the joints, 0.01 in the paper, which fills a box of 0.012 at once.
            None: a tenth of how far each joint may go, falling linearly to nothing, so that no jitter is left behind.
        weight: lambda of the paper.
        smooth: whether the smoothness term is there.
        projection: "feasible": box and bones both hold. "paper": clip, then realign once, as Algorithm 1 prints it,
            which leaves the box; the excess is measured. "box": clip only, and bones change.
        space: move "joints", as the paper does, or the "rotations" of bones, whose lengths then hold by construction
            (`projection` is not used).
        restarts: descents, the first from the clean sample and the others from random ones; the one with the largest
            margin counts.
        stop: leave a sample alone once the goal is reached by this margin of logits; None, the paper's, always takes
            all iterations. Samples that stopped early transfer worse to other targets.
    """

    budget: JointBudget = JointBudget()
    prior: PosePrior | None = None
    objective: Objective = CrossEntropy()
    iterations: int = 100
    rate: float | None = None
    weight: float = 10.0
    smooth: bool = True
    projection: Projection = "feasible"
    space: Literal["joints", "rotations"] = "joints"
    restarts: int = 1
    stop: float | None = None

    def __post_init__(self) -> None:
        if self.iterations < 1 or self.restarts < 1:
            found = f"{self.iterations} iterations, {self.restarts} restarts"
            raise SpecError(f"CIASA: found {found}; expected at least one of each")

    @on_frozen
    def __call__(self, target: SkeletonTarget, batch: Skeletons, goal: Goal, *, seed: int) -> SkeletonAttackResult:
        target.takes.check(batch)
        best = self._descend(target, batch, goal, seed, 0)
        if self.restarts == 1:
            return best
        margin = self._margin(target, best.adversarial, goal)
        for restart in range(1, self.restarts):
            other = self._descend(target, batch, goal, seed, restart)
            theirs = self._margin(target, other.adversarial, goal)
            best, margin = _better(best, other, theirs > margin), torch.maximum(margin, theirs)
        return replace(best, queries=best.queries + self.restarts)  # each descent's end was looked at once more

    def constraints(self, batch: Skeletons) -> dict[str, SkeletonConstraint]:
        return self.budget.constraints(batch)

    def _space(self, clean: Skeletons) -> Space:
        radius, active = self.budget.radius(clean), self.budget.active(clean.layout)
        if self.space == "rotations":
            return RotationSpace(clean, radius, active)
        return JointSpace(clean, radius, active, self.projection)

    def _descend(
        self, target: SkeletonTarget, batch: Skeletons, goal: Goal, seed: int, restart: int
    ) -> SkeletonAttackResult:
        """One descent. Samples that have reached the goal leave the batch where `stop` asks for it."""
        space, noise = self._space(batch), None
        if restart:
            people, *rest = batch.joints.shape[1:]  # a stream per person, whose beginning no padding changes
            drawn = [uniform(seed, batch.ids, f"restart {restart} person {k}", tuple(rest)) for k in range(people)]
            noise = 2 * torch.stack(drawn, 1) - 1
        start = space.start(noise)
        critic = self.prior.begin(batch, seed) if self.prior is not None else None
        state = _State(batch, goal, space, start, Adam.start(start), critic, torch.arange(len(batch)))
        record, joints = Record(len(batch), self.iterations), batch.joints.clone()

        def finish(rows: Tensor, final: Tensor, steps: int, why: str) -> None:
            joints[rows, :, : final.shape[2]] = final.detach()
            record.finish(rows, steps, why)

        for iteration in range(self.iterations):
            variables = state.variables.detach().requires_grad_()
            moved = state.clean.moved(state.space.joints(variables))
            output = target(moved)
            terms = self._terms(output, moved, state)
            record.note(state.rows, iteration, terms)
            reached = self._reached(output, state.goal)
            finish(state.rows[reached], moved.joints[reached], iteration, "reached")
            if bool(reached.all()):
                break
            natural = sum(value for name, value in terms.items() if name != "prediction")
            (gradient,) = torch.autograd.grad((terms["prediction"] + self.weight * natural).sum(), variables)
            adam = state.adam.update(gradient)
            step = state.space.step(self.rate) * (1 if self.rate is not None else 1 - iteration / self.iterations)
            variables = state.space.project(variables.detach() - step * adam.direction)
            if state.critic is not None:
                state.critic.learn(state.clean.moved(state.space.joints(variables)))
            state = replace(state, variables=variables, adam=adam)
            if bool(reached.any()):
                state = state.select((~reached).nonzero().flatten(), self._space)
        else:
            finish(state.rows, state.space.joints(state.variables), self.iterations, "budget")
        return SkeletonAttackResult(
            batch.moved(joints), record.steps, record.queries, tuple(record.stopped), record.trace
        )

    def _terms(self, output: Output, moved: Skeletons, state: _State) -> dict[str, Float[Tensor, " b"]]:
        """The terms of the loss that are switched on."""
        terms = {"prediction": self.objective(output, state.goal)}
        if self.smooth:
            terms["smoothness"] = smoothness(moved, self.budget.active(moved.layout))
        if state.critic is not None:
            terms["naturalness"] = state.critic.loss(moved)
        return terms

    def _reached(self, output: Output, goal: Goal) -> Bool[Tensor, " b"]:
        margin = goal.margin(logits_of(output).detach())
        return margin > self.stop if self.stop is not None else torch.zeros_like(margin, dtype=torch.bool)

    @staticmethod
    def _margin(target: SkeletonTarget, batch: Skeletons, goal: Goal) -> Float[Tensor, " b"]:
        with torch.no_grad():
            return goal.margin(logits_of(target(batch)))


@dataclass(frozen=True)
class _State:
    """Where the descent of the samples that are still running stands; `rows` says which samples of the batch."""

    clean: Skeletons
    goal: Goal
    space: Space
    variables: Tensor
    adam: Adam
    critic: PoseCritic | None
    rows: Int[Tensor, " r"]

    def select(self, kept: Tensor, space: Callable[[Skeletons], Space]) -> _State:
        clean = self.clean.select(kept)
        frames = clean.joints.shape[2]
        variables = self.variables[kept][:, :, :frames]
        adam = self.adam.select(kept)
        adam = replace(adam, first=adam.first[:, :, :frames], second=adam.second[:, :, :frames])
        critic = self.critic.select(kept) if self.critic is not None else None
        return _State(clean, self.goal.select(kept), space(clean), variables, adam, critic, self.rows[kept])


def _better(
    first: SkeletonAttackResult, second: SkeletonAttackResult, take: Bool[Tensor, " b"]
) -> SkeletonAttackResult:
    """Sample by sample the second result where `take` says so; both efforts count."""
    joints = torch.where(take[:, None, None, None, None], second.adversarial.joints, first.adversarial.joints)
    stopped = tuple(b if t else a for a, b, t in zip(first.stopped, second.stopped, take.tolist(), strict=True))
    trace = {name: torch.where(take, second.trace[name], values) for name, values in first.trace.items()}
    effort = first.steps + second.steps, first.queries + second.queries
    return SkeletonAttackResult(first.adversarial.moved(joints), *effort, stopped, trace)
