from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest

from stumble.data.ctr_gcn import open_ctr_gcn
from stumble.errors import DataError
from stumble.layouts import NTU25
from stumble.preprocess import CtrGcn


def clips(seed: int, count: int, frames: int = 8) -> np.ndarray:
    """x of the format: a row is frames of two bodies of 25 joints of three coordinates, zeros behind and for nobody."""
    x = np.random.default_rng(seed).normal(size=(count, frames, 150)).astype(np.float32)
    for number in range(count):
        x[number, 1 + number % frames :] = 0
        if number % 2:
            x[number, :, 75:] = 0
    return x


def one_hot(labels: list[int], classes: int = 60) -> np.ndarray:
    return np.eye(classes)[labels]


def write(path: Path, compressed: bool = False, **changes: np.ndarray) -> Path:
    arrays = {"x_train": clips(0, 3), "y_train": one_hot([5, 0, 59]), "x_test": clips(1, 2), "y_test": one_hot([7, 7])}
    (np.savez_compressed if compressed else np.savez)(path, **{**arrays, **changes})
    return path


@pytest.mark.parametrize("compressed", [False, True])
def test_clips_of_both_parts(tmp_path: Path, compressed: bool) -> None:
    data = open_ctr_gcn(write(tmp_path / "NTU60_CS.npz", compressed))
    assert (data.name, data.layout, len(data.classes), data.preprocessing) == (
        "NTU60_CS",
        NTU25,
        60,
        "denoised, centred",
    )
    assert [str(clip) for clip in data.clips] == [
        *("test-000000", "test-000001"),
        *("train-000000", "train-000001", "train-000002"),
    ]
    assert [clip.part for clip in data.clips] == ["test"] * 2 + ["train"] * 3
    assert data.labels(data.clips).tolist() == [7, 7, 5, 0, 59]
    for clip, joints in data.sequences():
        x = clips(0 if clip.part == "train" else 1, 3 if clip.part == "train" else 2)[int(clip.id[-6:])]
        length = 1 + int(clip.id[-6:])
        assert joints.positions.shape == (2, length, 25, 3)
        for t in range(length):
            for person in range(2):
                for joint in range(25):
                    start = 75 * person + 3 * joint
                    np.testing.assert_array_equal(joints.positions[person, t, joint], x[t, start : start + 3])


def test_a_batch_goes_through_its_recipe(tmp_path: Path) -> None:
    data = open_ctr_gcn(write(tmp_path / "a.npz"))
    assert CtrGcn()(data.batch(data.clips)).shape == (5, 3, 64, 25, 2)


def test_a_worker_process_opens_the_file_itself(tmp_path: Path) -> None:
    data = open_ctr_gcn(write(tmp_path / "a.npz"))
    message = pickle.dumps(data)
    assert len(message) < 20_000
    np.testing.assert_array_equal(
        pickle.loads(message).load(data.clips[3]).positions, data.load(data.clips[3]).positions
    )


def test_other_numbers_of_classes_and_a_note(tmp_path: Path) -> None:
    path = write(tmp_path / "a.npz", y_train=one_hot([0, 1, 2], 3), y_test=one_hot([0, 1], 3))
    assert open_ctr_gcn(path).classes == ("class 1", "class 2", "class 3")
    assert not open_ctr_gcn(path).synthetic
    (tmp_path / "stumble.json").write_text(json.dumps({"synthetic": True, "classes": ["walk", "run", "hop"]}))
    assert open_ctr_gcn(path).classes == ("walk", "run", "hop")
    assert open_ctr_gcn(path).synthetic


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"x_test": clips(0, 2)[..., :144]}, r"found x_test of float32 \(2, 8, 144\); expected .* 150\)"),
        ({"x_train": np.zeros((3, 8, 150), np.int64)}, r"x_train of int64"),
        ({"y_test": one_hot([1, 2, 3])}, r"found y_test of \(3, 60\); expected \(2, classes\)"),
        ({"y_test": np.zeros((2, 60))}, r"found 0 classes in row 0 of y_test; expected one"),
        ({"y_train": one_hot([1, 2, 3]) + one_hot([1, 2, 4])}, r"found 2 classes in row 2 of y_train"),
        ({"y_train": np.array([1, 2, 3])}, r"y_train of \(3,\)"),
    ],
)
def test_arrays_that_do_not_fit(tmp_path: Path, changes: dict[str, np.ndarray], message: str) -> None:
    with pytest.raises(DataError, match=message):
        open_ctr_gcn(write(tmp_path / "a.npz", **changes))


def test_a_clip_without_anybody_and_one_of_no_numbers(tmp_path: Path) -> None:
    x = clips(1, 2)
    x[0], x[1, 0, 3] = 0, np.nan
    data = open_ctr_gcn(write(tmp_path / "a.npz", x_test=x))
    with pytest.raises(DataError, match="test-000000: found nobody in any frame"):
        data.load(data.clips[0])
    with pytest.raises(DataError, match="test-000001: found 1 frames with joints that are NaN"):
        data.load(data.clips[1])


def test_a_file_of_another_kind(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    path.write_bytes(b"no zip at all")
    with pytest.raises(DataError, match=r"a\.npz: found BadZipFile"):
        open_ctr_gcn(path)
    with pytest.raises(DataError, match=r"missing\.npz: found FileNotFoundError"):
        open_ctr_gcn(tmp_path / "missing.npz")
