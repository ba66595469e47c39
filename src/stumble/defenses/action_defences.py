"""Ways to defend an action recogniser, each with what answers, what is proven of it, and how it is attacked by who
knows it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from stumble.certify import (
    ActionScorer,
    ByIndex,
    Method,
    Sampling,
    Smoothing,
    Stretched,
    VotingClassifier,
)
from stumble.defenses.adaptive import ActionsOnSurrogate
from stumble.defenses.mean_of_pieces import MeanOfPieces
from stumble.defenses.smoothed import Smoothed
from stumble.interfaces import SkeletonAttack, SkeletonTarget
from stumble.objectives import Margin, Objective

__all__ = ["ActionDefence", "group_vote", "smoothing", "unprotected"]

_NO_WISHES = {"smooth": False, "prior": None}
"""Of an attack, what its budget does not ask for."""


@dataclass(frozen=True)
class ActionDefence:
    """A defended action recogniser.

    Attributes:
        target: what is attacked.
        judged: what answers to the judge, from a seed that no attack has seen; `target` where nothing is random.
        surrogates: what who knows the defence optimises in its place, from a seed, each tried.
        proof: what proves that answers stay when joints are moved; None where nothing is proven.
    """

    target: SkeletonTarget
    judged: Callable[[int], SkeletonTarget]
    surrogates: tuple[Callable[[int], SkeletonTarget], ...]
    proof: tuple[ActionScorer, Method] | None = None

    def adaptive(self, attack: SkeletonAttack) -> tuple[SkeletonAttack, ...]:
        """The same attack by who knows the defence, once for each way of it; of its outcomes the worst counts.

        It optimises each surrogate; the margin of logits in the objective's place, too; and that without the wishes for
        smooth movement and natural poses, which are no part of its budget.
        """
        unaware: Any = attack
        ways = [attack]
        if isinstance(getattr(unaware, "objective", None), Objective):
            ways.append(replace(unaware, objective=Margin()))
            wishes = {name: value for name, value in _NO_WISHES.items() if hasattr(unaware, name)}
            if wishes:
                ways.append(replace(unaware, objective=Margin(), **wishes))
        pairs = [(way, surrogate) for surrogate in self.surrogates for way in ways]
        if self.surrogates[0](0) is self.target:
            pairs = pairs[1:]  # the attack as it is, which is run as it is
        return tuple(ActionsOnSurrogate(*pair) for pair in pairs)


def unprotected(target: SkeletonTarget) -> ActionDefence:
    """A recogniser as it is, whatever was done to its weights."""
    return ActionDefence(target, lambda seed: target, (lambda seed: target,))


def group_vote(target: SkeletonTarget, groups: int = 3) -> ActionDefence:
    """Groups of frames vote, each slowed down to the pace of the whole. Of moved joints nothing is proven: they are in
    every group.

    Who knows the vote descends on the mean of the groups' logits, whose slope no group that is sure of itself hides,
    and on the recogniser as it is.
    """
    voting = VotingClassifier(Stretched(target, groups), ByIndex(groups))
    mean = MeanOfPieces(voting.target, voting.pieces)
    return ActionDefence(voting, lambda seed: voting, (lambda seed: mean, lambda seed: target))


def smoothing(
    target: SkeletonTarget,
    sigma: float = 0.01,
    votes: int = 32,
    sampling: Sampling = Sampling(portion=64),
) -> ActionDefence:
    """Noisy versions of a clip vote: what `certify.Smoothing` is about, whose samples are its own.

    Who knows of the noise descends on the mean logits of versions drawn anew at each step, and on the recogniser as it
    is.
    """
    smoothed = Smoothed(target, sigma, votes)
    proof = ActionScorer(target), Smoothing(sigma, sampling)
    return ActionDefence(smoothed, smoothed.reseeded, (smoothed.surrogate, lambda seed: target), proof)
