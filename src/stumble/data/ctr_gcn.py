"""CTR-GCN's arrays: one `.npz` with x_train, y_train, x_test, y_test; x (N, T, 150), y one-hot."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from stumble.data.action_notes import ActionNote
from stumble.data.actions import ActionData, Clip, Joints
from stumble.data.class_names import numbered
from stumble.data.damage import reading
from stumble.data.npz_members import npz_member
from stumble.data.ntu_actions import ntu_actions
from stumble.errors import DataError
from stumble.layouts import NTU25

__all__ = ["CTR_GCN_FORMAT", "open_ctr_gcn"]

CTR_GCN_FORMAT = "CTR-GCN .npz"
PARTS = ("train", "test")
PEOPLE, COORDINATES = 2, 3
WIDTH = PEOPLE * len(NTU25) * COORDINATES


@dataclass(frozen=True)
class NpzClips:
    """Reads a clip from its row of x_train or x_test."""

    path: Path

    def __call__(self, clip: Clip) -> Joints:
        with reading(self.path, f"x_{clip.part} of floating point (clips, frames, {WIDTH})"):
            row = np.array(self.arrays[clip.part][int(clip.id.rpartition("-")[2])], np.float32)
        people = row.reshape(-1, PEOPLE, len(NTU25), COORDINATES).transpose(1, 0, 2, 3)
        there = (people != 0).any((0, 2, 3)).nonzero()[0]
        if not len(there):
            raise DataError(f"{self.path}: {clip.id}", "nobody in any frame", "at least one joint that is not zero")
        return Joints(np.ascontiguousarray(people[:, : there[-1] + 1]))

    @cached_property
    def arrays(self) -> dict[str, np.ndarray]:
        """By the part, opened once: mapped, or read whole where the file is compressed."""
        return {part: npz_member(self.path, f"x_{part}") for part in PARTS}

    def __getstate__(self) -> dict[str, Any]:
        """The path alone, so that a worker process maps the file itself."""
        return {"path": self.path}


def open_ctr_gcn(path: Path | str) -> ActionData:
    """The clips in one of CTR-GCN's `.npz` files, such as `NTU60_CS.npz`.

    A row of x is a frame: two bodies of 25 joints of x, y and z in metres. The arrays of an uncompressed file (the
    authors' are) stay on disk. A clip ends with its last frame that is not all zero; its id is its part and row,
    "train-000012", because the file has no names. The authors have removed false detections and taken the first
    body's spine middle in the first frame as the origin: preprocessing "denoised, centred". In their NTU-120 files
    a lone person stands there twice.

    Raises:
        DataError: the file is damaged, lacks an array, or x and y do not fit together.
    """
    path = Path(path)
    read = NpzClips(path)
    note = ActionNote.of(path.parent)
    clips = list[Clip]()
    classes = 0
    with reading(path, f"x_train, y_train, x_test and y_test, x (clips, frames, {WIDTH}), y one-hot"):
        for part, x in read.arrays.items():
            if x.ndim != 3 or x.dtype.kind != "f" or x.shape[2] != WIDTH or x.shape[1] == 0:
                expected = f"floating point (clips, frames, {WIDTH}): {PEOPLE} x {len(NTU25)} joints x {COORDINATES}"
                raise DataError(path, f"x_{part} of {x.dtype} {x.shape}", expected)
            labels = _labels(path, part, len(x))
            classes = max(classes, labels.shape[1])
            rows = enumerate(labels.argmax(1).tolist())
            clips += [Clip(f"{part}-{row:06d}", label, part=part) for row, label in rows]
    if not clips:
        raise DataError(path, "no clip", "at least one")
    return ActionData(
        name=path.stem,
        format=CTR_GCN_FORMAT,
        layout=NTU25,
        classes=note.classes or _classes(classes),
        clips=tuple(sorted(clips)),
        read=read,
        synthetic=note.synthetic,
        preprocessing="denoised, centred",
    )


def _labels(path: Path, part: str, clips: int) -> np.ndarray:
    y = np.asarray(npz_member(path, f"y_{part}"))
    if y.ndim != 2 or len(y) != clips or y.shape[1] == 0:
        raise DataError(path, f"y_{part} of {y.shape}", f"({clips}, classes), as x_{part} has clips")
    wrong = ((y != 0).sum(1) != 1).nonzero()[0]
    if len(wrong):
        raise DataError(path, f"{(y[wrong[0]] != 0).sum()} classes in row {wrong[0]} of y_{part}", "one in every row")
    return y


def _classes(number: int) -> tuple[str, ...]:
    names = ntu_actions(number - 1)
    return names if len(names) == number else numbered(number)
