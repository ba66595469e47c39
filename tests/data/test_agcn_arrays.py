"""2s-AGCN's arrays: taken as they are, with all their frames, and told to be preprocessed."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stumble.data.agcn_arrays import open_agcn
from stumble.errors import DataError
from stumble.layouts import NTU25
from stumble.preprocess import TwoStream

WritePair = Callable[..., None]

NAMES = ["S001C002P003R002A013.skeleton", "S002C001P001R001A002.skeleton"]
JOINT, BONE = "_data_joint.npy", "_data_bone.npy"


def arrays(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Joints and their bones, by a slow loop."""
    joints = np.random.default_rng(seed).normal(size=(2, 3, 6, 25, 2)).astype(np.float32)
    joints[1, ..., 1] = 0
    bones = np.zeros_like(joints)
    for child, parent in NTU25.bones:
        bones[:, :, :, child] = joints[:, :, :, child] - joints[:, :, :, parent]
    return joints, bones


@pytest.fixture
def folder(tmp_path: Path, write_pair: WritePair) -> Path:
    for part, seed, names in (("train", 0, NAMES), ("val", 1, ["S001C001P001R001A001", "S003C001P001R001A001"])):
        joints, bones = arrays(seed)
        write_pair(tmp_path, part, joints, names, [12, 1] if part == "train" else [0, 0], JOINT)
        np.save(tmp_path / f"{part}{BONE}", bones)
    return tmp_path


def test_a_folder_of_arrays(folder: Path) -> None:
    data = open_agcn(folder)
    assert (data.format, data.preprocessing, data.layout) == ("2s-AGCN arrays", "2s-agcn", NTU25)
    assert [(clip.id, clip.part) for clip in data.clips] == [
        ("S001C001P001R001A001", "test"),
        ("S001C002P003R002A013", "train"),
        ("S002C001P001R001A002", "train"),
        ("S003C001P001R001A001", "test"),
    ]
    np.testing.assert_array_equal(data.load(data.clips[1]).positions, arrays(0)[0][0].transpose(3, 1, 2, 0))


def test_loop_padding_is_kept_and_absent_people_are_not(folder: Path) -> None:
    joints = arrays(0)[0]
    joints[1, :, 4:] = 0
    np.save(folder / f"train{JOINT}", joints)
    data = open_agcn(folder)
    positions = data.load(data.clips[2]).positions
    assert positions.shape == (1, 6, 25, 3)
    assert not positions[0, 4:].any()


def test_bones_can_be_compared_with_those_of_the_joints(folder: Path) -> None:
    joints, bones = open_agcn(folder), open_agcn(folder, stream="bone")
    assert bones.preprocessing == "2s-agcn bones" and bones.clips == joints.clips
    for clip in joints.clips:
        positions, differences = joints.load(clip).positions, bones.load(clip).positions
        for child, parent in NTU25.bones:
            np.testing.assert_array_equal(
                differences[..., child, :], positions[..., child, :] - positions[..., parent, :]
            )


def test_the_recipes_give_the_arrays_of_kinetics_that_were_written(tmp_path: Path, write_pair: WritePair) -> None:
    """As ST-GCN's, with y upwards; and their bones."""
    random = np.random.default_rng(6)
    confidence = np.sort(random.uniform(0.1, 1, (2, 2, 7, 18)), axis=1)[:, ::-1]
    array = np.concatenate([random.uniform(-0.5, 0.5, (2, 2, 7, 18, 2)), confidence[..., None]], -1)
    array[0, :, 5:] = 0
    array = array.transpose(0, 4, 2, 3, 1).astype(np.float32)
    write_pair(tmp_path, "val", array, ["a", "b"], [0, 1], JOINT)
    data = open_agcn(tmp_path)
    joints = data.load(data.clips[0])
    assert data.preprocessing == "raw" and joints.positions.shape == (2, 5, 18, 2)
    np.testing.assert_allclose(joints.positions[1, 2, :, 1], 0.5 - array[0, 1, 2, :, 1], rtol=0, atol=1e-6)
    batch = data.batch(data.clips)
    np.testing.assert_allclose(TwoStream(frames=7)(batch).numpy(), array, rtol=0, atol=1e-6)
    bones = TwoStream("bone", frames=7)(batch).numpy()
    np.save(tmp_path / f"val{BONE}", bones)
    stored = open_agcn(tmp_path, stream="bone")
    np.testing.assert_array_equal(stored.load(stored.clips[0]).positions, bones[0, :, :5].transpose(3, 1, 2, 0))


def test_bones_alone_are_an_error(folder: Path) -> None:
    (folder / f"val{JOINT}").unlink()
    with pytest.raises(
        DataError, match=r"val_data_bone\.npy: found bones without joints; expected val_data_joint\.npy"
    ):
        open_agcn(folder)


@given(st.integers(0, 10**6), st.lists(st.tuples(st.integers(0, 300), st.integers(0, 255)), max_size=4))
def test_nothing_but_a_data_error_comes_out(
    tmp_path_factory: pytest.TempPathFactory, write_pair: WritePair, cut: int, flips: list[tuple[int, int]]
) -> None:
    folder = tmp_path_factory.mktemp("fuzz")
    write_pair(folder, "train", arrays(0)[0], NAMES, [0, 1], JOINT)
    path = folder / f"train{JOINT}"
    content = bytearray(path.read_bytes())
    for position, value in flips:
        content[position % len(content)] = value
    path.write_bytes(content[: cut % len(content)] if cut % 2 else content)
    with suppress(DataError):
        for _, joints in open_agcn(folder).sequences():
            assert np.isfinite(joints.positions).all()
