"""Votes on clips, and what is descended on by who knows them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from stumble.attacks import CIASA, JointPGD
from stumble.certify import ByIndex
from stumble.constraints import JointBudget
from stumble.defenses import ActionsOnSurrogate, MeanOfPieces, Smoothed, group_vote, smoothing, unprotected
from stumble.interfaces import Goal, Output, SkeletonInput
from stumble.layouts import NTU25
from stumble.objectives import CrossEntropy, Margin
from stumble.sequences import Skeletons


@dataclass(frozen=True)
class Sure:
    """Whether the head is high on average, told so surely that a softmax has no slope."""

    takes: SkeletonInput = SkeletonInput(NTU25)

    def __call__(self, batch: Skeletons) -> Output:
        height = batch.joints[:, 0, :, 3, 1].sum(1) / batch.lengths
        return Output(logits=1e4 * torch.stack([-height, height], 1))


def heads(*heights: float) -> Skeletons:
    joints = torch.full((len(heights), 1, 6, 25, 3), 0.5)
    joints[:, 0, :, 3, 1] = torch.tensor(heights)[:, None]
    return Skeletons.pad(joints, [f"{k}" for k in range(len(heights))], NTU25)


GOAL = Goal("untargeted", torch.ones(2, dtype=torch.int64))
ATTACK = JointPGD(JointBudget(0.05), iterations=20)


def test_who_knows_the_vote_sees_a_slope_where_the_votes_have_none() -> None:
    defence, batch = group_vote(Sure(), 3), heads(0.02, 0.03)

    def taken_for(moved: Skeletons) -> list[int]:
        logits = defence.judged(9)(moved).logits
        assert logits is not None
        return logits.argmax(1).tolist()

    assert taken_for(batch) == [1, 1]
    unaware = JointPGD(ATTACK.budget, Margin(), iterations=20)(defence.target, batch, GOAL, seed=0)
    assert taken_for(unaware.adversarial) == [1, 1]
    knowing = defence.adaptive(ATTACK)
    ends = [taken_for(attack(defence.target, batch, GOAL, seed=0).adversarial) for attack in knowing]
    assert ends == [[1, 1], [0, 0]] * 2  # by cross-entropy and by margin, on each surrogate
    assert all(set(attack.constraints(batch)) == {"box", "untouched"} for attack in knowing)


def test_the_mean_of_pieces_is_that_of_their_logits() -> None:
    batch = heads(0.02, -0.03)
    mean = MeanOfPieces(Sure(), ByIndex(8))(batch).logits  # two of eight groups are empty
    torch.testing.assert_close(mean, Sure()(batch).logits)


def test_what_an_adversary_does_who_knows() -> None:
    """On each surrogate: the attack as it is, on the margin, and that without the wish for smoothness."""

    def ways(defence: Any, attack: Any) -> list[tuple[str, type, object]]:
        found = []
        for each in defence.adaptive(attack):
            assert isinstance(each, ActionsOnSurrogate)
            inner: Any = each.attack
            found.append((type(each.surrogate(1)).__name__, type(inner.objective), getattr(inner, "smooth", None)))
        return found

    ciasa = CIASA(iterations=3)
    three = [(CrossEntropy, True), (Margin, True), (Margin, False)]
    assert ways(unprotected(Sure()), ciasa) == [("Sure", *way) for way in three[1:]]  # the first is run as it is
    votes = [(name, *way) for name in ("MeanOfPieces", "Sure") for way in three]
    assert ways(group_vote(Sure(), 3), ciasa) == votes
    assert ways(smoothing(Sure(), 0.01), ciasa) == [(n, *way) for n in ("Smoothed", "Sure") for way in three]
    assert len(ways(unprotected(Sure()), ATTACK)) == 1
    noisy = smoothing(Sure(), 0.01).surrogates[0](5)
    assert isinstance(noisy, Smoothed) and noisy.anew and noisy.seed == 5
    judge = smoothing(Sure(), 0.01).judged(7)
    assert isinstance(judge, Smoothed) and not judge.anew and judge.seed == 7
