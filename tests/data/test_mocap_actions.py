"""Motion capture as actions: a made-up recording whose joints are known, then HDM05 itself."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stumble.data.actions import ActionData
from stumble.data.mocap_actions import camera_joints, open_hdm05
from stumble.data.ntu25 import ACCLAIM
from stumble.data.recording import Recording
from stumble.data.trials import cmu_trials
from stumble.errors import DataError
from stumble.layouts import NTU25

NAMES = tuple(sorted({name for weights in ACCLAIM.values() for name in weights}))


def recording(frames: int, rate: float = 120.0, seed: int = 0) -> Recording:
    positions = np.random.default_rng(seed).normal(size=(frames, len(NAMES), 3))
    return Recording(Path("some.amc"), NAMES, positions, rate)


def test_every_fourth_frame_seen_by_a_camera_in_front() -> None:
    source = recording(9)
    joints = camera_joints(source, 30.0)
    assert joints.positions.shape == (1, 3, 25, 3) and joints.confidence is None
    (elbow,) = NTU25.index("left elbow")
    left, up, forward = source["lhumerus"][::4].T
    np.testing.assert_array_equal(joints.positions[0, :, elbow].T, np.float32([-left, up, -forward]))


@given(st.integers(1, 40), st.sampled_from([7.0, 24.0, 30.0, 50.0, 60.0, 119.0, 120.0]))
def test_frames_between_recorded_ones_lie_on_a_line(frames: int, rate: float) -> None:
    source = recording(frames)
    found = camera_joints(source, rate).positions[0]
    whole = camera_joints(source, 120.0).positions[0].astype(float)
    moments = [k / rate for k in range(1000) if k / rate <= (frames - 1) / 120 + 1e-12]
    assert len(found) == len(moments)
    for joint in (0, 24):
        for axis in range(3):
            expected = np.interp(np.array(moments) * 120, np.arange(frames), whole[:, joint, axis])
            np.testing.assert_allclose(found[:, joint, axis], expected, atol=1e-5)


def test_turning_is_a_rotation() -> None:
    """Distances cannot tell a rotation from a mirror image; the volume that three joints span can."""
    source = recording(1)
    seen = camera_joints(source, 120.0).positions[0, 0].astype(float)
    names = ("left elbow", "right knee", "head")
    own = [source[name][0] for name in ("lhumerus", "rfemur", "head")]
    assert np.linalg.det(seen[list(NTU25.index(*names))]) == pytest.approx(np.linalg.det(own), rel=1e-5)


@pytest.fixture(scope="session")
def hdm05(mocap: Path) -> ActionData:
    return open_hdm05(mocap / "hdm05")


def test_hdm05_is_eleven_actions_by_five_actors(hdm05: ActionData) -> None:
    assert len(hdm05) == 287 and len(hdm05.classes) == 11
    assert hdm05.subjects == ("bd", "bk", "dg", "mm", "tr")
    assert (hdm05.layout, hdm05.synthetic, hdm05.missing) == (NTU25, False, {})
    clip = next(clip for clip in hdm05.clips if clip.id == "HDM_bd_depositFloorR_001_120")
    assert (hdm05.classes[clip.label], clip.subject) == ("depositFloorR", "bd")
    assert hdm05.load(clip).positions.shape == (1, 76, 25, 3)  # 301 frames at 120 a second


@pytest.mark.parametrize("actor", ["bd", "tr"])
def test_people_stand_upright_in_metres_and_face_the_camera_in_a_squat(hdm05: ActionData, actor: str) -> None:
    label = hdm05.classes.index("squat1Reps")
    clip = hdm05.select([actor], labels=[label]).clips[0]
    joints = dict(zip(NTU25.joints, hdm05.load(clip).positions[0].transpose(1, 0, 2), strict=True))
    heights = joints["head"][:, 1]
    assert 1.4 < heights[0] < 1.9 and heights.min() < heights[0] - 0.25
    assert abs(min(joints["left foot"][:, 1].min(), joints["right foot"][:, 1].min())) < 0.15
    shoulders = joints["right shoulder"][0] - joints["left shoulder"][0]
    forward = np.cross(shoulders, [0, 1, 0]) * [-1, 0, -1]  # right × up points backwards
    toes = (joints["left foot"] - joints["left ankle"])[0] + (joints["right foot"] - joints["right ankle"])[0]
    assert forward @ toes > 0


def test_cmu_trials_become_clips_in_the_same_way(mocap: Path) -> None:
    walk = next(trial for trial in cmu_trials(mocap / "cmu") if (trial.subject, trial.name) == ("02", "01"))
    positions = camera_joints(walk.read(), 30.0).positions
    assert positions.shape == (1, 86, 25, 3)
    assert 1.3 < np.median(positions[0, :, 3, 1]) < 1.9


SKELETON = """:units
 length 0.45
