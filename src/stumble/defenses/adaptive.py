"""What an adversary who knows the defence does: optimises what the defence offers in its own place, jointly over its
votes, and under its alarm."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

from stumble.certify import Piecewise, VotingGallery
from stumble.certify.votes import tally
from stumble.constraints.frames import Edit
from stumble.errors import TargetError
from stumble.interfaces import (
    Attack,
    AttackResult,
    Goal,
    Output,
    SkeletonAttack,
    SkeletonAttackResult,
    SkeletonConstraint,
    SkeletonTarget,
    Target,
)
from stumble.objectives import Cosine, Objective, asks_for_logits
from stumble.sequences import Silhouettes, Skeletons
from stumble.targets import Gallery
from stumble.targets.identifier import identifier

__all__ = ["ActionsOnSurrogate", "Alarmed", "Evading", "JointVotes", "OnSurrogate", "VotesLeft"]


@runtime_checkable
class _Defended(Protocol):
    """A target with something better to optimise than itself."""

    def surrogate(self, seed: int) -> Target: ...


@dataclass(frozen=True)
class Alarmed(Output):
    """The answer of a recogniser behind a detector, whose slope is that past it.

    Attributes:
        alarm: (B,) how far each sequence is from passing, 0 where all of it passes; differentiable.
        past: (B, P, D) the embedding without the detector; differentiable.
    """

    alarm: Float[Tensor, " b"] | None = None
    past: Float[Tensor, "b p d"] | None = None


@dataclass(frozen=True)
class Evading(Objective):
    """An objective past a detector, with its alarm as a penalty. Of the iterates of a descent the one is chosen that
    does most with the detector in its place, so that one which passes is not lost to a later one that does not.

    Attributes:
        objective: what is wanted besides.
        weight: of the alarm.
    """

    objective: Objective = Cosine()
    weight: float = 1.0

    def __call__(self, output: Output, goal: Goal) -> Float[Tensor, " b"]:
        if not isinstance(output, Alarmed) or output.alarm is None:
            raise TargetError("Evading needs an answer with an alarm, which the surrogate of a FrameFilter gives")
        return self.objective(replace(output, embedding=output.past), goal) + self.weight * output.alarm

    @property
    def chosen_by(self) -> Objective:
        return self.objective.chosen_by or self.objective


@dataclass(frozen=True)
class JointVotes(Objective):
    """By how much the pieces of a sequence miss to vote together for somebody else, in each gallery view
    that counts.

    The rival of a view is the identity, other than the true one, that the pieces together are nearest to (sum of their
    softmax); targeted, the wanted one. Every piece adds by how much its score for the true identity leads over that for
    the rival, down to `enough` below it; the views are averaged that the goal counts, without the probe's own where the
    judge excludes it. An embedding of as many parts as the gallery's is one piece. The adversary knows the gallery.

    Attributes:
        gallery: what pieces are compared with.
        enough: lead of the rival beyond which a piece is won.
        counting: whether of the iterates of a descent the one is chosen that leaves the fewest views to the true
            identity, by the votes counted as the judge does. Where pieces are drawn anew at each step, that would be a
            lucky draw.
    """

    gallery: Gallery
    enough: float = 0.5
    counting: bool = True

    @property
    def chosen_by(self) -> Objective | None:
        return VotesLeft(self) if self.counting else None

    def of_pieces(self, output: Output) -> Float[Tensor, "b g views identities"]:
        """The scores by which each piece votes. Raises TargetError where the answer has no embedding."""
        if output.embedding is None:
            raise TargetError("JointVotes needs an embedding; found none in the target's answer")
        pieces = output.embedding.shape[1] // self.gallery.enrolled.embeddings.shape[1]
        return VotingGallery(self.gallery.enrolled, self.gallery.distance, pieces).of_pieces(output.embedding)

    def __call__(self, output: Output, goal: Goal) -> Float[Tensor, " b"]:
        scores = self.of_pieces(output)
        heard = scores.isfinite().any(3)
        scores = scores.masked_fill(~scores.isfinite(), -1e4)
        label = goal.label[:, None, None].expand(scores.shape[0], scores.shape[2], 1)
        if goal.wanted is not None:
            rival = goal.wanted[:, None, None].expand_as(label)
        else:
            support = (scores.detach().softmax(3) * heard[..., None]).sum(1)
            rival = support.scatter(2, label, -1).argmax(2, keepdim=True)
        own, other = (scores.gather(3, who[:, None].expand(*scores.shape[:3], 1))[..., 0] for who in (label, rival))
        missing = ((own - other + self.enough).clamp_min(0) * heard).sum(1)
        counted = torch.ones_like(missing, dtype=torch.bool) if goal.counted is None else goal.counted
        return (missing * counted).sum(1) / counted.sum(1).clamp_min(1)


@dataclass(frozen=True)
class VotesLeft(Objective):
    """The share of the views that count in which the goal is not reached, by the votes; of equals, what `JointVotes`
    says decides.

    Attributes:
        joint: the objective whose iterates are compared.
    """

    joint: JointVotes

    def __call__(self, output: Output, goal: Goal) -> Float[Tensor, " b"]:
        said = tally(self.joint.of_pieces(output)).argmax(2)
        reached = said != goal.label[:, None] if goal.wanted is None else said == goal.wanted[:, None]
        counted = torch.ones_like(reached) if goal.counted is None else goal.counted
        left = (~reached & counted).sum(1) / counted.sum(1).clamp_min(1)
        hinge = self.joint(output, goal)
        return left + 1e-3 * hinge / (1 + hinge)


@dataclass(frozen=True)
class OnSurrogate(Attack):
    """An attack that optimises what the defended target offers as its `surrogate`, where it offers one.

    Attributes:
        attack: its `edit` and its effort are those of the whole.
        gallery: whom sequences are taken for, should the attack want to know: a `VotingGallery` where pieces vote,
            however many pieces the surrogate has.
    """

    attack: Attack
    gallery: Gallery | None = None

    @property
    def edit(self) -> Edit:
        """What is done to frames."""
        edit: Edit = getattr(self.attack, "edit", "alter")
        return edit

    def __call__(self, target: Target, batch: Silhouettes, goal: Goal, *, seed: int) -> AttackResult:
        if isinstance(target, _Defended):
            target = target.surrogate(seed)
            if goal.kind == "untargeted" and goal.reference is not None:
                with torch.no_grad():
                    goal = replace(goal, reference=target(batch).embedding)
        if self.gallery is not None and asks_for_logits(self.attack):
            target = identifier(target, _counting(self.gallery, target))
        return self.attack(target, batch, goal, seed=seed)


def _counting(gallery: Gallery, target: Target) -> Gallery:
    """The gallery, of as many votes as the target has pieces."""
    if isinstance(gallery, VotingGallery) and isinstance(target, Piecewise):
        return replace(gallery, pieces=target.pieces.count)
    return gallery


@dataclass(frozen=True)
class ActionsOnSurrogate(SkeletonAttack):
    """An attack that optimises something in the place of the target.

    Attributes:
        attack: its promises are those of the whole.
        surrogate: what, from the attack's seed.
    """

    attack: SkeletonAttack
    surrogate: Callable[[int], SkeletonTarget]

    def __call__(self, target: SkeletonTarget, batch: Skeletons, goal: Goal, *, seed: int) -> SkeletonAttackResult:
        return self.attack(self.surrogate(seed), batch, goal, seed=seed)

    def constraints(self, batch: Skeletons) -> dict[str, SkeletonConstraint]:
        return self.attack.constraints(batch)
