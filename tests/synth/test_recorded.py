"""Motion capture before the cameras: real walks as a data set, attacked and judged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from stumble.attacks import pgd
from stumble.campaign.gait import GaitEvaluation
from stumble.constraints import Sparsity
from stumble.data.trials import Trial, cmu_trials
from stumble.errors import SpecError
from stumble.models.gaitset import GaitSet
from stumble.synth.recorded import RecordedWalkers
from stumble.synth.walkers import Walkers

VIEWS = ("036", "090")


def trials(mocap: Path, *subjects: str, count: int = 1) -> tuple[Trial, ...]:
    found = cmu_trials(mocap / "cmu")
    return tuple(trial for subject in subjects for trial in [t for t in found if t.subject == subject][:count])


def test_a_recorded_walk_as_a_data_set(mocap: Path) -> None:
    data = RecordedWalkers(trials(mocap, "07")).data(VIEWS)
    assert [key.id for key in data.keys] == ["007/nm-01/036", "007/nm-01/090"]
    assert data.synthetic and data.protocol == "casia-b" and "motion capture" in data.name
    frames = data.load(data.keys[1])
    assert frames.shape[1:] == (64, 44) and 40 <= len(frames) <= 95
    filled = (frames > 127).mean((1, 2))
    assert 0.1 < filled.min() <= filled.max() < 0.6
    width = (frames[:, 40:60] > 127).any(1).sum(1)  # of the legs, which open and close
    assert width.max() - width.min() > 12


def test_the_body_is_that_of_the_synthetic_person_of_the_same_number_on_one_ground(mocap: Path) -> None:
    world = Walkers(seed=3)
    walkers = RecordedWalkers(trials(mocap, "35", count=2), world)
    body, motion = walkers.walk("035", "nm-02")
    assert body.stature == world.person(35).shape.stature
    np.testing.assert_allclose(motion.root[:, :2].min(0) + motion.root[:, :2].max(0), 0, atol=1e-9)
    lowest = body.pose(motion.rotations, motion.root)[:, :, 2].min(1)
    assert -0.06 < lowest.min() <= lowest.max() < 0.06


def test_the_same_trial_gives_the_same_silhouettes(mocap: Path) -> None:
    walkers = RecordedWalkers(trials(mocap, "02"))
    one, two = (walkers.silhouettes("002", "nm-01", ["090"])["090"] for _ in range(2))
    np.testing.assert_array_equal(one, two)


def test_subjects_must_be_numbers() -> None:
    with pytest.raises(SpecError, match="recorded subject 'bk': expected a number"):
        RecordedWalkers((Trial("bk", "1", Path("x.amc")),)).data()
    with pytest.raises(SpecError, match="recorded walk 007/nm-02: expected one of 007/nm-01"):
        RecordedWalkers((Trial("7", "1", Path("x.amc")),)).walk("007", "nm-02")


def test_recorded_walks_are_attacked_and_judged(mocap: Path, tmp_path: Path) -> None:
    """The whole path: motion files, bodies, cameras, pretreatment, a network, an attack, verdicts."""
    data = RecordedWalkers(trials(mocap, "07", "35", count=5)).data(VIEWS)
    torch.manual_seed(0)
    network = GaitSet().eval()
    evaluation = GaitEvaluation.prepare(network, data, subjects=data.subjects, frames=4)
    assert len(evaluation.probes) == 2 * 2
    verdicts = evaluation.attack(pgd(Sparsity(frames=1), iterations=2), "untargeted", tmp_path)
    assert verdicts.num_rows == 2 * 2 * 1  # every probe against the gallery of the other view
    assert set(verdicts["violation"].to_pylist()) == {0.0}
    assert set(verdicts["edited"].to_pylist()) == {1}
    assert set(verdicts["subject"].to_pylist()) == {"007", "035"}
