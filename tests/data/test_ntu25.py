from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from stumble.data.ntu25 import ACCLAIM, CMU_BVH, ntu25
from stumble.data.recording import Recording
from stumble.data.trials import Trial, cmu_trials
from stumble.errors import DataError
from stumble.layouts import NTU25


def test_a_walk_on_the_ntu_layout(mocap: Path) -> None:
    trial = next(t for t in cmu_trials(mocap / "cmu") if (t.subject, t.name) == ("07", "01"))
    joints = dict(zip(NTU25.joints, np.moveaxis(ntu25(trial.read()), 1, 0), strict=True))
    height = {name: float(np.median(path[:, 2])) for name, path in joints.items()}
    order = [
        "left foot",
        "left ankle",
        "left knee",
        "left hip",
        "spine base",
        "spine middle",
        "spine shoulder",
        "neck",
        "head",
    ]
    assert sorted(order, key=height.__getitem__) == order
    ahead = joints["spine base"][-1] - joints["spine base"][0]
    left = joints["left hip"] - joints["right hip"]
    assert (np.cross(left.mean(0), ahead)[2] < 0) and abs(left.mean(0) @ ahead) < 0.1 * np.linalg.norm(ahead)
    toes = (joints["left foot"] - joints["left ankle"]).mean(0)
    assert toes @ ahead > 0


@pytest.mark.parametrize("rules", [ACCLAIM, CMU_BVH])
def test_a_rule_for_every_joint_whose_weights_move_with_the_person(rules: dict[str, dict[str, float]]) -> None:
    assert set(rules) == set(NTU25.joints)
    assert all(sum(weights.values()) == pytest.approx(1) for weights in rules.values())


def test_axes() -> None:
    names = tuple({name: None for weights in ACCLAIM.values() for name in weights})
    position = np.array([1.0, 2.0, 3.0])  # left, up, ahead in the source
    recording = Recording(Path("x.amc"), names, np.tile(position, (2, len(names), 1)), 120.0)
    np.testing.assert_allclose(ntu25(recording), np.tile([3.0, 1.0, 2.0], (2, 25, 1)))


def test_names_that_nobody_knows() -> None:
    recording = Recording(Path("x.bvh"), ("a", "b"), np.zeros((1, 2, 3)), 30.0)
    with pytest.raises(DataError, match=r"x\.bvh: found joints a, b, \.\.\.; expected the joint names of CMU"):
        ntu25(recording)
    with pytest.raises(DataError, match="found a skeleton without 'c'; expected one of a, b"):
        recording["c"]


def test_trials_of_a_tree(tmp_path: Path) -> None:
    for name in ("07/07_02.amc", "07/07_01.amc", "07/07.asf", "35/35_01.amc", "bvh/35_01.bvh"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    trials = cmu_trials(tmp_path)
    assert [(t.subject, t.name) for t in trials] == [("07", "01"), ("07", "02"), ("35", "01")]
    assert trials[0].skeleton == tmp_path / "07" / "07.asf"
    with pytest.raises(DataError, match=r"35\.asf: found No such file"):
        trials[2].read()
    with pytest.raises(DataError, match="found no motion"):
        cmu_trials(tmp_path / "07")
    with pytest.raises(DataError, match=r"07_01\.amc: found no skeleton; expected an \.amc file with its \.asf file"):
        Trial("07", "01", trials[0].motion).read()
