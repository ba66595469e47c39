"""BVH (Biovision hierarchy): a skeleton and its motion in one file.

A joint's local rotation is the product of its rotation channels in the order in which the file lists them
(`Zrotation Yrotation Xrotation` is Rz · Ry · Rx); position channels, where a joint has them, replace its offset.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy
from jaxtyping import Float

from stumble.data.recording import Recording
from stumble.data.text_lines import TextLines
from stumble.errors import DataError

__all__ = ["read_bvh"]

_POSITIONS = ("Xposition", "Yposition", "Zposition")
_ROTATIONS = ("Xrotation", "Yrotation", "Zrotation")


@dataclass
class _Joint:
    name: str
    parent: int
    offset: list[float] | None = None
    channels: tuple[str, ...] = ()


def read_bvh(path: Path | str, metres: float) -> Recording:
    """The motion in a .bvh file. Joints are named as in the file, an End Site "<its joint> end".

    Args:
        metres: of one unit of length, which the file does not state: 0.01 for centimetres, 0.0254 / 0.45 for the
            BVH versions of CMU's database.

    Raises:
        DataError: naming the line.
    """
    lines = TextLines(Path(path))
    joints = _hierarchy(lines)
    count = sum(len(joint.channels) for joint in joints)
    frames, rate = _header(lines)
    if lines.left != frames:
        raise DataError(path, f"{lines.left} lines of motion", f"{frames}, as 'Frames:' says")
    expected = f"{count} numbers, one per channel"
    rows = [lines.numbers(lines.take(expected), count, expected) for _ in range(frames)]
    names = tuple(joint.name for joint in joints)
    return Recording(Path(path), names, _positions(joints, np.array(rows)) * metres, rate)


def _hierarchy(lines: TextLines) -> list[_Joint]:
    if lines.take("HIERARCHY") != ["HIERARCHY"]:
        raise lines.error("another first line", "HIERARCHY")
    joints: list[_Joint] = []
    above: list[int] = []
    while True:
        match lines.take("a closed hierarchy and MOTION"):
            case [kind, *name] if (kind == "ROOT" and not joints) or (kind in ("JOINT", "End") and above):
                parent = above[-1] if above else -1
                title = " ".join(name) if kind != "End" else f"{joints[parent].name} end"
                if not title or title in (joint.name for joint in joints):
                    raise lines.error(f"{title!r}", "a name of its own for each joint")
                if lines.take("{") != ["{"]:
                    raise lines.error(f"no brace after {title!r}", "{")
                above.append(len(joints))
                joints.append(_Joint(title, parent))
            case ["OFFSET", *words] if above:
                joints[above[-1]].offset = lines.numbers(words, 3, "OFFSET and 3 numbers")
            case ["CHANNELS", number, *channels] if above:
                known = set(channels) <= {*_POSITIONS, *_ROTATIONS} and len(set(channels)) == len(channels)
                if number != str(len(channels)) or not known or len(set(channels) & set(_POSITIONS)) not in (0, 3):
                    found = " ".join([number, *channels])
                    raise lines.error(f"CHANNELS {found}", "their number, all three positions or none, and rotations")
                joints[above[-1]].channels = tuple(channels)
            case ["}"] if above:
                joint = joints[above.pop()]
                if joint.offset is None:
                    raise lines.error(f"{joint.name!r} without an OFFSET", "OFFSET and 3 numbers")
            case ["MOTION"] if joints and not above:
                return joints
            case words:
                expected = "ROOT, JOINT, End Site, OFFSET, CHANNELS, a brace or MOTION"
                raise lines.error(repr(" ".join(words)[:60]), expected)


def _header(lines: TextLines) -> tuple[int, float]:
    """Number of frames and frames a second."""
    match lines.take("Frames: N"):
        case ["Frames:", number] if number.isdecimal() and int(number[:9]) > 0:
            frames = int(number)
        case words:
            raise lines.error(repr(" ".join(words)[:60]), "Frames: and a positive number")
    match lines.take("Frame Time: seconds"):
        case ["Frame", "Time:", word]:
            (seconds,) = lines.numbers([word], 1, "Frame Time: and seconds")
        case words:
            raise lines.error(repr(" ".join(words)[:60]), "Frame Time: and seconds")
    if not 1e-4 <= seconds <= 10:
        raise lines.error(f"{seconds:g} seconds a frame", "0.0001 to 10")
    return frames, 1 / seconds


def _positions(joints: list[_Joint], rows: Float[np.ndarray, "t c"]) -> Float[np.ndarray, "t j 3"]:
    """Forward kinematics in the file's units, all frames at once."""
    turns = np.tile(np.eye(3), (len(rows), len(joints), 1, 1))
    places = np.empty((len(rows), len(joints), 3))
    first = 0
    for index, joint in enumerate(joints):
        values = dict(zip(joint.channels, rows[:, first : first + len(joint.channels)].T, strict=True))
        first += len(joint.channels)
        place = np.tile(np.array(joint.offset), (len(rows), 1))
        if _POSITIONS[0] in values:
            place = np.stack([values[name] for name in _POSITIONS], 1)
        turning = [name for name in joint.channels if name in _ROTATIONS]
        if turning:
            order = "".join(name[0] for name in turning)  # upper case: each about the axes that the ones before turned
            angles = np.stack([values[name] for name in turning], 1)
            turns[:, index] = scipy.spatial.transform.Rotation.from_euler(order, angles, degrees=True).as_matrix()
        if joint.parent < 0:
            places[:, index] = place
        else:
            places[:, index] = places[:, joint.parent] + np.einsum("tab,tb->ta", turns[:, joint.parent], place)
            turns[:, index] = turns[:, joint.parent] @ turns[:, index]
    return places
