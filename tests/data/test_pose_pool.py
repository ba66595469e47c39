from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from stumble.data.actions import ActionData, Clip, Joints
from stumble.data.pose_pool import FolderPoses, draw_poses
from stumble.errors import DataError
from stumble.layouts import NTU25

CLIPS = (Clip("a", 0), Clip("b", 0), Clip("c", 0))


def read(clip: Clip) -> Joints:
    """Frame t of clip a, b, c stands at t + 1, 11, 21; the last frame is empty."""
    if clip.id == "c":
        raise DataError("c", "damage", "none")
    positions = np.zeros((1, 5, 25, 3), np.float32)
    positions[0, :4] = (np.arange(1, 5) + 10 * (ord(clip.id) - ord("a")))[:, None, None]
    return Joints(positions)


DATA = ActionData("made up", "none", NTU25, ("only",), CLIPS, read)


def test_a_few_poses_of_every_clip() -> None:
    poses, samples = draw_poses(DATA, 2).load()
    assert samples == ("a", "a", "b", "b")
    places = poses[:, 0, 0].tolist()
    assert len({*places}) == 4 and all(1 <= p <= 4 for p in places[:2]) and all(11 <= p <= 14 for p in places[2:])
    assert torch.equal(draw_poses(DATA, 2).poses, poses)
    assert not torch.equal(draw_poses(DATA, 2, seed=1).poses, poses)
    assert draw_poses(DATA, 99).samples == ("a",) * 4 + ("b",) * 4


def test_poses_with_joints_that_were_not_detected_are_left_out() -> None:
    def scored(clip: Clip) -> Joints:
        confidence = np.ones((1, 5, 25), np.float32)
        confidence[0, 1:, 7] = 0
        return Joints(np.ones((1, 5, 25, 3), np.float32), confidence)

    assert draw_poses(replace(DATA, read=scored)).samples == ("a", "b", "c")


def test_nothing_to_draw_from_is_an_error() -> None:
    with pytest.raises(DataError, match="made up: found no readable clip with people in it; expected at least one"):
        draw_poses(replace(DATA, clips=CLIPS[2:]))


def test_a_folder_is_read_once_and_a_few_of_its_clips_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = []

    def open_made_up(path: Path) -> ActionData:
        opened.append(path)
        return replace(DATA, clips=CLIPS[:2])

    monkeypatch.setattr("stumble.data.pose_pool.open_actions", open_made_up)
    pool = FolderPoses(Path("a folder of this test"), clips=1)
    _, samples = pool.load()
    assert len({*samples}) == 1 and len(samples) == 4
    assert pool.load()[1] == samples and len(opened) == 1
    assert {*replace(pool, clips=None).load()[1]} == {"a", "b"}
