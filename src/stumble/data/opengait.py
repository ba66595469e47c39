"""OpenGait's pretreated trees: `SID/TYPE/VIEW/VIEW.pkl`, a pickled uint8 array (n, 64, 64 or 44); partition files."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stumble.data.damage import reading
from stumble.data.gait import GaitData, SequenceKey, data_name
from stumble.data.splits import Partition
from stumble.data.trees import Note, folder_of, keys_with, single_file
from stumble.data.unpickling import load_pickle
from stumble.errors import DataError

__all__ = ["PickleTree", "open_pickles", "read_partition"]


@dataclass(frozen=True)
class PickleTree:
    """Reads the sequence of a key from a tree of pickled arrays."""

    root: Path

    def __call__(self, key: SequenceKey) -> np.ndarray:
        path = single_file(folder_of(self.root, key), ".pkl")
        frames = load_pickle(path)
        if not isinstance(frames, np.ndarray):
            raise DataError(path, type(frames).__name__, "a uint8 array (n, 64, 64) or (n, 64, 44)")
        return frames


def open_pickles(root: Path | str) -> GaitData:
    """The data set in a tree of OpenGait's pickles. Raises DataError where there is none."""
    root = Path(root)
    keys = keys_with(root, ".pkl")
    note = Note.of(root)
    return GaitData(data_name(root), keys, PickleTree(root), note.synthetic, note.protocol)


def read_partition(path: Path | str) -> Partition:
    """The people that OpenGait's JSON partition file trains and tests on. Raises DataError."""
    path = Path(path)
    expected = 'a JSON object {"TRAIN_SET": ["001", ...], "TEST_SET": [...]}'
    with reading(path, expected):
        content = json.loads(path.read_text(encoding="utf-8"))
        train, test = content["TRAIN_SET"], content["TEST_SET"]
    for subjects in (train, test):
        if not isinstance(subjects, list) or not all(isinstance(subject, str) for subject in subjects):
            raise DataError(path, f"{str(subjects)[:80]!r}", expected)
    if both := sorted(set(train) & set(test)):
        raise DataError(path, f"{', '.join(both[:5])} in both sets", "people either trained or tested on")
    return Partition(tuple(train), tuple(test))
