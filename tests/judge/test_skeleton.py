"""Verdicts computed by hand: an action is how far the head is from the origin along each axis."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
import torch

from stumble.data.actions import Clip
from stumble.errors import StumbleError
from stumble.interfaces import Goal, Output, SkeletonAttackResult, SkeletonConstraint, SkeletonInput
from stumble.judge import SkeletonJudge
from stumble.layouts import NTU25, OPENPOSE18
from stumble.sequences import Skeletons

HEAD = NTU25.joints.index("head")


@dataclass
class Pointing:
    """Logits are the sums of the first person's head coordinates over the frames; keeps what it was asked."""

    takes: SkeletonInput = SkeletonInput(NTU25)
    asked: list[tuple[str, ...]] = field(default_factory=list)

    def __call__(self, batch: Skeletons) -> Output:
        self.asked.append(batch.ids)
        return Output(logits=batch.joints[:, 0, :, HEAD].sum(1))


@dataclass(frozen=True)
class Moved(SkeletonConstraint):
    """At most so far."""

    limit: float

    def project(self, adversarial: Skeletons, clean: Skeletons) -> Skeletons:
        return clean

    def violation(self, adversarial: Skeletons, clean: Skeletons) -> torch.Tensor:
        return ((adversarial.joints - clean.joints).abs().amax((1, 2, 3, 4)) - self.limit).clamp_min(0)


CLASSES = ("right", "up", "away")
CLIPS = (Clip("a", 0, "001", "002"), Clip("b", 0, "003", "002"))


def heads(*positions: list[list[float]]) -> Skeletons:
    """Each sequence a list of head positions; all other joints stand at 1."""
    joints = [torch.ones(1, len(p), 25, 3) for p in positions]
    for one, position in zip(joints, positions, strict=True):
        one[0, :, HEAD] = torch.tensor(position)
    return Skeletons.pad(joints, ["a", "b"][: len(positions)], NTU25)


CLEAN = heads([[2, 1, 0], [2, 1, 0]], [[0, 1, 0]])
STORED = heads([[2, 1, 0], [2, 4, 0]], [[0, 1, 0.5]])
RESULT = SkeletonAttackResult(STORED, torch.tensor([7, 8]), torch.tensor([9, 10]), ("budget", "reached"))
UNTARGETED = Goal("untargeted", torch.tensor([0, 1]))
TARGETED = Goal("targeted", torch.tensor([0, 1]), torch.tensor([1, 2]))


def verdicts(
    judge: SkeletonJudge | None = None,
    goal: Goal = UNTARGETED,
    stored: Skeletons = STORED,
    result: SkeletonAttackResult = RESULT,
    clean: Skeletons = CLEAN,
) -> dict[str, list[Any]]:
    judge = judge or SkeletonJudge(Pointing(), CLASSES)
    table: dict[str, list[Any]] = judge(clean, stored, result, goal, CLIPS, {"box": Moved(1.0)}).to_pydict()
    return table


def test_verdicts_by_hand() -> None:
    table = verdicts()
    assert table["sample"] == ["a", "b"] and table["subject"] == ["001", "003"] and table["camera"] == ["002"] * 2
    assert table["label"] == ["right", "right"]
    assert table["predicted_before"] == ["right", "up"] and table["correct_before"] == [True, False]
    assert table["predicted_after"] == ["up", "up"] and table["correct_after"] == [False, False]
    assert table["fooled"] == [True, False]  # whatever the true class is
    assert table["goal"] == ["untargeted"] * 2 and table["wanted"] == [None, None]
    assert table["margin_before"] == [2 - 4, 0 - 1] and table["margin_after"] == [5 - 4, 0.5 - 1]
    assert table["frames"] == [2, 1]
    assert table["steps"] == [7, 8] and table["queries"] == [9, 10] and table["stopped"] == ["budget", "reached"]


def test_untargeted_the_class_to_leave_is_this_targets_own() -> None:
    """Whatever another target, which the attack saw, takes the clean sequences for."""
    assert verdicts(goal=Goal("untargeted", torch.tensor([2, 2]))) == verdicts()


def test_a_targeted_goal_is_reached_by_the_wanted_class_alone() -> None:
    table = verdicts(goal=TARGETED)
    assert table["wanted"] == ["up", "away"] and table["fooled"] == [True, False]
    assert table["margin_before"] == [2 - 4, 0 - 1] and table["margin_after"] == [5 - 4, 0.5 - 1]
    elsewhere = replace(TARGETED, wanted=torch.tensor([2, 0]))
    assert verdicts(goal=elsewhere)["fooled"] == [False, False]


