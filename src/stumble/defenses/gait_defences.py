"""Ways to defend a gait recogniser, each with what answers, how it is counted, what is proven of it, and how it is
attacked by who knows it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from stumble.attacks import GreedyGradient, GreedyTrials, PixelAttack
from stumble.certify import (
    Ablation,
    ByContent,
    ByIndex,
    GaitScorer,
    Method,
    Partition,
    Sampling,
    VotingGallery,
    piecewise,
)
from stumble.constraints.frames import Edit, First, Sparsity
from stumble.defenses.across_groups import AcrossGroups
from stumble.defenses.adaptive import Evading, JointVotes, OnSurrogate
from stumble.defenses.frame_filter import FrameFilter
from stumble.defenses.votes_of_subsets import SubsetsByLength, SubsetVote
from stumble.interfaces import Attack, FrameSeparable, Target
from stumble.objectives import Cosine, Objective
from stumble.targets import Gallery

__all__ = ["GaitDefence", "filtering", "partition_vote", "subset_vote", "undefended"]

Proof = tuple[GaitScorer, Method]

_STEPS = 20
_NO_WISHES = {"plausibility": 0.0, "reach": None, "coherence": None}
"""Of an attack, what its budget does not ask for."""


@dataclass(frozen=True)
class GaitDefence:
    """A defended gait recogniser.

    Attributes:
        target: what is attacked.
        gallery: what its answers are compared with, or the counter of its votes.
        judged: what answers to the judge, from a seed that no attack has seen; `target` where nothing is random.
        proof: what proves, about one kind of edit, that answers of the defended recogniser stay; None where nothing is
            proven.
        objectives: that an adversary who knows the defence optimises, besides the attack's own and in its place.
        arranged: from an attack to those that differ in what is done to its frames in the end.
    """

    target: Target
    gallery: Gallery
    judged: Callable[[int], Target]
    proof: Callable[[Edit], Proof] | None
    objectives: Callable[[Objective], tuple[Objective, ...]]
    arranged: Callable[[Attack], tuple[Attack, ...]] = lambda attack: (attack,)

    def adaptive(self, attack: Attack) -> tuple[Attack, ...]:
        """The same attack by who knows the defence, once for each way of it; of its outcomes the worst counts.

        It is not bound to the attack's wishes beyond the budget. Who may alter a frame is not bound to what the attack
        makes frames of either: each way is gone on pixels, too, from the clean frames. What was found is then arranged,
        where the defence lets it be.
        """
        own = getattr(attack, "objective", None)
        ways = self.objectives(own if isinstance(own, Objective) else Cosine())
        aware = [*_by(attack, ways), *_on_pixels(attack, ways)]
        if not hasattr(self.target, "surrogate"):
            aware = [each for each in aware if each != attack]  # which is run as it is
        return tuple(each for one in aware for each in self.arranged(OnSurrogate(one, self.gallery)))


def _by(attack: Any, ways: tuple[Objective, ...]) -> list[Attack]:
    """The attack with each of the objectives, without wishes of its own; as it is where it has no objective."""
    if not isinstance(getattr(attack, "objective", None), Objective):
        return [attack]
    wishes = {name: value for name, value in _NO_WISHES.items() if hasattr(attack, name)}
    return [replace(attack, objective=way, **wishes) for way in ways]


def _on_pixels(attack: Any, ways: tuple[Objective, ...]) -> list[Attack]:
    """A descent on the pixels of as many frames at the same places; none where the attack is that, or inserts."""
    budget, positions = getattr(attack, "budget", None), getattr(attack, "positions", First())
    alters = getattr(attack, "edit", "alter") == "alter" and not isinstance(attack, PixelAttack)
    if not alters or not isinstance(budget, Sparsity):
        return []
    if isinstance(positions, GreedyGradient | GreedyTrials):  # which ask the target, as pixels cannot
        positions = First()
    steps = max(_STEPS, getattr(attack, "iterations", 0))
    return [PixelAttack(budget, positions, way, iterations=steps) for way in ways]


def undefended(target: Target, gallery: Gallery) -> GaitDefence:
    """A recogniser with a gallery of its own, whatever was done to its weights or its pooling.

    Who knows it knows its gallery, and optimises its `surrogate` where it has one.
    """
    return GaitDefence(target, gallery, lambda seed: target, None, lambda own: (own, JointVotes(gallery)))


def partition_vote(target: Target, gallery: Gallery, groups: int = 5, by_content: bool = False) -> GaitDefence:
    """Groups of frames vote: what `certify.Partition` is about."""
    counting = VotingGallery(gallery.enrolled, gallery.distance, groups)
    voting = piecewise(target, ByContent(groups) if by_content else ByIndex(groups))

    def proof(edit: Edit) -> Proof:
        return GaitScorer(target, gallery), Partition(groups, "content" if by_content else "index", edit)

    def arranged(attack: Attack) -> tuple[Attack, ...]:
        return (attack, AcrossGroups(attack, ByContent(groups), gallery)) if by_content else (attack,)

    return GaitDefence(voting, counting, lambda seed: voting, proof, lambda own: (JointVotes(gallery),), arranged)


def subset_vote(
    target: FrameSeparable, gallery: Gallery, frames: int = 8, votes: int = 100, sampling: Sampling = Sampling()
) -> GaitDefence:
    """Random subsets of frames vote: what `certify.Ablation` is about.

    Args:
        frames: of a subset.
        votes: subsets that answer.
        sampling: of the certificate, whose subsets are its own.
    """
    voting = SubsetVote(target, SubsetsByLength(votes, frames))
    counting = VotingGallery(gallery.enrolled, gallery.distance, votes)

    def proof(edit: Edit) -> Proof:
        return GaitScorer(target, gallery), Ablation(frames, edit, sampling)

    return GaitDefence(voting, counting, voting.fresh, proof, lambda own: (JointVotes(gallery, counting=False),))


def filtering(target: FrameFilter, gallery: Gallery, weights: tuple[float, ...] = (0.03, 0.3, 3.0)) -> GaitDefence:
    """Implausible frames are not seen. Who knows it goes past the filter, with its alarm as a penalty.

    Args:
        weights: of the penalty, each tried.
    """

    def objectives(own: Objective) -> tuple[Objective, ...]:
        return tuple(Evading(wanted, weight) for wanted in (own, JointVotes(gallery)) for weight in weights)

    return GaitDefence(target, gallery, lambda seed: target, None, objectives)
