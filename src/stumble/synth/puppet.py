"""The puppet: a few named angles per frame, as an animator sets them, to the motion of an articulated body.

Angles are in degrees and zero in the straight stance. Trunk: `tip` of the pelvis forwards, `bend` of the spine
forwards, `side` and `twist` of the trunk, `nod` and `look` of the head (to the left positive), `yaw` of the whole body.
Each arm, relative to the chest: `raise` from hanging, in the plane `out` degrees to its side from straight ahead,
`spin` about its own axis (outwards positive), `elbow`, `roll` of the forearm (inwards) and `wrist`. Each leg: `thigh`
forwards and `spread` sideways from the vertical, `knee`, and `toes` that point down from level. `air` is the height of
the lowest point above the ground in metres.

What touches the ground stays where it is: that alone moves the pelvis, down in a squat, ahead in a walk, and to the
floor in lying down.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float

from stumble.synth.body import SEGMENTS, Body
from stumble.synth.gait import Motion, turn

__all__ = ["ANGLES", "LIMB_ANGLES", "SIDES", "animate"]

SIDES: tuple[tuple[str, float], ...] = (("left", 1.0), ("right", -1.0))
_TRUNK = ("tip", "bend", "side", "twist", "nod", "look", "yaw", "air")
LIMB_ANGLES: Mapping[str, tuple[str, ...]] = {
    "arm": ("raise", "out", "spin", "elbow", "roll", "wrist"),
    "leg": ("thigh", "spread", "knee", "toes"),
}
"""What can be set of one arm and of one leg."""
ANGLES: tuple[str, ...] = (
    *_TRUNK,
    *(f"{side} {limb} {name}" for side, _ in SIDES for limb, names in LIMB_ANGLES.items() for name in names),
)
"""Everything that can be set: "bend", "left arm raise", "right leg knee", ...."""

_SHRUG, _SHRUG_FROM = 0.22, 40.0  # degrees of collar bone per degree that the arm is raised beyond
_TOE_OUT = 9.0
_GRIP = 0.012  # metres above the lowest point at which a point holds the ground 1/e as firmly
_SMOOTHING = 5  # frames, of the pelvis' height
_BY_NATURE = {  # points of the skin, in metres from the root of their segment in the straight stance
    "pelvis": ((-0.11, 0.0, -0.02), (-0.07, 0.0, -0.10)),
    "chest": ((-0.13, 0.0, 0.16), (-0.12, 0.0, 0.30)),
    "head": ((-0.10, 0.0, 0.10),),
    "left_shin": ((0.06, 0.0, 0.0),),
    "right_shin": ((0.06, 0.0, 0.0),),
    "left_forearm": ((0.0, 0.0, -0.05), (-0.04, 0.0, 0.0)),
    "right_forearm": ((0.0, 0.0, -0.05), (-0.04, 0.0, 0.0)),
    "left_hand": ((0.0, 0.0, -0.09), (0.0, -0.03, -0.05)),
    "right_hand": ((0.0, 0.0, -0.09), (0.0, 0.03, -0.05)),
}


def animate(angles: Mapping[str, Float[np.ndarray, " t"]], body: Body) -> Motion:
    """The motion that `angles` describe, starting above the origin and looking to +x.

    Args:
        angles: every one of `ANGLES`, frame by frame.
    """
    rotations = _rotations(angles)
    points = _contacts(body, rotations)
    lowest = points[..., 2].min(1)
    height = np.convolve(np.pad(-lowest, _SMOOTHING // 2, mode="edge"), np.ones(_SMOOTHING) / _SMOOTHING, "valid")
    return Motion(rotations, np.column_stack([_path(points), np.maximum(height, -lowest) + angles["air"]]))


def _rotations(angles: Mapping[str, Float[np.ndarray, " t"]]) -> Float[np.ndarray, "t 21 3 3"]:
    heading = turn("z", angles["yaw"])
    turns = {"pelvis": heading @ turn("x", -0.3 * angles["side"]) @ turn("y", angles["tip"])}
    half = turn("z", 0.5 * angles["twist"]) @ turn("x", -0.35 * angles["side"]) @ turn("y", 0.5 * angles["bend"])
    turns["abdomen"] = turns["pelvis"] @ half
    turns["chest"] = turns["abdomen"] @ half
    gaze = turn("z", 0.5 * angles["look"]) @ turn("y", 0.5 * angles["nod"])
    turns["neck"] = turns["chest"] @ gaze
    turns["head"] = turns["neck"] @ gaze
    for side, sign in SIDES:
        arm = {name: angles[f"{side} arm {name}"] for name in LIMB_ANGLES["arm"]}
        leg = {name: angles[f"{side} leg {name}"] for name in LIMB_ANGLES["leg"]}
        plane = sign * arm["out"]
        swing = turn("z", plane) @ turn("y", -arm["raise"]) @ turn("z", sign * arm["spin"] - plane)
        shrug = _SHRUG * np.maximum(arm["raise"] - _SHRUG_FROM, 0)
        turns[f"{side}_clavicle"] = turns["chest"] @ turn("x", sign * shrug)
        turns[f"{side}_upper_arm"] = turns["chest"] @ swing
        forearm = turns[f"{side}_upper_arm"] @ turn("y", -arm["elbow"]) @ turn("z", -sign * arm["roll"])
        turns[f"{side}_forearm"] = forearm
        turns[f"{side}_hand"] = forearm @ turn("x", -sign * arm["wrist"])
        turns[f"{side}_thigh"] = heading @ turn("x", sign * leg["spread"]) @ turn("y", -leg["thigh"])
        turns[f"{side}_shin"] = turns[f"{side}_thigh"] @ turn("y", leg["knee"])
        foot = heading @ turn("z", sign * _TOE_OUT) @ turn("y", leg["toes"])
        turns[f"{side}_foot"] = foot
        turns[f"{side}_toes"] = foot @ turn("y", -np.clip(leg["toes"], 0, 35))
    return np.stack([turns[segment] for segment in SEGMENTS], 1)


def _contacts(body: Body, rotations: Float[np.ndarray, "t 21 3 3"]) -> Float[np.ndarray, "t p 3"]:
    """The points that may touch the ground, relative to the pelvis; first those of the soles."""
    ground = body.vertices[:, 2].min()
    scale = body.stature / 1.72
    points: list[tuple[str, tuple[float, ...]]] = []
    for side, _ in SIDES:
        sole = ground - body.joints[f"{side}_foot"][2]
        ball = body.joints[f"{side}_toes"][0] - body.joints[f"{side}_foot"][0]
        points += [(f"{side}_foot", (-0.055, 0.0, sole)), (f"{side}_foot", (ball, 0.0, sole))]
    points += [(s, tuple(scale * c for c in point)) for s, several in _BY_NATURE.items() for point in several]
    carriers = [SEGMENTS.index(segment) for segment, _ in points]
    roots = body.joint_positions(rotations, np.zeros((len(rotations), 3)))[:, carriers]
    return roots + np.einsum("tpab,pb->tpa", rotations[:, carriers], np.array([point for _, point in points]))


def _path(points: Float[np.ndarray, "t p 3"]) -> Float[np.ndarray, "t 2"]:
    """The pelvis' way on the ground: what holds the ground from one frame to the next does not move."""
    grip = np.exp(-(points[..., 2] - points[..., 2].min(1, keepdims=True)) / _GRIP)
    grip = np.sqrt(grip[1:] * grip[:-1])
    steps = -(grip[..., None] * np.diff(points[..., :2], axis=0)).sum(1) / grip.sum(1)[:, None]
    return np.concatenate([np.zeros((1, 2)), np.cumsum(steps, axis=0)])
