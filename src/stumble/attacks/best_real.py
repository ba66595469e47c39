"""The best real frame: how much of the damage needs a generator at all."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from stumble.attacks.frame_edit import FrameEdit
from stumble.attacks.record import Record
from stumble.constraints.frames import Edit, First, Positions, Sparsity
from stumble.errors import DataError, TargetError
from stumble.interfaces import Attack, AttackResult, Features, FramePool, Goal, SetPooled, Target
from stumble.objectives import Cosine, Objective
from stumble.seeds import stream
from stumble.sequences import Silhouettes
from stumble.targets.frozen import on_frozen

__all__ = ["BestReal"]


@dataclass(frozen=True)
class BestReal(Attack):
    """For each sample, those real frames of other people that hurt most, chosen one after the other (greedy).

    Every candidate's features are computed once for the whole batch; a trial costs the target's head alone.

    Attributes:
        pool: where the candidates come from.
        candidates: how many frames of the pool are tried, the same for all samples of a seed.
    """

    pool: FramePool
    edit: Edit = "alter"
    budget: Sparsity = field(default_factory=Sparsity)
    positions: Positions = field(default_factory=First)
    objective: Objective = field(default_factory=Cosine)
    candidates: int = 200

    access = "answers"

    @on_frozen
    def __call__(self, target: Target, batch: Silhouettes, goal: Goal, *, seed: int) -> AttackResult:
        if not isinstance(target, SetPooled):
            raise TargetError(f"{type(target).__name__}: the search for real frames needs a target that pools a set")
        scene = FrameEdit(target, batch, self.edit, self.budget, self.positions, seed)
        frames, subjects = self.pool.load()
        drawn = stream(seed, "pool", "candidates").permutation(len(frames))[: self.candidates]
        frames, candidates = frames[torch.from_numpy(drawn)], [subjects[i] for i in drawn]
        chosen: list[Tensor] = []
        with torch.inference_mode():
            features = target.pool(target.encode(frames.float() / 255), torch.ones(len(frames), dtype=torch.int64))
            for row, (sample, count) in enumerate(zip(batch.ids, scene.counts, strict=True)):
                own = torch.tensor([subject == sample.partition("/")[0] for subject in candidates])
                if int((~own).sum()) < count:
                    raise DataError(sample, f"{int((~own).sum())} candidates of other subjects", f"at least {count}")
                chosen.append(frames[self._search(target, scene, features, own, goal, row, count)])
        packed = torch.cat(chosen).float() / 255
        steps = torch.tensor(scene.counts)
        return scene.result(packed, Record.done(len(batch), steps, steps * len(frames)))

    def _search(
        self, target: SetPooled, scene: FrameEdit, features: Features, own: Tensor, goal: Goal, row: int, count: int
    ) -> list[int]:
        """Greedy choice of `count` candidates for one sample."""
        goals = goal.select(torch.full((len(own),), row))
        picked: list[int] = []
        for _ in range(count):
            loss = self.objective(scene.pooled_with(row, features), goals)
            loss[own] = torch.inf
            loss[picked] = torch.inf
            picked.append(int(loss.argmin()))
            features = target.merge(features, tuple(x[picked[-1]].expand_as(x) for x in features))
        return picked
