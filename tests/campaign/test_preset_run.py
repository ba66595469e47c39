"""Rows on disk, with a recogniser that needs no training: where the head is on average."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from stumble.attacks.one_step import OneStep
from stumble.campaign.actions import ActionEvaluation
from stumble.campaign.preset_run import PresetRun
from stumble.campaign.presets import Row
from stumble.campaign.store import read_skeletons
from stumble.constraints import JointBudget
from stumble.data.actions import ActionData, Clip, Joints
from stumble.errors import DataError, SpecError
from stumble.interfaces import Output, SkeletonInput
from stumble.layouts import NTU25
from stumble.sequences import Skeletons

ROW = Row("near", "near", OneStep(JointBudget(0.1)), "untargeted", {})
CLIPS = tuple(Clip(f"clip {k}", k % 3, f"{k // 2:03d}") for k in range(6))


@dataclass(frozen=True)
class Pointing:
    takes: SkeletonInput = SkeletonInput(NTU25)

    def __call__(self, batch: Skeletons) -> Output:
        return Output(logits=batch.joints[:, 0, :, 3].mean(1))


def read(clip: Clip) -> Joints:
    return Joints(np.random.default_rng(int(clip.id[-1])).standard_normal((1, 4, 25, 3)).astype(np.float32))


@pytest.fixture
def run(tmp_path: Path) -> PresetRun:
    data = ActionData("heads", "made up", NTU25, ("right", "up", "away"), CLIPS, read, synthetic=True)
    evaluation = ActionEvaluation.prepare(Pointing(), data)
    return PresetRun(evaluation, evaluation.judge(), tmp_path / "rows", {"data": {"name": "heads"}, "limit": None}, 1)


def test_a_row_is_stored_and_found_again(run: PresetRun) -> None:
    assert run.stored(ROW) is None
    fresh = run.attack(ROW)
    again = run.stored(ROW)
    assert again is not None and again.verdicts.equals(fresh.verdicts) and again.summary == fresh.summary
    (file,) = run.samples(ROW).iterdir()
    assert read_skeletons(file, NTU25).ids == tuple(clip.id for clip in CLIPS)
    assert fresh.summary.coordinate_max == pytest.approx(0.1)
    assert fresh.height == pytest.approx(np.mean(fresh.verdicts["height"].to_pylist()))


def test_a_row_of_another_specification_is_refused_and_the_difference_told(run: PresetRun) -> None:
    run.attack(ROW)
    farther = replace(ROW, attack=OneStep(JointBudget(0.2)))
    with pytest.raises(SpecError, match=r"near: found a row of another run \(attack.budget.epsilon 0.1, not 0.2\)"):
        run.stored(farther)
    with pytest.raises(SpecError, match=r"\(limit None, not 3; seed 1, not 2\); expected the same, or another --out"):
        replace(run, common={**run.common, "limit": 3}, seed=2).stored(ROW)
    with pytest.raises(SpecError, match=r"\(its specification .*, not .*\)"):
        replace(run, common={}).stored(ROW)


def test_an_interrupted_row_is_not_there(run: PresetRun) -> None:
    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run.attack(ROW, interrupt)
    assert run.stored(ROW) is None and not list(run.rows.iterdir())


def test_a_damaged_row_is_named(run: PresetRun) -> None:
    run.attack(ROW)
    file = run.rows / "near" / "verdicts.parquet"
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(DataError, match=r"near/verdicts.parquet: found .*; expected a row as stumble stores it"):
        run.stored(ROW)
    file.unlink()
    with pytest.raises(DataError, match=r"verdicts.parquet: found FileNotFoundError"):
        run.stored(ROW)
