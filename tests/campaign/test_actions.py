"""From clips to verdicts, with a recogniser that needs no training: where the head is on average."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from stumble.campaign.action_summary import summarise_actions, summarise_clean
from stumble.campaign.actions import ActionEvaluation
from stumble.campaign.store import read_skeletons
from stumble.data.actions import ActionData, Clip, Joints
from stumble.errors import DataError, SpecError, TargetError
from stumble.interfaces import (
    Goal,
    Output,
    SkeletonAttack,
    SkeletonAttackResult,
    SkeletonConstraint,
    SkeletonInput,
    SkeletonTarget,
)
from stumble.layouts import NTU25, OPENPOSE18
from stumble.sequences import Skeletons

HEAD = NTU25.joints.index("head")
CLASSES = ("right", "up", "away")


@dataclass
class Pointing:
    """Logits are the coordinates of the head, mean over frames; keeps what it was asked."""

    takes: SkeletonInput = SkeletonInput(NTU25)
    asked: list[tuple[str, ...]] = field(default_factory=list)

    def __call__(self, batch: Skeletons) -> Output:
        self.asked.append(batch.ids)
        return Output(logits=batch.joints[:, 0, :, HEAD].sum(1) / batch.lengths[:, None])


@dataclass(frozen=True)
class Reached(SkeletonConstraint):
    """How far the head went."""

    def project(self, adversarial: Skeletons, clean: Skeletons) -> Skeletons:
        return adversarial

    def violation(self, adversarial: Skeletons, clean: Skeletons) -> torch.Tensor:
        return (adversarial.joints - clean.joints)[..., HEAD, :].abs().amax((1, 2, 3))


@dataclass(frozen=True)
class Nod(SkeletonAttack):
    """Moves every head towards the wanted class, or away from its own, by one."""

    seen: list[tuple[Skeletons, Goal]] = field(default_factory=list)

    def __call__(self, target: SkeletonTarget, batch: Skeletons, goal: Goal, *, seed: int) -> SkeletonAttackResult:
        self.seen.append((batch, goal))
        joints, rows = batch.joints.clone(), torch.arange(len(batch))
        if goal.wanted is None:
            joints[rows, 0, :, HEAD, goal.label] -= 1
        else:
            joints[rows, 0, :, HEAD, goal.wanted] += 1
        joints = torch.where(batch.present[..., None, None], joints, 0)
        one = torch.ones(len(batch), dtype=torch.int64)
        return SkeletonAttackResult(batch.moved(joints), one, one, ("done",) * len(batch))

    def constraints(self, batch: Skeletons) -> dict[str, SkeletonConstraint]:
        return {"head": Reached()}


# where the head is, and what it is said to show; the fourth clip is taken for "up"
HEADS = ((3.0, 2.5, 0.0), (0.2, 0.9, 0.1), (0.0, 0.1, 5.0), (0.3, 0.8, 0.1), (1.0, 0.4, 0.2), (0.1, 0.8, 0.3))
CLIPS = tuple(Clip(f"clip {k}", label, f"{k // 2:03d}", "001") for k, label in enumerate((0, 1, 2, 0, 0, 1)))


def read(clip: Clip) -> Joints:
    number = int(clip.id[-1])
    positions = np.ones((1 + number % 2, 3 + number, 25, 3), np.float32)
    positions[0, :, HEAD] = HEADS[number]
    return Joints(positions)


DATA = ActionData("heads", "made up", NTU25, CLASSES, CLIPS, read, synthetic=True)


@pytest.fixture
def evaluation() -> ActionEvaluation:
    return ActionEvaluation.prepare(Pointing(), DATA)


def test_clips_are_attacked_stored_and_judged(evaluation: ActionEvaluation, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    table = evaluation.attack(
        Nod(), "least-likely", tmp_path, seed=3, progress=lambda done, total: told.append((done, total))
    )
    assert table["sample"].to_pylist() == [clip.id for clip in CLIPS]
    assert table["wanted"].to_pylist() == ["away", "away", "right", "away", "away", "right"]
    assert table["fooled"].to_pylist() == [False, True, False, True, True, True]
    assert table["violation_head"].to_pylist() == [1] * 6
    assert told[-1] == (6, 6)
    (file,) = tmp_path.iterdir()
    stored = read_skeletons(file, NTU25)
    assert sorted(stored.ids) == [clip.id for clip in CLIPS]
    assert float(stored.joints[0, 0, 0, HEAD, 2]) == 1
    summary = summarise_actions(table)
    assert summary.success == pytest.approx(100 * 4 / 6) and summary.violations == {"head": 1}
    assert evaluation.attack(Nod(), "least-likely", tmp_path, seed=3).equals(table)


def test_clean_accuracy(evaluation: ActionEvaluation) -> None:
    told: list[tuple[int, int]] = []
    table = evaluation.clean(lambda done, total: told.append((done, total)))
    assert table["predicted"].to_pylist() == ["right", "up", "away", "up", "right", "up"]
    assert table["label"].to_pylist() == [CLASSES[clip.label] for clip in CLIPS]
    assert table["rank"].to_pylist() == [0, 0, 0, 1, 0, 0]
    assert told == [(k, 6) for k in range(1, 7)]
    assert summarise_clean(table).top1 == pytest.approx(100 * 5 / 6)


def test_the_target_is_asked_about_each_clean_clip_once_and_alone() -> None:
    target = Pointing()
    evaluation = ActionEvaluation.prepare(target, DATA)
    evaluation.clean()
    few = evaluation.select(labels=[0, 1])
    few.goal("least-likely", few.clips)
    few.aimed("up").clean()
    assert sorted(target.asked) == [(clip.id,) for clip in CLIPS]


def test_goals_leave_the_class_that_the_clean_clip_is_taken_for(evaluation: ActionEvaluation) -> None:
    taken_for = [0, 1, 2, 1, 0, 1]
    untargeted = evaluation.goal("untargeted", CLIPS)
    assert untargeted.label.tolist() == taken_for and untargeted.wanted is None
    least = evaluation.goal("least-likely", CLIPS)
    assert least.wanted is not None
    assert least.label.tolist() == taken_for and least.wanted.tolist() == [2, 2, 0, 2, 2, 0]
    one = evaluation.goal("least-likely", CLIPS[2:3])
    assert one.wanted is not None and one.wanted.tolist() == [0]


def test_clips_that_are_taken_for_the_wanted_class_already_are_left_out(
    evaluation: ActionEvaluation, tmp_path: Path
) -> None:
    aimed = evaluation.aimed("up")
    assert [clip.id for clip in aimed.clips] == ["clip 0", "clip 2", "clip 4"]
    goal = aimed.goal("up", aimed.clips)
    assert goal.wanted is not None and goal.wanted.tolist() == [1, 1, 1]
    table = evaluation.attack(Nod(), "up", tmp_path)
    assert table["sample"].to_pylist() == ["clip 0", "clip 2", "clip 4"]
    assert table["fooled"].to_pylist() == [True, False, True]
    assert evaluation.aimed("untargeted") is evaluation and evaluation.aimed("least-likely") is evaluation
    with pytest.raises(TargetError, match="taken for already"):
        evaluation.goal("up", CLIPS)
    with pytest.raises(DataError, match="heads: found only clips that are taken for 'right' already; expected others"):
        replace(evaluation, clips=CLIPS[:1]).aimed("right")


def test_an_unknown_goal_names_the_nearest(evaluation: ActionEvaluation, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"found goal 'least likely'; expected .* such as 'least-likely'"):
        evaluation.attack(Nod(), "least likely", tmp_path)


def test_clips_are_chosen_by_class_and_few_are_always_the_same(evaluation: ActionEvaluation) -> None:
    assert [clip.label for clip in evaluation.select(labels=[0]).clips] == [0, 0, 0]
    few = evaluation.select(limit=3)
    assert len(few.clips) == 3 and list(few.clips) == [clip for clip in CLIPS if clip in few.clips]
    assert evaluation.select(limit=3) == few and evaluation.select(limit=9) == evaluation
    with pytest.raises(DataError, match="heads: found no clip of the classes away; expected at least one"):
        evaluation.select(labels=[0]).select(labels=[2])


def test_batches_fit_into_the_memory_and_lose_no_clip(evaluation: ActionEvaluation) -> None:
    ((clips, batch),) = evaluation.batches()
    assert sorted(clips) == sorted(CLIPS) and batch.ids == tuple(clip.id for clip in clips)
    assert torch.equal(batch.joints, DATA.batch(clips).joints)
    least = list(replace(evaluation, memory=1).batches())
    assert [len(clips) for clips, _ in least] == [1] * 6
    assert sorted(clip for clips, _ in least for clip in clips) == sorted(CLIPS)


def test_the_attack_sees_clean_clips_and_goals_in_their_order(evaluation: ActionEvaluation, tmp_path: Path) -> None:
    attack = Nod()
    evaluation.attack(attack, "untargeted", tmp_path)
    ((batch, goal),) = attack.seen
    seen = [next(clip for clip in CLIPS if clip.id == name) for name in batch.ids]
    assert torch.equal(batch.joints, DATA.batch(seen).joints)
    assert goal.label.tolist() == evaluation.goal("untargeted", seen).label.tolist()


def test_a_judge_with_a_discriminator(evaluation: ActionEvaluation, tmp_path: Path) -> None:
    judge = evaluation.judge(lambda joints, visible: (joints[:, HEAD].sum(1) < 5).float())
    table = evaluation.attack(Nod(), "least-likely", tmp_path, judge=judge)
    assert table["realness_clean"].to_pylist() == [0, 100, 0, 100, 100, 100]
    assert summarise_actions(table).realness is not None


def test_what_does_not_fit_is_said_before_anything_runs() -> None:
    with pytest.raises(DataError, match="heads: found no clip"):
        ActionEvaluation.prepare(Pointing(), replace(DATA, clips=()))
    with pytest.raises(TargetError, match=r"the target takes 3 coordinates of openpose-18 .* the data has .* ntu-25"):
        ActionEvaluation.prepare(Pointing(SkeletonInput(OPENPOSE18)), DATA)
    with pytest.raises(TargetError, match=r"the target has 3 classes; the data \(heads\) has 4"):
        ActionEvaluation.prepare(Pointing(), replace(DATA, classes=(*CLASSES, "down")))

    class Mute(Pointing):
        def __call__(self, batch: Skeletons) -> Output:
            return Output(embedding=torch.ones(len(batch), 1, 1))

    with pytest.raises(TargetError, match="clip 0: the target answers without finite logits"):
        ActionEvaluation.prepare(Mute(), DATA)


def test_damaged_clips_stop_the_attack_with_the_name_of_the_clip(evaluation: ActionEvaluation, tmp_path: Path) -> None:
    def damaged(clip: Clip) -> Joints:
        raise DataError(clip.id, "a damaged file", "joints")

    with pytest.raises(DataError, match="clip 0: found a damaged file"):
        replace(evaluation, data=replace(DATA, read=damaged)).attack(Nod(), "untargeted", tmp_path)
    assert list(tmp_path.iterdir()) == []
