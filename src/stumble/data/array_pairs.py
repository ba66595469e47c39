"""Arrays (N, C, T, V, M) with a pickle of names and labels beside each: what ST-GCN and 2s-AGCN generate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stumble.data.action_notes import ActionNote, layout_with
from stumble.data.actions import ActionData, Clip, Joints
from stumble.data.class_names import LARGEST_LABEL, class_names
from stumble.data.damage import reading
from stumble.data.gait import data_name
from stumble.data.trees import files_in
from stumble.data.unpickling import load_pickle
from stumble.errors import DataError

__all__ = ["Content", "map_array", "open_pairs", "read_labels"]

PARTS = {"train": "train", "val": "test", "test": "test"}
SUFFIXES = (".skeleton", ".json")
EXPECTED_ARRAY = "a .npy file with floating point (clips, 3, frames, joints, people)"
EXPECTED_LABELS = "a pickle of (names of the clips, their classes as numbers)"


@dataclass(frozen=True)
class Content:
    """What the joints of one layout are.

    Attributes:
        preprocessing: what has been done to those that come out.
        padded: zeros behind the last frame with a person are padding, to be taken away.
        detected: the third channel is the confidence, and of joints with a confidence x and y are the position in the
            image less 0.5, times these signs. None: the channels are x, y and z.
    """

    preprocessing: str
    padded: bool
    detected: tuple[int, int] | None = None


@dataclass(frozen=True)
class ArrayClips:
    """Reads a clip from its row of an array, which is mapped anew each time, so that workers need no copy.

    Attributes:
        rows: by the clip's id, the file and the row in it.
        content: what its joints are.
    """

    rows: Mapping[str, tuple[Path, int]]
    content: Content

    def __call__(self, clip: Clip) -> Joints:
        path, row = self.rows[clip.id]
        with reading(path, EXPECTED_ARRAY):
            values = np.array(map_array(path)[row].transpose(3, 1, 2, 0), np.float32)  # (M, T, V, C)
        there = (values != 0).any((2, 3))
        if not there.any():
            raise DataError(f"{path}: {clip.id}", "nobody in any frame", "at least one joint that is not zero")
        people = there.any(1).nonzero()[0][-1] + 1
        frames = there.any(0).nonzero()[0][-1] + 1 if self.content.padded else values.shape[1]
        values = np.ascontiguousarray(values[:people, :frames])
        if self.content.detected is None:
            return Joints(values)
        confidence = values[..., 2]
        if not (np.isfinite(confidence) & (confidence >= 0)).all():
            raise DataError(f"{path}: {clip.id}", "a confidence that is negative or no number", "0 to 1")
        positions = values[..., :2] * np.array(self.content.detected, np.float32) + np.float32(0.5)
        return Joints(positions * (confidence > 0)[..., None], confidence)


def open_pairs(root: Path, ending: str, format: str, contents: Mapping[str, Content]) -> ActionData:
    """The clips in all files `PART{ending}` of a folder, with `PART_label.pkl` beside each.

    25 joints are NTU's, 18 are OpenPose's. Classes and the mark of synthetic data come from `stumble.json` in the
    folder, else the clips are NTU's or their classes have no names.

    Args:
        contents: what the joints are, by the name of the layout.

    Raises:
        DataError: a file is missing or damaged, or files do not fit together.
    """
    with reading(root, f"files *{ending}"):
        files = files_in(root, ending)
    if not files:
        raise DataError(root, f"no file *{ending}", f"*{ending} with *_label.pkl beside")
    note = ActionNote.of(root)
    layouts, rows, clips = set(), dict[str, tuple[Path, int]](), list[Clip]()
    for path in files:
        part = path.name.removesuffix(ending)
        labels_path = path.with_name(f"{part}_label.pkl")
        names, labels = read_labels(labels_path)
        shape = map_array(path).shape
        if shape[0] != len(names):
            raise DataError(path, f"{shape[0]} clips", f"{len(names)}, as {labels_path.name} has labels")
        layouts.add(layout_with(shape[3], path, note))
        for row, (name, label) in enumerate(zip(names, labels, strict=True)):
            clip = Clip.labelled(_without_suffix(name), label, PARTS.get(part.rpartition("_")[2], ""))
            if clip.id in rows:
                raise DataError(labels_path, f"{clip.id}, which {rows[clip.id][0].name} has too", "every clip once")
            rows[clip.id] = path, row
            clips.append(clip)
    if len(layouts) > 1:
        raise DataError(root, f"files of {' and '.join(sorted(x.name for x in layouts))}", "files of one layout")
    layout = layouts.pop()
    return ActionData(
        name=data_name(root),
        format=format,
        layout=layout,
        classes=note.classes or class_names(clips),
        clips=tuple(sorted(clips)),
        read=ArrayClips(rows, contents[layout.name]),
        synthetic=note.synthetic,
        preprocessing=contents[layout.name].preprocessing,
    )


def map_array(path: Path) -> np.memmap:
    """The array of a .npy file, on disk until it is used. Raises DataError where it is not (N, 3, T, V, M)."""
    with reading(path, EXPECTED_ARRAY):
        array = np.lib.format.open_memmap(path, mode="r")
        if array.ndim != 5 or 0 in array.shape or array.shape[1] != 3 or array.dtype.kind != "f":
            raise DataError(path, f"{array.dtype} {array.shape}", EXPECTED_ARRAY)
        return array


def read_labels(path: Path) -> tuple[list[str], list[int]]:
    """Names and labels of the clips in a label pickle. Raises DataError; nothing in the file is ever executed."""
    content = load_pickle(path)
    with reading(path, EXPECTED_LABELS):
        names, labels = content
        numbers = labels.tolist() if isinstance(labels, np.ndarray) else list(labels)
        if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
            raise DataError(path, "names that are no list of strings", EXPECTED_LABELS)
        if not all(type(number) is int for number in numbers):
            raise DataError(path, "labels that are no whole numbers", EXPECTED_LABELS)
        if max(numbers, default=0) > LARGEST_LABEL:
            raise DataError(path, f"the label {max(numbers)}", f"at most {LARGEST_LABEL}")
        if len(names) != len(numbers):
            raise DataError(path, f"{len(names)} names and {len(numbers)} labels", "as many of both")
        return list(names), numbers


def _without_suffix(name: str) -> str:
    for suffix in SUFFIXES:
        name = name.removesuffix(suffix)
    return name
