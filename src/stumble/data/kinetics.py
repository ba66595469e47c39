"""Kinetics-skeleton: a JSON file of OpenPose's detections per clip, and a label file per part."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from stumble.data.action_notes import ActionNote
from stumble.data.actions import ActionData, Clip, Joints
from stumble.data.damage import reading
from stumble.data.gait import data_name
from stumble.data.trees import files_in
from stumble.errors import DataError
from stumble.layouts import OPENPOSE18

__all__ = ["KINETICS_FORMAT", "open_kinetics"]

KINETICS_FORMAT = "Kinetics-skeleton"
LABELS, CLIP = "_label.json", ".json"
PARTS = {"train": "train", "val": "test", "test": "test"}
PEOPLE, JOINTS, COORDINATES = 5, len(OPENPOSE18), 2
LONGEST = 100_000
EXPECTED_CLIP = (
    '{"data": [{"frame_index": int, "skeleton": [{"pose": [36 numbers], "score": [18 numbers]}, ...]}, ...], '
    '"label_index": int}'
)
EXPECTED_LABELS = '{clip: {"has_skeleton": true or false, "label": str, "label_index": int}, ...}'


@dataclass(frozen=True)
class JsonClips:
    """Reads the file of a clip.

    Attributes:
        folders: by the clip's id.
    """

    folders: Mapping[str, Path]

    def __call__(self, clip: Clip) -> Joints:
        path = self.folders[clip.id] / f"{clip.id}{CLIP}"
        with reading(path, EXPECTED_CLIP):
            content = json.loads(path.read_text(encoding="utf-8"))
            if content["label_index"] != clip.label:
                raise DataError(path, f"label_index {content['label_index']}", f"{clip.label}, as in the label file")
            frames = _frames(path, content["data"])
            people = min(max(map(len, frames.values()), default=0), PEOPLE)
            if people == 0:
                raise DataError(path, "nobody in any frame", "at least one skeleton")
            positions = np.zeros((people, max(frames) + 1, JOINTS, COORDINATES), np.float32)
            confidence = np.zeros(positions.shape[:3], np.float32)
            for index, skeletons in frames.items():
                for person, skeleton in enumerate(skeletons[:PEOPLE]):
                    where = f"{path}, frame {index}"
                    pose = _numbers(where, skeleton, "pose", JOINTS * COORDINATES)
                    positions[person, index] = pose.reshape(JOINTS, COORDINATES)
                    confidence[person, index] = _numbers(where, skeleton, "score", JOINTS)
            if not (np.isfinite(confidence) & (confidence >= 0)).all():
                raise DataError(path, "a score that is negative or no number", "0 to 1")
        return Joints(positions, confidence)


def open_kinetics(root: Path | str) -> ActionData:
    """The clips in a folder as ST-GCN distributes it: `kinetics_train/*.json` with `kinetics_train_label.json`, ….

    x and y are in [0, 1] of the image's width and height, the confidence is apart. The first five people of a frame
    are read, in the order of the file, which may change from frame to frame. Frames that the file leaves out are
    empty. A folder whose name ends in "train" gives the part "train", "val" and "test" give "test".

    Raises:
        DataError: there is no label file with its folder, a label file is damaged, or a clip stands in two.
    """
    root = Path(root)
    with reading(root, f"*{LABELS} files with a folder beside each"):
        label_files = files_in(root, LABELS)
    clips, folders, missing, names = list[Clip](), dict[str, Path](), dict[str, str](), dict[int, str]()
    for label_file in label_files:
        stem = label_file.name.removesuffix(LABELS)
        with reading(root / stem, f"a folder with the clips of {label_file.name}"):
            there = {path.name.removesuffix(CLIP) for path in files_in(root / stem, CLIP)}
        labels = _labels(label_file)
        missing |= dict.fromkeys(sorted(there - labels.keys()), f"not in {label_file.name}")
        for name, (label, text, seen) in labels.items():
            if names.setdefault(label, text) != text:
                raise DataError(label_file, f"class {label} {text!r}", f"{names[label]!r}, as elsewhere")
            if name in folders:
                raise DataError(label_file, f"{name}, which {folders[name].name}{LABELS} has too", "every clip once")
            folders[name] = root / stem
            if not seen or name not in there:
                missing[name] = "without a skeleton" if not seen else "without a file"
            else:
                clips.append(Clip(name, label, part=PARTS.get(stem.rpartition("_")[2], "")))
    if not clips:
        raise DataError(root, "no clip", f"*{LABELS} files with a folder beside each")
    note = ActionNote.of(root)
    return ActionData(
        name=data_name(root),
        format=KINETICS_FORMAT,
        layout=OPENPOSE18,
        classes=note.classes or tuple(names.get(label, f"class {label + 1}") for label in range(max(names) + 1)),
        clips=tuple(sorted(clips)),
        read=JsonClips({clip.id: folders[clip.id] for clip in clips}),
        synthetic=note.synthetic,
        missing=missing,
    )


def _labels(path: Path) -> dict[str, tuple[int, str, bool]]:
    """By the clip's name, its class as a number and in words, and whether it has a skeleton."""
    with reading(path, EXPECTED_LABELS):
        found = dict[str, tuple[int, str, bool]]()
        for name, facts in json.loads(path.read_text(encoding="utf-8")).items():
            label, text, seen = facts["label_index"], facts["label"], facts["has_skeleton"]
            if type(label) is not int or not 0 <= label < LONGEST or type(text) is not str or type(seen) is not bool:
                raise DataError(path, f"{name}: {str(facts)[:80]}", EXPECTED_LABELS)
            found[name] = label, text, seen
        return found


def _frames(path: Path, data: list[dict[str, Any]]) -> dict[int, list[dict[str, Any]]]:
    """The skeletons of each frame."""
    frames = dict[int, list[dict[str, Any]]]()
    for frame in data:
        index = frame["frame_index"]
        if type(index) is not int or not 0 <= index < LONGEST or index in frames:
            found = f"frame_index {str(index)[:20]}"
            raise DataError(path, found, f"whole numbers from 0 to {LONGEST - 1}, each once")
        frames[index] = frame["skeleton"]
    return frames


def _numbers(where: str, skeleton: dict[str, Any], name: str, count: int) -> np.ndarray:
    values = np.asarray(skeleton[name])
    if values.shape != (count,) or values.dtype.kind not in "iuf":
        raise DataError(where, f"a {name} of {values.dtype} {values.shape}", f"{count} numbers")
    return values
