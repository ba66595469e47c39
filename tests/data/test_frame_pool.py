from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from stumble.data import GaitData, SequenceKey, open_arrays, write_frames
from stumble.data.frame_pool import FolderFrames, draw_frames


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Three people, two walks each, of 8 frames; every frame has a level of its own."""
    for number in range(6):
        key = SequenceKey(f"00{number // 2 + 1}", f"nm-0{number % 2 + 1}", "090")
        levels = np.arange(10 * number, 10 * number + 8, dtype=np.uint8)
        frames = np.broadcast_to(levels[:, None, None], (8, 64, 64)).copy()
        write_frames(tmp_path / key.subject / key.condition / key.view / f"{key.view}.npz", frames)
    return tmp_path


def test_a_few_frames_of_every_sequence(tree: Path) -> None:
    frames, subjects = FolderFrames(tree, per_sequence=2).load()
    assert frames.shape == (12, 64, 44) and frames.dtype == torch.uint8
    assert subjects == ("001",) * 4 + ("002",) * 4 + ("003",) * 4
    levels = frames[:, 0, 0].tolist()
    assert len(set(levels)) == 12  # none twice
    assert [level // 10 for level in levels] == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]


def test_of_some_people_only(tree: Path) -> None:
    frames, subjects = FolderFrames(tree, subjects=("002",)).load()
    assert subjects == ("002", "002") and len(frames) == 2


def test_what_is_drawn_depends_on_the_seed_and_the_sequence_alone(tree: Path) -> None:
    data = open_arrays(tree)
    everybody, one = draw_frames(data, 2), draw_frames(data.select(subjects=["003"]), 2)
    assert torch.equal(everybody.frames[8:], one.frames)
    assert torch.equal(everybody.frames, draw_frames(data, 2).frames)
    assert not torch.equal(everybody.frames, draw_frames(data, 2, seed=1).frames)


def test_short_sequences_give_what_they_have_and_damaged_ones_nothing(tree: Path) -> None:
    (tree / "001" / "nm-01" / "090" / "090.npz").write_bytes(b"no longer an archive")
    pool = draw_frames(open_arrays(tree), 100)
    assert pool.subjects == ("001",) * 8 + ("002",) * 16 + ("003",) * 16
    assert pool.load() == (pool.frames, pool.subjects)


def test_of_nobody_there_are_no_frames() -> None:
    pool = draw_frames(GaitData("nobody", (), lambda key: np.zeros((0, 64, 44), np.uint8), True, "casia-b"))
    assert pool.frames.shape == (0, 64, 44) and pool.subjects == ()
