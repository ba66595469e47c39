"""Controls without optimisation: what any frame of another person, or any generated frame, does by itself."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from jaxtyping import Int
from torch import Tensor

from stumble.attacks.frame_edit import FrameEdit
from stumble.attacks.record import Record
from stumble.attacks.temporal_sparse import prior_of
from stumble.constraints.frames import Edit, First, Positions, Sparsity
from stumble.errors import DataError
from stumble.interfaces import Attack, AttackResult, FramePool, Goal, Target, Weights
from stumble.seeds import normal, stream
from stumble.sequences import Silhouettes

__all__ = ["RandomFrames", "RealFrames", "draw_others"]


def draw_others(subjects: tuple[str, ...], sample: str, count: int, seed: int, purpose: str) -> Int[Tensor, " k"]:
    """`count` positions of a pool's frames, without replacement, none of the sample's own subject.

    The subject is the first part of the sample's id. Raises DataError where the pool has too few others.
    """
    own = sample.partition("/")[0]
    others = [i for i, subject in enumerate(subjects) if subject != own]
    if len(others) < count:
        raise DataError(sample, f"a pool with {len(others)} frames of other subjects", f"at least {count}")
    return torch.from_numpy(stream(seed, sample, purpose).choice(others, count, replace=False))


@dataclass(frozen=True)
class RealFrames(Attack):
    """*Real*: random real frames of other subjects stand in for the generated ones."""

    pool: FramePool
    edit: Edit = "alter"
    budget: Sparsity = field(default_factory=Sparsity)
    positions: Positions = field(default_factory=First)

    access = "none"

    def __call__(self, target: Target, batch: Silhouettes, goal: Goal, *, seed: int) -> AttackResult:
        scene = FrameEdit(target, batch, self.edit, self.budget, self.positions, seed, incremental=False)
        frames, subjects = self.pool.load()
        chosen = [
            draw_others(subjects, s, k, seed, "real frames") for s, k in zip(batch.ids, scene.counts, strict=True)
        ]
        return scene.result(frames[torch.cat(chosen)].float() / 255, Record.done(len(batch)))


@dataclass(frozen=True)
class RandomFrames(Attack):
    """*Random*: G(z) of z ~ N(0, I), not optimised; with `sphere` z is put on the prior's support first."""

    prior: Weights
    edit: Edit = "alter"
    budget: Sparsity = field(default_factory=Sparsity)
    positions: Positions = field(default_factory=First)
    sphere: bool = False

    access = "none"

    def __call__(self, target: Target, batch: Silhouettes, goal: Goal, *, seed: int) -> AttackResult:
        prior = prior_of(self.prior)
        scene = FrameEdit(target, batch, self.edit, self.budget, self.positions, seed, incremental=False)
        drawn = normal(seed, batch.ids, "random latents", (max(scene.counts), prior.latent_dim))
        latents = torch.cat([drawn[row, :count] for row, count in enumerate(scene.counts)])
        with torch.no_grad():
            frames = prior.generate(prior.to_prior(latents) if self.sphere else latents)
        return scene.result(frames, Record.done(len(batch)))
