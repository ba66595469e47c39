"""NTU RGB+D's own files: one `.skeleton` text file per clip, in metres and in the axes of the Kinect."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stumble.data.action_notes import ActionNote
from stumble.data.actions import ActionData, Clip, Joints
from stumble.data.damage import reading
from stumble.data.gait import data_name
from stumble.data.ntu_actions import ntu_actions
from stumble.data.text_lines import TextLines
from stumble.errors import DataError
from stumble.layouts import NTU25

__all__ = ["NTU_FORMAT", "open_ntu_skeleton", "parse_skeleton", "read_missing"]

NTU_FORMAT = "NTU .skeleton"
SUFFIX = ".skeleton"
LISTS = "*samples_with_missing_skeletons*.txt"
HEADER_LINES = 3
BODY_FIELDS, JOINT_FIELDS = 10, 12
LARGEST_WITHOUT_BODY = 2**14


@dataclass(frozen=True)
class SkeletonFiles:
    """Reads the file of a clip."""

    paths: Mapping[str, Path]

    def __call__(self, clip: Clip) -> Joints:
        return parse_skeleton(self.paths[clip.id])


def open_ntu_skeleton(root: Path | str, missing: Path | str | None = None) -> ActionData:
    """The clips whose `.skeleton` files lie in a folder, at any depth.

    Classes and the mark of synthetic data come from `stumble.json` in the folder; without it the clips are NTU's.
    Files without a single body, and clips on the list of missing samples, are left out and named in `missing`.

    Args:
        missing: the official list of samples with missing skeletons; without it, any such list that lies in the
            folder under its official name (`*samples_with_missing_skeletons*.txt`).

    Raises:
        DataError: there is no such file, two have the same name, or a list or the note cannot be read.
    """
    root = Path(root)
    expected = f"files SsssCcccPpppRrrrAaaa{SUFFIX}"
    with reading(root, expected):
        files = sorted(path for path in root.rglob(f"*{SUFFIX}") if not path.name.startswith("."))
        lists = sorted(root.glob(LISTS)) if missing is None else [Path(missing)]
    listed = {name for path in lists for name in read_missing(path)}
    clips: dict[str, Clip] = {}
    paths: dict[str, Path] = {}
    left_out: dict[str, str] = {}
    for path in files:
        name = path.name.removesuffix(SUFFIX)
        if name in paths:
            raise DataError(path, f"the name of {paths[name]} too", "every clip once")
        paths[name] = path
        clip = Clip.ntu(name)
        if clip is None:
            left_out[name] = "its name is not SsssCcccPpppRrrrAaaa"
        elif reason := _reason_to_leave_out(path, name, listed):
            left_out[name] = reason
        else:
            clips[name] = clip
    if not clips:
        raise DataError(root, f"{len(files)} {SUFFIX} files, none of which can be used", expected)
    note = ActionNote.of(root)
    return ActionData(
        name=data_name(root),
        format=NTU_FORMAT,
        layout=NTU25,
        classes=note.classes or ntu_actions(max(clip.label for clip in clips.values())),
        clips=tuple(sorted(clips.values())),
        read=SkeletonFiles(paths),
        synthetic=note.synthetic,
        missing=left_out,
    )


def read_missing(path: Path | str) -> tuple[str, ...]:
    """The clips on a list of samples with missing skeletons: a name a line, below a header of three lines.

    Raises:
        DataError: naming the line that is no name of a clip.
    """
    path, names = Path(path), []
    with reading(path, "a list of clips"):
        lines = path.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines, 1):
        name = line.strip().removesuffix(SUFFIX)
        if Clip.ntu(name):
            names.append(name)
        elif name and number > HEADER_LINES:
            raise DataError(f"{path}:{number}", repr(name[:60]), "SsssCcccPpppRrrrAaaa")
    return tuple(names)


def _reason_to_leave_out(path: Path, name: str, listed: Collection[str]) -> str:
    if name in listed:
        return "on the list of samples with missing skeletons"
    with reading(path, "a readable file"):
        if path.stat().st_size < LARGEST_WITHOUT_BODY:
            first, *others = path.read_text(encoding="latin-1").split() or [""]
            if first.isdecimal() and others and others == ["0"] * int(first):
                return "no body in any frame"
    return ""


def parse_skeleton(path: Path | str) -> Joints:
    """The joints in a `.skeleton` file.

    A person is a body ID, in the order in which they first appear; zero in frames without it.

    Raises:
        DataError: naming the file and the line, or the frame at which the file ends.
    """
    path = Path(path)
    with reading(path, f"a file of NTU's {SUFFIX} format"):
        return _parse(TextLines(path))


def _parse(lines: TextLines) -> Joints:
    frames = _count(lines, "the number of frames")
    bodies: dict[str, dict[int, list[list[float]]]] = defaultdict(dict)
    for frame in range(frames):
        place = f"frame {frame + 1} of {frames}"
        count = _count(lines, f"the number of bodies in {place}")
        for body in range(count):
            identity = _identity(lines, f"of body {body + 1} of {count} in {place}")
            if frame in bodies[identity]:
                raise lines.error(f"body {identity} twice in {place}", "every body once")
            bodies[identity][frame] = _joints(lines, f"of body {body + 1} of {count} in {place}")
    if lines.left:
        words = lines.take("")
        raise lines.error(repr(" ".join(words)[:60]), f"the end of the file after {frames} frames")
    if not bodies:
        raise DataError(lines.path, f"no body in {frames} frames", "at least one")
    positions = np.zeros((len(bodies), frames, len(NTU25), 3), np.float32)
    for person, seen in enumerate(bodies.values()):
        positions[person, list(seen)] = np.array(list(seen.values()))
    return Joints(positions)


def _count(lines: TextLines, expected: str) -> int:
    words = lines.take(expected)
    if len(words) != 1 or not words[0].isdecimal():
        raise lines.error(repr(" ".join(words)[:60]), expected)
    return int(words[0])


def _identity(lines: TextLines, whose: str) -> str:
    expected = f"the {BODY_FIELDS} fields {whose}"
    words = lines.take(expected)
    if len(words) != BODY_FIELDS or not words[0].isdecimal():
        raise lines.error(f"{len(words)} fields, {' '.join(words)[:60]!r}", expected)
    return words[0]


def _joints(lines: TextLines, whose: str) -> list[list[float]]:
    count = _count(lines, f"the number of joints {whose}")
    if count != len(NTU25):
        raise lines.error(f"{count} joints", f"{len(NTU25)} joints {whose}")
    joints = []
    for joint in range(1, count + 1):
        expected = f"the {JOINT_FIELDS} fields, of which x y z are numbers in metres, of joint {joint} {whose}"
        words = lines.take(expected)
        if len(words) != JOINT_FIELDS:
            raise lines.error(f"{len(words)} fields, {' '.join(words)[:60]!r}", expected)
        joints.append(lines.numbers(words[:3], 3, expected))
    return joints
