"""From the joints of a motion capture file to the 25 joints of NTU RGB+D, z up."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float

from stumble.data.recording import Recording
from stumble.errors import DataError
from stumble.layouts import NTU25

__all__ = ["ACCLAIM", "CMU_BVH", "ntu25"]

Rules = dict[str, dict[str, float]]


def _both(left: str, right: str, rules: Mapping[str, dict[str, float]]) -> Rules:
    """The rules of one side for both sides; "@" in a name stands for what the source calls the side."""
    return {
        f"{side} {joint}": {name.replace("@", theirs): weight for name, weight in weights.items()}
        for side, theirs in (("left", left), ("right", right))
        for joint, weights in rules.items()
    }


ACCLAIM: Rules = {
    "spine base": {"root": 0.1, "lhipjoint": 0.45, "rhipjoint": 0.45},
    "spine middle": {"lowerback": 0.5, "upperback": 0.5},
    "spine shoulder": {"thorax": 1.0},
    "neck": {"lowerneck": 1.0},
    "head": {"head": 1.0},
    **_both(
        "l",
        "r",
        {
            "shoulder": {"@clavicle": 1.0},
            "elbow": {"@humerus": 1.0},
            "wrist": {"@wrist": 1.0},
            "hand": {"@hand": 1.0},
            "hip": {"@hipjoint": 1.0},
            "knee": {"@femur": 1.0},
            "ankle": {"@tibia": 1.0},
            "foot": {"@foot": 1.0},
            "hand tip": {"@fingers": 1.0},
            "thumb": {"@thumb": 1.0},
        },
    ),
}
"""NTU joint to weights of joints, for the skeleton of CMU's and HDM05's ASF files, named by the bones that end in them.

Its root lies 10 cm above the hips and 4 cm behind them; NTU's spine base is hardly above.
"""

_THORAX = {"Spine1": 1.0, "Spine": -1.0}  # a bone as long as the one below it, which these files leave out

CMU_BVH: Rules = {
    "spine base": {"Hips": 0.1, "LeftUpLeg": 0.45, "RightUpLeg": 0.45},
    "spine middle": {"Spine": 0.5, "Spine1": 0.5},
    "spine shoulder": {**_THORAX, "Neck": 1.0},
    "neck": {**_THORAX, "Neck1": 1.0},
    "head": {**_THORAX, "Head": 2.0, "Neck1": -1.0},
    **_both(
        "Left",
        "Right",
        {
            "shoulder": {**_THORAX, "@Arm": 1.0},
            "elbow": {**_THORAX, "@ForeArm": 1.0},
            "wrist": {**_THORAX, "@Hand": 1.0},
            "hand": {**_THORAX, "@HandIndex1": 1.0},
            "hip": {"@UpLeg": 1.0},
            "knee": {"@Leg": 1.0},
            "ankle": {"@Foot": 1.0},
            "foot": {"@ToeBase": 1.0},
            "hand tip": {**_THORAX, "@HandIndex1 end": 1.0},
        },
    ),
    "left thumb": {**_THORAX, "LThumb end": 1.0},
    "right thumb": {**_THORAX, "RThumb end": 1.0},
}
"""The same for the BVH versions of CMU's trials, whose bones of thorax, head and wrist have no length."""


def ntu25(recording: Recording) -> Float[np.ndarray, "t 25 3"]:
    """The recording's joints in NTU's order: metres, x to where the source's z points, y to its x, z up.

    A person who faces the source's z, as all do in the rest pose of ASF files, then faces x with the left side to y.

    Raises:
        DataError: the joints are named as in none of the known skeletons.
    """
    for rules in (ACCLAIM, CMU_BVH):
        needed = {name for weights in rules.values() for name in weights}
        if needed <= set(recording.joints):
            joints = [sum(w * recording[name] for name, w in rules[joint].items()) for joint in NTU25.joints]
            return np.stack(joints, 1)[:, :, [2, 0, 1]]
    found = f"joints {', '.join(recording.joints[:6])}, ..."
    raise DataError(recording.source, found, "the joint names of CMU's and HDM05's ASF files or of CMU's BVH files")
