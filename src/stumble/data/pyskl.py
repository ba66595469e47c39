"""PYSKL's and MMAction2's pickles of NTU in space: {"split": {name: [clip]}, "annotations": [{...}]}."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from stumble.data.action_notes import ActionNote
from stumble.data.actions import ActionData, Clip, Joints
from stumble.data.class_names import LARGEST_LABEL, class_names
from stumble.data.damage import reading
from stumble.data.unpickling import load_pickle
from stumble.errors import DataError
from stumble.layouts import NTU25

__all__ = ["PYSKL_FORMAT", "open_pyskl"]

PYSKL_FORMAT = "PYSKL pickle"
HALVES = {"train": "train", "val": "test", "test": "test"}
EXPECTED = (
    'a pickle of {"split": {name: [clip, ...]}, "annotations": [{"frame_dir": str, "label": int, "total_frames": int, '
    '"keypoint": (people, frames, joints, coordinates)}, ...]}'
)


@dataclass(frozen=True)
class PickledClips:
    """Reads a clip from the pickle, which is loaded once and stays in memory."""

    path: Path

    def __call__(self, clip: Clip) -> Joints:
        annotation = self.annotations[clip.id]
        keypoint, frames = annotation["keypoint"], annotation.get("total_frames")
        where = f"{self.path}: {clip.id}"
        if frames is not None and frames != keypoint.shape[1]:
            raise DataError(where, f"total_frames {frames}", f"{keypoint.shape[1]}, as keypoint has")
        if not keypoint.any():
            raise DataError(where, "nobody in any frame", "at least one joint that is not zero")
        return Joints(np.array(keypoint, np.float32, order="C"))

    @cached_property
    def content(self) -> dict[str, Any]:
        """What the file holds; nothing in it is ever executed."""
        content = load_pickle(self.path)
        if not isinstance(content, dict) or not isinstance(content.get("annotations"), list):
            raise DataError(self.path, f"a pickle of {_outline(content)}", EXPECTED)
        return content

    @cached_property
    def annotations(self) -> dict[str, Mapping[str, Any]]:
        """By the clip's name."""
        found = dict[str, Mapping[str, Any]]()
        for number, annotation in enumerate(self.content["annotations"], 1):
            name = annotation.get("frame_dir") if isinstance(annotation, dict) else None
            if not isinstance(name, str):
                raise DataError(self.path, f"{_outline(annotation)} as annotation {number}", EXPECTED)
            if name in found:
                raise DataError(f"{self.path}: {name}", "two annotations", "one for every clip")
            keypoint = _checked(annotation, f"{self.path}: {name}")
            found[name] = {**annotation, "keypoint": keypoint}
        return found

    def __getstate__(self) -> dict[str, Any]:
        """The path alone: a worker process loads the file itself."""
        return {"path": self.path}


def open_pyskl(path: Path | str, split: str | None = None) -> ActionData:
    """The clips in one of PYSKL's pickles, such as `ntu60_3danno.pkl`.

    The authors have removed false detections and frames without a body, and rounded to half precision (2 mm at three
    metres): preprocessing "denoised". Names as NTU's give subject, camera and setup.

    Args:
        split: "xsub" gives the clips listed in the file as "xsub_train" the part "train" and those in "xsub_val" the
            part "test", and leaves out all others; None gives every clip, with its part where the file has one split.

    Raises:
        DataError: the file is damaged or names anything but arrays and plain containers, the joints are not NTU's 25
            in space (the 17 of COCO have no layout here), or it has no such split.
    """
    path = Path(path)
    read = PickledClips(path)
    note = ActionNote.of(path.parent)
    annotations = read.annotations
    splits = read.content.get("split")
    inside = _names(splits)
    listed = _parts(path, splits, split or inside[0]) if split is not None or len(inside) == 1 else {}
    parts = listed if split is not None else {**dict.fromkeys(annotations, ""), **listed}
    clips = [
        Clip.labelled(name, annotations[name]["label"], part) for name, part in parts.items() if name in annotations
    ]
    if not clips:
        raise DataError(path, "no clip", "at least one")
    return ActionData(
        name=path.stem,
        format=f"{PYSKL_FORMAT} with the splits {', '.join(inside)}" if len(inside) > 1 else PYSKL_FORMAT,
        layout=NTU25,
        classes=note.classes or class_names(Clip.labelled(name, a["label"]) for name, a in annotations.items()),
        clips=tuple(sorted(clips)),
        read=read,
        synthetic=note.synthetic,
        preprocessing="denoised",
        missing={name: "listed in the split, without an annotation" for name in parts if name not in annotations},
    )


def _checked(annotation: Mapping[str, Any], where: str) -> np.ndarray:
    keypoint, label = annotation.get("keypoint"), annotation.get("label")
    if type(label) is not int or label > LARGEST_LABEL:
        raise DataError(where, f"label {label!r}"[:60], f"a whole number of at most {LARGEST_LABEL}")
    if not isinstance(keypoint, np.ndarray) or keypoint.ndim != 4 or keypoint.dtype.kind != "f":
        outline = f"{keypoint.dtype} {keypoint.shape}" if isinstance(keypoint, np.ndarray) else _outline(keypoint)
        raise DataError(where, f"keypoint {outline}", "floating point (people, frames, 25, 3)")
    joints, coordinates = keypoint.shape[2:]
    if (joints, coordinates) != (len(NTU25), 3):
        named = " (COCO's, a layout that is not supported)" if joints == 17 else ""
        found = f"{joints} joints{named} of {coordinates} coordinates"
        raise DataError(where, found, f"{len(NTU25)} joints ({NTU25.name}) of 3")
    return keypoint.view(np.ndarray)


def _names(splits: Any) -> list[str]:
    """The splits of which the file lists the clips to train on and those to test on."""
    keys = [key for key in splits if isinstance(key, str)] if isinstance(splits, dict) else []
    names = [key.removesuffix("_train") for key in keys if key.endswith("_train")]
    return [name for name in names if f"{name}_val" in keys or f"{name}_test" in keys]


def _parts(path: Path, splits: Any, split: str) -> dict[str, str]:
    """The part of each clip that a split lists."""
    with reading(path, EXPECTED):
        names = {half: splits[f"{split}_{half}"] for half in HALVES if f"{split}_{half}" in splits}
        if not names:
            known = ", ".join(map(str, splits))[:80] or "none"
            raise DataError(path, f"the splits {known}", f"{split}_train and {split}_val")
        parts = dict[str, str]()
        for half, listed in names.items():
            for name in listed:
                if parts.setdefault(name, HALVES[half]) != HALVES[half]:
                    raise DataError(f"{path}: {name}", f"a clip in both parts of {split}", "one in one of them")
        return parts


def _outline(value: Any) -> str:
    if isinstance(value, dict):
        return f"a dict of {', '.join(map(str, value))[:60] or 'nothing'}"
    return type(value).__name__