:root
 order TX TY TZ RX RY RZ
 axis XYZ
 position 0 0 0
 orientation 0 0 0
:bonedata
{bones}:hierarchy
begin
root {names}
end
"""
BONE = "begin\nid 1\nname {name}\ndirection 0 1 0\nlength {length}\naxis 0 0 0 XYZ\nend\n"
BONES = [name for name in NAMES if name != "root"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two clips of a class by one actor, whose bones all point up, 10 inches each."""
    bones = "".join(BONE.format(name=name, length=4.5) for name in BONES)
    (tmp_path / "HDM_bd.asf").write_text(SKELETON.format(bones=bones, names=" ".join(BONES)))
    for action, take in (("walk", 1), ("hop", 2)):
        (tmp_path / action).mkdir()
        motion = "".join(f"{t}\nroot 0 0 {4.5 * t} 0 0 0\n" for t in range(1, 6))
        (tmp_path / action / f"HDM_bd_{action}_{take:03d}_120.amc").write_text(":DEGREES\n" + motion)
    return tmp_path


def test_units_are_those_that_the_files_state(folder: Path) -> None:
    data = open_hdm05(folder, 60.0)
    assert data.classes == ("hop", "walk") and [clip.label for clip in data.clips] == [0, 1]
    positions = data.load(data.clips[0]).positions
    expected = [[0, 0.254, -0.254 * t] for t in (1, 3, 5)]
    np.testing.assert_allclose(positions[0, :, 3], expected, atol=1e-6)


def test_a_motion_without_its_skeleton_is_left_out(folder: Path) -> None:
    (folder / "hop" / "HDM_xy_hop_003_120.amc").write_text("")
    data = open_hdm05(folder)
    assert len(data) == 2 and data.missing == {"HDM_xy_hop_003_120": "no HDM_xy.asf"}
    (folder / "HDM_bd.asf").unlink()
    with pytest.raises(DataError, match="found 3 motions, 3 of them without a skeleton; expected CLASS/HDM_ACTOR"):
        open_hdm05(folder)


def test_no_more_frames_than_were_recorded(folder: Path) -> None:
    for rate in (121.0, 0.0, float("nan")):
        with pytest.raises(DataError, match="found 120 frames a second; expected at least the"):
            open_hdm05(folder, rate)


@given(
    st.booleans(), st.integers(0, 10**6), st.lists(st.tuples(st.integers(0, 10**4), st.integers(0, 255)), max_size=4)
)
def test_nothing_but_a_data_error_comes_out(
    tmp_path_factory: pytest.TempPathFactory, motion: bool, cut: int, flips: list[tuple[int, int]]
) -> None:
    folder = tmp_path_factory.mktemp("fuzz")
    bones = "".join(BONE.format(name=name, length=4.5) for name in BONES)
    texts = {
        folder / "HDM_bd.asf": SKELETON.format(bones=bones, names=" ".join(BONES)),
        folder / "walk" / "HDM_bd_walk_001_120.amc": ":DEGREES\n1\nroot 0 0 1 0 0 0\n2\nroot 0 0 2 0 90 0\n",
    }
    (folder / "walk").mkdir()
    for damaged, (path, text) in enumerate(texts.items()):
        content = bytearray(text.encode())
        if damaged == motion:
            for position, value in flips:
                content[position % len(content)] = value
            content = content[: cut % len(content)] if cut % 2 else content
        path.write_bytes(content)
    with suppress(DataError):
        data = open_hdm05(folder)
        assert np.isfinite(data.load(data.clips[0]).positions).all()
