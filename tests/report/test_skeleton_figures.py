from __future__ import annotations

import base64
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from stumble.layouts import OPENPOSE18
from stumble.report import ActionSample
from stumble.report.skeleton_figures import pose_strip, recording, strip_svg


def unpacked(record: dict, name: str) -> np.ndarray:
    """As the player reads it, NaN where a joint is not there."""
    numbers = np.frombuffer(base64.b64decode(record[name]), "<i2").reshape(record["shape"])
    return np.where(numbers == -32768, np.nan, np.array(record["origin"]) + record["step"] * numbers)


def flat(sample: ActionSample) -> ActionSample:
    """The same in an image: two coordinates of 18 joints."""
    return replace(
        sample,
        layout=OPENPOSE18,
        clean=sample.clean[:, :, :18, :2],
        adversarial=sample.adversarial[:, :, :18, :2],
        visible=sample.visible[:, :, :18],
        attacked=sample.attacked[:18],
    )


def test_a_strip_of_poses_is_a_document_of_its_own(action: Callable[..., ActionSample]) -> None:
    root = ElementTree.fromstring(strip_svg(action(title="<script>&"), poses=6))
    assert root.findtext("{*}title") == "<script>&: clean above, attacked below"
    assert [text.text for text in root.iterfind("{*}text")] == ["1", "5", "9", "12", "16", "20"]
    assert len(root.findall("{*}g/{*}path")) == 6 * 3, "clean; clean beneath adversarial"
    assert len(root.findall("{*}g/{*}circle")) == 6 * 8, "the joints that the attack may move"


def test_poses_fill_their_columns_and_stay_inside(action: Callable[..., ActionSample]) -> None:
    for sample in (action(), flat(action())):
        strip = pose_strip(sample, poses=5)
        numbers = [n for pose in strip.poses for n in re.findall(r"-?[\d.]+", pose.clean + pose.adversarial)]
        points = np.array(numbers, float).reshape(-1, 2)
        assert (points >= 0).all() and (points <= (strip.column, strip.row)).all()
        spread = np.ptp(points, axis=0) / (strip.column, strip.row)
        assert 0.8 < spread.max() < 1
        assert [pose.x for pose in strip.poses] == [round(k * strip.column, 1) for k in range(5)]


def test_a_head_is_above_the_feet(action: Callable[..., ActionSample]) -> None:
    sample = action()
    upright, joints = sample.clean.copy(), [3, 15]  # head and left foot
    upright[..., joints, 1] = 0.9, -0.9
    sample = replace(sample, clean=upright, adversarial=upright, visible=np.ones_like(sample.visible))
    only_bone = re.findall(r"M([\d.]+),([\d.]+)L([\d.]+),([\d.]+)", pose_strip(sample).poses[0].clean)
    from_head, from_foot = (float(only_bone[k][1]) for k in (2, 13))  # bones that begin there: head, left foot
    assert from_head < from_foot, "y points down on paper"
    assert unpacked(recording(sample), "clean")[0, 0, 3, 1] > unpacked(recording(sample), "clean")[0, 0, 15, 1]
    image = flat(sample)
    assert unpacked(recording(image), "clean")[0, 0, 3, 1] < unpacked(recording(image), "clean")[0, 0, 15, 1]


def test_the_player_gets_every_joint_to_a_tenth_of_a_millimetre(action: Callable[..., ActionSample]) -> None:
    sample = action()
    visible = sample.visible.copy()
    visible[:, 3:5] = visible[:, :, 7] = False
    sample = replace(sample, visible=visible)
    record = recording(sample)
    assert (record["rate"], record["attacked"]) == (30.0, list(range(12, 20)))
    for name in ("clean", "adversarial"):
        read = unpacked(record, name)
        np.testing.assert_array_equal(np.isnan(read).any(-1), ~visible)
        np.testing.assert_allclose(read[visible], getattr(sample, name)[visible], atol=1e-4)


def test_joints_that_are_equal_are_drawn_equal(action: Callable[..., ActionSample]) -> None:
    same = replace(action(), adversarial=action().clean)
    assert recording(same)["clean"] == recording(same)["adversarial"]
    assert all(pose.clean == pose.adversarial for pose in pose_strip(same).poses)


def test_hidden_joints_have_no_bones_and_empty_frames_no_pose(action: Callable[..., ActionSample]) -> None:
    sample = action()
    visible = sample.visible.copy()
    visible[:, 10:] = False
    visible[..., 20] = False  # spine shoulder, the end of four bones
    strip = pose_strip(replace(sample, visible=visible), poses=4)
    assert [pose.frame for pose in strip.poses] == [0, 3, 6, 9]
    assert all(pose.clean.count("M") == 24 - 4 for pose in strip.poses)
    nobody = np.zeros_like(visible)
    two = replace(
        sample,
        clean=np.concatenate([sample.clean, np.zeros_like(sample.clean)]),
        adversarial=np.concatenate([sample.adversarial, np.zeros_like(sample.clean)]),
        visible=np.concatenate([visible, nobody]),
    )
    assert pose_strip(two, poses=4) == strip, "an absent second person leaves no trace"
