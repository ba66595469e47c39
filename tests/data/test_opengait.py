from __future__ import annotations

import json
import os
import pickle
from pathlib import Path

import numpy as np
import pytest

from stumble.data import SequenceKey, open_pickles, read_partition
from stumble.errors import DataError

FRAMES = np.random.default_rng(1).integers(0, 256, (5, 64, 64), np.uint8)


def write(root: Path, name: str, value: object) -> None:
    path = root / name
    path.parent.mkdir(parents=True)
    path.write_bytes(pickle.dumps(value))


def test_a_tree_of_pickles(tmp_path: Path) -> None:
    write(tmp_path, "001/bg-01/018/018.pkl", FRAMES)
    write(tmp_path, "001/bg-01/036/sils.pkl", FRAMES[:, :, 10:54])
    data = open_pickles(tmp_path)
    assert data.keys == (SequenceKey("001", "bg-01", "018"), SequenceKey("001", "bg-01", "036"))
    for key in data.keys:
        np.testing.assert_array_equal(data.load(key), FRAMES[:, :, 10:54])


def test_a_bad_pickle_damages_its_own_sequence_only(tmp_path: Path) -> None:
    class Runs:
        def __reduce__(self) -> object:
            return os.system, ("true",)

    write(tmp_path, "001/nm-01/000/000.pkl", FRAMES)
    write(tmp_path, "001/nm-01/018/018.pkl", Runs())
    write(tmp_path, "001/nm-01/036/036.pkl", {"frames": 3})
    data = open_pickles(tmp_path)
    assert len(data.load(data.keys[0])) == 5
    with pytest.raises(DataError, match=r"018\.pkl: found a pickle that names \w+\.system"):
        data.load(data.keys[1])
    with pytest.raises(DataError, match=r"036\.pkl: found dict; expected a uint8 array"):
        data.load(data.keys[2])


def test_a_partition_file(tmp_path: Path) -> None:
    path = tmp_path / "CASIA-B.json"
    path.write_text(json.dumps({"TRAIN_SET": ["001", "002"], "TEST_SET": ["075"]}))
    partition = read_partition(path)
    assert (partition.train, partition.test) == (("001", "002"), ("075",))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"TRAIN_SET": ["001"]}',
        '{"TRAIN_SET": "001", "TEST_SET": []}',
        '{"TRAIN_SET": [1], "TEST_SET": [2]}',
        '{"TRAIN_SET": ["001"], "TEST_SET": ["001"]}',
    ],
)
def test_a_partition_file_that_is_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "partition.json"
    path.write_text(text)
    with pytest.raises(DataError, match=r"partition\.json: found"):
        read_partition(path)