def test_probabilities_are_those_of_the_predicted_class() -> None:
    table = verdicts()
    before, after = [4.0, 2.0, 0.0], [4.0, 5.0, 0.0]
    assert table["probability_before"][0] == pytest.approx(math.exp(4) / sum(map(math.exp, before)), rel=1e-5)
    assert table["probability_after"][0] == pytest.approx(math.exp(5) / sum(map(math.exp, after)), rel=1e-5)


def test_violations_and_looks_are_those_of_what_was_stored() -> None:
    table = verdicts()
    assert table["violation_box"] == [2, 0]
    assert table["joint_max"] == pytest.approx([3000, 500]) and table["coordinate_max"] == [3, 0.5]
    assert table["joint_mean"] == pytest.approx([3000 / 50, 500 / 25])
    assert table["realness"] == [None, None]
    judge = SkeletonJudge(Pointing(), CLASSES, lambda joints, visible: (joints[:, HEAD, 1] < 4).float())
    assert verdicts(judge)["realness"] == [50, 100] and verdicts(judge)["realness_clean"] == [100, 100]


def test_what_the_attack_claims_does_not_matter() -> None:
    lying = replace(RESULT, adversarial=CLEAN, stopped=("reached", "reached"))
    told, honest = verdicts(result=lying), verdicts()
    assert {k: v for k, v in told.items() if k != "stopped"} == {k: v for k, v in honest.items() if k != "stopped"}


def test_every_sequence_gets_a_forward_pass_of_its_own_and_clean_ones_only_once() -> None:
    target = Pointing()
    judge = SkeletonJudge(target, CLASSES)
    verdicts(judge)
    verdicts(judge, TARGETED)
    assert target.asked == [("a",), ("b",), ("a",), ("b",), ("a",), ("b",)]
    other = CLEAN.moved(CLEAN.joints + 1)
    assert verdicts(judge, clean=other, stored=other)["margin_before"] == [-2, -1]
    assert len(target.asked) == 10  # the name alone does not make it the same sequence


FLAT = Skeletons.pad([torch.ones(1, 2, 18, 2)], ["a"], OPENPOSE18, [torch.ones(1, 2, 18)])
BAD: list[tuple[Callable[[], Skeletons], str]] = [
    (lambda: STORED.moved(STORED.joints.double()), "float32; the stored ones are torch.float64"),
    (lambda: STORED.select([0]), r"1 stored sequences, ntu-25 .*; the judge expects the 2 clean ones"),
    (lambda: replace(STORED, ids=("a", "c")), "the judge expects the 2 clean ones"),
    (lambda: STORED.moved(STORED.joints.log()), "a: found 2 stored coordinates that are NaN or infinite"),
    (lambda: replace(STORED, present=~STORED.present), "present of the stored sequences is not that of the clean"),
    (lambda: replace(STORED, lengths=torch.tensor([2, 2])), "lengths of the stored sequences"),
    (lambda: replace(STORED, confidence=torch.ones(2, 1, 2, 25)), "confidence of the stored sequences"),
]


@pytest.mark.parametrize(("stored", "message"), BAD)
def test_what_cannot_be_judged_is_said(stored: Callable[[], Skeletons], message: str) -> None:
    with pytest.raises(StumbleError, match=message):
        verdicts(stored=stored())


def test_a_confidence_that_was_raised_is_refused() -> None:
    judge = SkeletonJudge(Pointing(), CLASSES)
    raised = replace(FLAT, confidence=torch.full((1, 1, 2, 18), 0.5))
    result = replace(RESULT, adversarial=raised)
    with pytest.raises(StumbleError, match="confidence of the stored sequences"):
        judge(FLAT, raised, result, UNTARGETED.select(torch.tensor([0])), CLIPS[:1], {})


def test_a_target_that_does_not_answer_is_named() -> None:
    def answering(output: Callable[[Skeletons], Output]) -> SkeletonJudge:
        class Odd(Pointing):
            def __call__(self, batch: Skeletons) -> Output:
                return output(batch)

        return SkeletonJudge(Odd(), CLASSES)

    for output, message in (
        (lambda b: Output(embedding=torch.ones(1, 1, 1)), "a: the target answers with no logits"),
        (lambda b: Output(logits=torch.ones(1, 4)), "a: the target answers with 4 logits; the judge has 3 classes"),
        (lambda b: Output(logits=torch.full((1, 3), torch.nan)), "a: the target answers with logits that are NaN"),
    ):
        with pytest.raises(StumbleError, match=message):
            verdicts(answering(output))
