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
from stumble.defenses.smoothed import Smoothed
from stumble.interfaces import SkeletonAttack, SkeletonTarget
from stumble.objectives import Margin, Objective

__all__ = ["ActionDefence", "group_vote", "smoothing", "unprotected"]


@dataclass(frozen=True)
class ActionDefence:
    """A defended action recogniser.

    Attributes:
        target: what is attacked.
        judged: what answers to the judge, from a seed that no attack has seen; `target` where nothing is random.
        proof: what proves that answers stay when joints are moved; None where nothing is proven.
    """

    target: SkeletonTarget
    judged: Callable[[int], SkeletonTarget]
    proof: tuple[ActionScorer, Method] | None = None

    def adaptive(self, attack: SkeletonAttack) -> tuple[SkeletonAttack, ...]:
        """The same attack by who knows the defence, once for each way of it; of its outcomes the worst counts.

        It optimises the surrogate where there is one, and the margin of the votes or logits in the objective's place.
        """
        unaware: Any = attack
        if not isinstance(getattr(unaware, "objective", None), Objective):
            return (ActionsOnSurrogate(attack),)
        return ActionsOnSurrogate(attack), ActionsOnSurrogate(replace(unaware, objective=Margin()))


def unprotected(target: SkeletonTarget) -> ActionDefence:
    """A recogniser as it is, whatever was done to its weights."""
    return ActionDefence(target, lambda seed: target)


def group_vote(target: SkeletonTarget, groups: int = 3) -> ActionDefence:
    """Groups of frames vote, each slowed down to the pace of the whole. Of moved joints nothing is proven: they are in
    every group."""
    voting = VotingClassifier(Stretched(target, groups), ByIndex(groups))
    return ActionDefence(voting, lambda seed: voting)


def smoothing(
    target: SkeletonTarget,
    sigma: float = 0.01,
    votes: int = 32,
    sampling: Sampling = Sampling(portion=64),
) -> ActionDefence:
    """Noisy versions of a clip vote: what `certify.Smoothing` is about, whose samples are its own."""
    smoothed = Smoothed(target, sigma, votes)
    return ActionDefence(smoothed, smoothed.reseeded, (ActionScorer(target), Smoothing(sigma, sampling)))
