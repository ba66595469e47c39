"""ASF/AMC (Acclaim), the format of the CMU and HDM05 motion capture databases: a skeleton file and motion files.

A bone's local rotation is C · R(dof) · C⁻¹ with C from its `axis`; its far end lies `length` along `direction`, turned
by the product of the rotations from the root outwards. Both C and R(dof) turn about fixed axes in the order in which
the file lists them, so that `rx ry rz` is Rz · Ry · Rx.
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

__all__ = ["AcclaimSkeleton", "Bone", "read_amc", "read_asf"]

_INCH = 0.0254
_ROTATIONS = ("rx", "ry", "rz")
_PLACES = ("tx", "ty", "tz")


@dataclass(frozen=True)
class Bone:
    """A bone, named like the joint at its far end; the first bone is the root, a point.

    Attributes:
        parent: the parent's position in the skeleton, smaller than the bone's own; -1 for the root.
        offset: (3,) metres from the parent's far end to its own in the rest pose; for the root, where it rests.
        axes: (3, 3), C.
        channels: what a motion file lists for it, in order: of rx, ry, rz, and for the root tx, ty, tz too.
    """

    name: str
    parent: int
    offset: Float[np.ndarray, "3"]
    axes: Float[np.ndarray, "3 3"]
    channels: tuple[str, ...]


@dataclass(frozen=True)
class AcclaimSkeleton:
    """What a skeleton file says.

    Attributes:
        bones: parents before children.
        metres: of one unit of length in the skeleton and its motions: 0.0254 / `length`.
        degrees: angles are in degrees, not radians, unless the motion file says otherwise.
    """

    bones: tuple[Bone, ...]
    metres: float
    degrees: bool

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(bone.name for bone in self.bones)

    def positions(
        self, channels: dict[str, Float[np.ndarray, "t _"]], degrees: bool = True
    ) -> Float[np.ndarray, "t j 3"]:
        """Forward kinematics, all frames at once.

        Args:
            channels: by bone, the values of its channels; a bone left out keeps its rest pose.

        Returns:
            The far end of every bone in metres, in the file's axes.
        """
        frames = len(channels[self.bones[0].name])
        turns = np.empty((frames, len(self.bones), 3, 3))
        places = np.empty((frames, len(self.bones), 3))
        for index, bone in enumerate(self.bones):
            values = channels.get(bone.name, np.zeros((frames, len(bone.channels))))
            turning = [column for column, channel in enumerate(bone.channels) if channel in _ROTATIONS]
            local = np.eye(3)
            if turning:
                order = "".join(bone.channels[column][1] for column in turning)
                turned = scipy.spatial.transform.Rotation.from_euler(order, values[:, turning], degrees=degrees)
                local = turned.as_matrix()
            turns[:, index] = bone.axes @ local @ bone.axes.T
            if bone.parent < 0:
                place = [bone.channels.index(channel) for channel in _PLACES]
                places[:, index] = bone.offset + values[:, place] * self.metres
            else:
                turns[:, index] = turns[:, bone.parent] @ turns[:, index]
                places[:, index] = places[:, bone.parent] + turns[:, index] @ bone.offset
        return places


def read_asf(path: Path | str) -> AcclaimSkeleton:
    """The skeleton in an .asf file. Raises DataError, naming the line."""
    return _SkeletonFile(TextLines(Path(path))).read()


class _SkeletonFile:
    """The sections of a skeleton file, in the order in which they come."""

    def __init__(self, lines: TextLines) -> None:
        self.lines = lines
        self.length, self.degrees = 1.0, True
        self.root: dict[str, list[str]] = {}
        self.bones: dict[str, dict[str, list[str]]] = {}
        self.parents: dict[str, str] = {}

    def read(self) -> AcclaimSkeleton:
        lines = self.lines
        while lines.left:
            match lines.take("a section"):
                case [":units"]:
                    self._units()
                case [":root"]:
                    while lines.left and not lines.peek()[0].startswith(":"):
                        key, *words = lines.take("the root")
                        self.root[key] = words
                        if key in ("position", "orientation"):
                            lines.numbers(words, 3, f"{key} and 3 numbers")
                case [":bonedata"]:
                    self._bonedata()
                case [":hierarchy"]:
                    self._hierarchy()
        metres = _INCH / self.length
        bones = [self._root(metres)]
        order = {"root": 0}
        remaining = dict(self.parents)
        while remaining:
            ready = [name for name, parent in remaining.items() if parent in order]
            if not ready:
                raise DataError(lines.path, f"{next(iter(remaining))!r} outside the hierarchy", "a tree under 'root'")
            for name in ready:
                order[name] = len(bones)
                bones.append(self._bone(name, order[remaining.pop(name)], metres))
        loose = [name for name in self.bones if name not in order]
        if loose or len(bones) == 1:
            found = f"{loose[0]!r} in no line of :hierarchy" if loose else "no bones"
            raise DataError(lines.path, found, "bones in :bonedata, each once in :hierarchy")
        return AcclaimSkeleton(tuple(bones), metres, self.degrees)

    def _units(self) -> None:
        lines = self.lines
        while lines.left and not lines.peek()[0].startswith(":"):
            key, *words = lines.take("a unit")
            if key == "length":
                (self.length,) = lines.numbers(words, 1, "length and a positive number")
                if not 1e-3 <= self.length <= 1e3:
                    raise lines.error(f"length {self.length:g}", "a unit between 0.001 and 1000 to the inch")
            elif key == "angle":
                if words not in (["deg"], ["rad"]):
                    raise lines.error(repr(" ".join(words)), "angle deg or angle rad")
                self.degrees = words == ["deg"]

    def _bonedata(self) -> None:
        lines = self.lines
        while lines.peek() == ["begin"]:
            lines.take("begin")
            fields: dict[str, list[str]] = {}
            while lines.peek() != ["end"]:
                key, *words = lines.take("end of a bone")
                if key == "begin" or key.startswith(":"):
                    raise lines.error(key, "the end of the bone before")
                fields.setdefault(key, words)  # the second and third pair of limits begin with a number
                if key == "axis":
                    fields[key] = self._axis(words)
                elif key == "direction":
                    lines.numbers(words, 3, "direction and 3 numbers")
                elif key == "length":
                    lines.numbers(words, 1, "length and a number")
                elif key == "dof" and (not set(words) <= set(_ROTATIONS) or len(set(words)) != len(words)):
                    raise lines.error(repr(" ".join(words)), "dof and some of rx ry rz, each once")
            lines.take("end")
            missing = [key for key in ("name", "direction", "length", "axis") if not fields.get(key)]
            if missing:
                raise lines.error(f"a bone without {missing[0]}", "name, direction, length and axis")
            name = fields["name"][0]
            if name in self.bones or name == "root":
                raise lines.error(f"a second bone {name!r}", "each bone once")
            self.bones[name] = fields

    def _axis(self, words: list[str]) -> list[str]:
        expected = "axis, 3 angles and their order, such as XYZ"
        self.lines.numbers(words[:3], 3, expected)
        if len(words) != 4 or sorted(words[3].lower()) != ["x", "y", "z"]:
            raise self.lines.error(repr(" ".join(words)), expected)
        return words

    def _hierarchy(self) -> None:
        lines = self.lines
        if lines.take("begin") != ["begin"]:
            raise lines.error("no begin", "begin")
        while lines.peek() != ["end"]:
            parent, *children = lines.take("end of the hierarchy")
            for child in children:
                if child in self.parents:
                    raise lines.error(f"a second parent of {child!r}", "one parent for each bone")
                if child not in self.bones:
                    raise lines.error(repr(child), "a bone of :bonedata")
                self.parents[child] = parent
        lines.take("end")

    def _root(self, metres: float) -> Bone:
        root = {key: " ".join(words).lower() for key, words in self.root.items()}
        order = tuple(root.get("order", "").split())
        usual = sorted(order) == sorted(_PLACES + _ROTATIONS) and sorted(root.get("axis", "")) == ["x", "y", "z"]
        if not usual or not {"position", "orientation"} <= set(root):
            found = f":root with {', '.join(f'{key} {value}' for key, value in root.items()) or 'nothing'}"
            expected = "order (TX TY TZ RX RY RZ, in any order), axis (XYZ, in any order), position and orientation"
            raise DataError(self.lines.path, found, expected)
        position, orientation = ([float(w) for w in self.root[key]] for key in ("position", "orientation"))
        return Bone("root", -1, np.array(position) * metres, self._turn(orientation, root["axis"]), order)

    def _bone(self, name: str, parent: int, metres: float) -> Bone:
        fields = self.bones[name]
        direction = np.array([float(word) for word in fields["direction"]])
        norm = float(np.linalg.norm(direction))
        if not 0.5 < norm < 2:
            raise DataError(self.lines.path, f"direction of length {norm:g} for {name!r}", "a unit vector")
        offset = direction / norm * float(fields["length"][0]) * metres
        axes = self._turn([float(word) for word in fields["axis"][:3]], fields["axis"][3])
        return Bone(name, parent, offset, axes, tuple(fields.get("dof", ())))

    def _turn(self, angles: list[float], order: str) -> np.ndarray:
        by_axis = dict(zip("xyz", angles, strict=True))
        ordered = [by_axis[axis] for axis in order.lower()]
        turned = scipy.spatial.transform.Rotation.from_euler(order.lower(), ordered, degrees=self.degrees)
        return np.asarray(turned.as_matrix())


def read_amc(path: Path | str, skeleton: AcclaimSkeleton, frame_rate: float = 120.0) -> Recording:
    """The motion in an .amc file on its skeleton.

    Args:
        frame_rate: the file does not state it; CMU's and HDM05's are recorded at 120 frames a second.

    Raises:
        DataError: naming the line; a frame must list every bone that has channels, with as many finite numbers.
    """
    lines = TextLines(Path(path))
    degrees = skeleton.degrees
    while lines.left and not lines.peek()[0].isdigit():
        match lines.take("a frame"):
            case [":DEGREES"]:
                degrees = True
            case [":RADIANS"]:
                degrees = False
            case [word, *_] if not word.startswith(":"):
                raise lines.error(repr(word[:40]), "a line that begins with ':', or the number of the first frame")
    moving = {bone.name: bone.channels for bone in skeleton.bones if bone.channels}
    expected_of = {name: f"{name} {' '.join(channels)}" for name, channels in moving.items()}
    values: dict[str, list[list[float]]] = {name: [] for name in moving}
    frames = 0
    while lines.left:
        number = lines.take("a frame")
        if len(number) != 1 or not number[0].isdigit():
            raise lines.error(repr(" ".join(number)[:60]), "the number of a frame")
        frames += 1
        missing = dict.fromkeys(moving)
        while missing:
            expected = f"{next(iter(missing))!r} or another bone that frame {number[0]} lacks"
            name, *words = lines.take(expected)
            if name not in missing:
                raise lines.error(repr(name[:40]), expected)
            del missing[name]
            values[name].append(lines.numbers(words, len(moving[name]), expected_of[name]))
    if not frames:
        raise DataError(path, "no frames", "at least one frame")
    channels_of = {name: np.array(rows) for name, rows in values.items()}
    return Recording(Path(path), skeleton.names, skeleton.positions(channels_of, degrees), frame_rate)
