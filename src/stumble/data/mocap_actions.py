"""Motion capture as skeleton actions: clips on NTU-25, at a chosen frame rate, in a camera's axes."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stumble.data.actions import ActionData, Clip, Joints
from stumble.data.asf_amc import read_amc, read_asf
from stumble.data.damage import reading
from stumble.data.gait import data_name
from stumble.data.ntu25 import ntu25
from stumble.data.recording import Recording
from stumble.errors import DataError
from stumble.layouts import NTU25

__all__ = ["HDM05_FORMAT", "camera_joints", "open_hdm05"]

HDM05_FORMAT = "HDM05 ASF/AMC"
_NAME = re.compile(r"HDM_(?P<actor>[a-z]+)_(?P<action>\w+)_(?P<take>\d+)_(?P<rate>\d+)\.amc")


@dataclass(frozen=True)
class Hdm05Clips:
    """Reads the motion of a clip on its actor's skeleton.

    Attributes:
        files: by the clip's id, its motion, its actor's skeleton and how many frames a second the motion has.
        frames_per_second: of the joints that come out.
    """

    files: Mapping[str, tuple[Path, Path, float]]
    frames_per_second: float

    def __call__(self, clip: Clip) -> Joints:
        motion, skeleton, rate = self.files[clip.id]
        return camera_joints(read_amc(motion, read_asf(skeleton), rate), self.frames_per_second)


def open_hdm05(root: Path | str, frames_per_second: float = 30.0) -> ActionData:
    """HDM05's cut clips: `CLASS/HDM_ACTOR_CLASS_TAKE_RATE.amc` with `HDM_ACTOR.asf` at the root.

    Classes are the names of the folders, sorted; subjects are the actors. Units are those that the files state.

    Args:
        frames_per_second: at most as many as were recorded, which the names of the files tell.

    Raises:
        DataError: there is no such file, or too many frames are asked for.
    """
    root = Path(root)
    expected = "CLASS/HDM_ACTOR_CLASS_TAKE_RATE.amc with HDM_ACTOR.asf at the root (HDM05)"
    with reading(root, expected):
        found = [(path, match) for path in sorted(root.glob("*/*.amc")) if (match := _NAME.fullmatch(path.name))]
    classes = tuple(sorted({path.parent.name for path, _ in found}))
    clips: list[Clip] = []
    files: dict[str, tuple[Path, Path, float]] = {}
    missing: dict[str, str] = {}
    for path, match in found:
        skeleton, rate = root / f"HDM_{match['actor']}.asf", float(match["rate"])
        if not 0 < frames_per_second <= rate:
            raise DataError(path, f"{rate:g} frames a second", f"at least the {frames_per_second:g} asked for")
        if path.stem in files:
            raise DataError(path, f"the name of {files[path.stem][0]} too", "every clip once")
        if skeleton.exists():
            clips.append(Clip(path.stem, classes.index(path.parent.name), match["actor"]))
            files[path.stem] = path, skeleton, rate
        else:
            missing[path.stem] = f"no {skeleton.name}"
    if not clips:
        raise DataError(root, f"{len(found)} motions, {len(missing)} of them without a skeleton", expected)
    return ActionData(
        name=data_name(root),
        format=HDM05_FORMAT,
        layout=NTU25,
        classes=classes,
        clips=tuple(sorted(clips)),
        read=Hdm05Clips(files, frames_per_second),
        missing=missing,
    )


def camera_joints(recording: Recording, frames_per_second: float) -> Joints:
    """A recording of one person as a Kinect would give it: 25 joints in metres, x right, y up, z away from the camera.

    The camera is looked at by a person in the rest pose of the file, whose right hand then has the larger x. The origin
    stays that of the file, on the floor. Between recorded frames joints move in straight lines; where the frame rate
    divides the recorded one, every joint is a recorded one.

    Args:
        frames_per_second: greater than 0.

    Raises:
        DataError: the joints are named as in none of the known skeletons.
    """
    forward, left, up = np.moveaxis(ntu25(recording), 2, 0)
    joints = np.stack([-left, up, -forward], 2)
    step = recording.frame_rate / frames_per_second
    moments = np.arange(math.floor((len(joints) - 1) / step + 1e-9) + 1) * step
    before = np.minimum(moments.astype(int), len(joints) - 1)
    after = np.minimum(before + 1, len(joints) - 1)
    share = (moments - before)[:, None, None]
    between = joints[before] + share * (joints[after] - joints[before])
    return Joints(between[None].astype(np.float32))
