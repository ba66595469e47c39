"""Random search: what as many tries without a gradient find as an optimising attack has queries."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from stumble.attacks.record import Record
from stumble.attacks.searched_positions import GreedyGradient
from stumble.attacks.skeleton_space import JointSpace, Projection
from stumble.attacks.temporal_sparse import TemporalSparse
from stumble.constraints.frames import Edit, First, Positions, Sparsity
from stumble.constraints.joint_budget import JointBudget
from stumble.errors import SpecError
from stumble.interfaces import (
    Attack,
    AttackResult,
    Goal,
    SkeletonAttack,
    SkeletonAttackResult,
    SkeletonConstraint,
    SkeletonTarget,
    Target,
    Weights,
)
from stumble.objectives import Cosine, Objective, logits_of
from stumble.seeds import uniform
from stumble.sequences import Silhouettes, Skeletons
from stumble.targets.frozen import on_frozen

__all__ = ["RandomJoints", "RandomLatents"]


@dataclass(frozen=True)
class RandomLatents(Attack):
    """The best of so many random latents per frame: where `TemporalSparse` with as many `starts` would begin.

    Attributes:
        prior, edit, budget, positions, objective, plausibility: see `TemporalSparse`; the best is the one that it would
            find best.
        draws: frames tried in each place, all places of a sample at once; also the queries.
    """

    prior: Weights
    edit: Edit = "alter"
    budget: Sparsity = field(default_factory=Sparsity)
    positions: Positions = field(default_factory=First)
    objective: Objective = field(default_factory=Cosine)
    draws: int = 100
    plausibility: float = 0.03

    access = "answers"

    def __post_init__(self) -> None:
        if self.draws < 2:
            raise SpecError(f"RandomLatents: draws is {self.draws}; expected at least 2 to choose from")
        if isinstance(self.positions, GreedyGradient):
            raise SpecError("RandomLatents: positions are GreedyGradient; it uses no gradients, try GreedyTrials")

    def __call__(self, target: Target, batch: Silhouettes, goal: Goal, *, seed: int) -> AttackResult:
        beginning = TemporalSparse(
            self.prior,
            self.edit,
            self.budget,
            self.positions,
            self.objective,
            iterations=0,
            plausibility=self.plausibility,
            starts=self.draws,
        )
        return beginning(target, batch, goal, seed=seed)


@dataclass(frozen=True)
class RandomJoints(SkeletonAttack):
    """The best of so many random movements: uniform in the box, then brought back to what the projection allows.

    Attributes:
        budget: which joints, how far.
        draws: movements tried, which are the queries; of each sample the one with the largest margin counts.
        projection: see `CIASA`; "box" compares with attacks that keep the box alone.
    """

    budget: JointBudget = JointBudget()
    draws: int = 100
    projection: Projection = "feasible"

    access = "answers"

    def __post_init__(self) -> None:
        if self.draws < 1:
            raise SpecError(f"RandomJoints: draws is {self.draws}; expected at least 1")

    @on_frozen
    def __call__(self, target: SkeletonTarget, batch: Skeletons, goal: Goal, *, seed: int) -> SkeletonAttackResult:
        target.takes.check(batch)
        space = JointSpace(batch, self.budget.radius(batch), self.budget.active(batch.layout), self.projection)
        best, margin = batch.joints, batch.joints.new_full((len(batch),), -torch.inf)
        with torch.no_grad():
            for draw in range(self.draws):
                joints = space.start(2 * self._drawn(batch, seed, draw) - 1)
                reached = goal.margin(logits_of(target(batch.moved(joints))))
                best = torch.where((reached > margin)[:, None, None, None, None], joints, best)
                margin = torch.maximum(margin, reached)
        record = Record.done(len(batch), 0, self.draws)
        return SkeletonAttackResult(batch.moved(best), record.steps, record.queries, tuple(record.stopped))

    def constraints(self, batch: Skeletons) -> dict[str, SkeletonConstraint]:
        promised = self.budget.constraints(batch)
        return promised if self.projection != "box" else {name: promised[name] for name in ("box", "untouched")}

    @staticmethod
    def _drawn(batch: Skeletons, seed: int, draw: int) -> Tensor:
        """Uniform in [0, 1); a stream per person, whose beginning no padding changes."""
        people, *rest = batch.joints.shape[1:]
        return torch.stack([uniform(seed, batch.ids, f"draw {draw} person {k}", tuple(rest)) for k in range(people)], 1)
