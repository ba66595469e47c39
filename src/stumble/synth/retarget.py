"""From 25 joints that somebody moved to the rotations of a body's segments: real motion drives any body.

Directions are carried over, positions are not, so that the proportions of the source do not matter. What joints leave
open is filled in: the twist of an upper arm or a thigh follows the plane in which elbow or knee bends, and, the
straighter they are, the smallest turn from the trunk; forearms, hands and shins add no twist of their own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from stumble.errors import DataError
from stumble.layouts import NTU25
from stumble.synth.body import SEGMENTS, Body
from stumble.synth.gait import FRAMES_PER_SECOND, Motion, leg_length, on_the_ground, turn

__all__ = ["MOTION_CAPTURE", "Upright", "resampled", "retarget", "walking_ahead"]

Vectors = Float[np.ndarray, "t 3"]
Turns = Float[np.ndarray, "t 3 3"]

_SIDES = ("left", "right")
_STRAIGHT_LIMB = 0.2  # sine of the bend at which the hinge's plane and the smallest turn weigh the same
_TOES_BEND = 25.0  # degrees at most
_WRIST_BENDS = 45.0  # at most: hands are where recordings fail most
_NEAR = 0.04  # metres above its lowest, on the body's scale, at which a foot still counts as on the ground


@dataclass(frozen=True)
class Upright:
    """How a source's joints lie in an upright person: the forward pitch of lines between them, in degrees.

    Attributes:
        pelvis: from the middle of the hips to spine middle.
        chest: from spine middle to spine shoulder.
        neck: from spine shoulder to head.
        head: from neck to head.
    """

    pelvis: float
    chest: float
    neck: float
    head: float

    @classmethod
    def of(cls, body: Body) -> Upright:
        """The body's own."""
        straight = body.ntu_joints(np.tile(np.eye(3), (1, len(SEGMENTS), 1, 1)), np.zeros((1, 3)))
        return cls(*(float(np.degrees(np.arctan2(line[0, 0], line[0, 2]))) for line in _spine(straight)))


MOTION_CAPTURE = Upright(pelvis=-8.0, chest=-2.5, neck=-7.0, head=-4.0)
"""`data.ntu25` on CMU's skeletons: the mean pitch over walks of 14 people, less that of synthetic walkers."""


def resampled(
    joints: Float[np.ndarray, "t 25 3"], frame_rate: float, wanted: float = FRAMES_PER_SECOND
) -> Float[np.ndarray, "s 25 3"]:
    """The same motion at another frame rate, by linear interpolation; the first frame stays."""
    times = np.arange(int((len(joints) - 1) * wanted / frame_rate + 1e-9) + 1) * frame_rate / wanted
    before = np.minimum(times.astype(int), max(len(joints) - 2, 0))
    after = np.minimum(before + 1, len(joints) - 1)
    share = (times - before)[:, None, None]
    return (1 - share) * joints[before] + share * joints[after]


def walking_ahead(joints: Float[np.ndarray, "t 25 3"]) -> Float[np.ndarray, "t 25 3"]:
    """The motion turned about the vertical: it goes to +x or, where it stays in place, looks to +x on average."""
    track = joints[:, NTU25.root, :2] - joints[:, NTU25.root, :2].mean(0)
    time = np.linspace(-1, 1, len(joints))
    ahead = time @ track / (time @ time if len(joints) > 1 else 1.0) * 2  # of the straight line that fits best
    if np.linalg.norm(ahead) < 1.0:
        left, right = NTU25.index("left hip", "right hip")
        across = (joints[:, left] - joints[:, right]).mean(0)
        ahead = np.array([across[1], -across[0]])
    x, y = ahead / max(float(np.linalg.norm(ahead)), 1e-9)
    return joints @ np.array([[x, y, 0], [-y, x, 0], [0, 0, 1]]).T


def retarget(joints: Float[np.ndarray, "t 25 3"], body: Body, upright: Upright | None = None) -> Motion:
    """The motion of `joints` on a body.

    Args:
        joints: NTU-25, metres, z up, at the frame rate that the motion is to have.
        upright: how these joints lie in an upright person; by default as the body's own do.

    Returns:
        Rotations of all segments, and the pelvis' path scaled by the ratio of leg lengths, starting above the origin;
        the lowest sole is on the ground where the lowest foot of the source is, and as high above it elsewhere.

    Raises:
        DataError: joints that are not finite, or whose hips, knees or ankles coincide.
    """
    if not len(joints) or not np.isfinite(joints).all():
        raise DataError("joints", "no frames" if not len(joints) else "values that are not finite", "finite positions")
    joints = joints * (leg_length(body) / _leg_length(joints))
    at = dict(zip(NTU25.joints, np.moveaxis(joints, 1, 0), strict=True))
    turns = _trunk(at, _spine(joints), upright or Upright.of(body))
    for side in _SIDES:
        _arm(turns, at, side)
        _leg(turns, at, side, body)
    rotations = np.stack([turns[segment] for segment in SEGMENTS], 1)
    root = joints[:, NTU25.root] - joints[0, NTU25.root]
    feet = np.min([at[f"{s} {j}"][:, 2] for s in _SIDES for j in ("ankle", "foot")], axis=0)
    root[:, 2] = on_the_ground(body, rotations) + np.maximum(feet - np.percentile(feet, 5) - _NEAR, 0)
    return Motion(rotations, root)


def _leg_length(joints: Float[np.ndarray, "t 25 3"]) -> float:
    """Metres from hip over knee to ankle, the median over time and the mean of both sides."""
    legs = np.array([NTU25.index(*(f"{side} {joint}" for joint in ("hip", "knee", "ankle"))) for side in _SIDES])
    bones = np.linalg.norm(np.diff(joints[:, legs], axis=2), axis=3)
    length = float(np.median(bones, axis=0).sum(1).mean())
    if length < 1e-3:
        raise DataError("joints", f"legs of {length:g} m", "hips, knees and ankles apart from one another")
    return length


def _spine(joints: Float[np.ndarray, "t 25 3"]) -> tuple[Vectors, Vectors, Vectors, Vectors]:
    """The lines of `Upright`, upwards."""
    left, right, middle, shoulder, neck, head = np.moveaxis(
        joints[:, NTU25.index("left hip", "right hip", "spine middle", "spine shoulder", "neck", "head")], 1, 0
    )
    return middle - 0.5 * (left + right), shoulder - middle, head - shoulder, head - neck


def _trunk(
    at: dict[str, Vectors], spine: tuple[Vectors, Vectors, Vectors, Vectors], upright: Upright
) -> dict[str, Turns]:
    """Pelvis to head, and the shoulder girdle, which moves with the chest."""
    hips, shoulders = at["left hip"] - at["right hip"], at["left shoulder"] - at["right shoulder"]
    pelvis = _frame(hips, spine[0], "yz") @ turn("y", upright.pelvis).T
    chest = _frame(spine[1], shoulders, "zy") @ turn("y", upright.chest).T
    neck = _frame(spine[2], shoulders, "zy") @ turn("y", upright.neck).T
    head = _frame(spine[3], shoulders, "zy") @ turn("y", upright.head).T
    bend = Rotation.from_matrix(np.swapaxes(pelvis, 1, 2) @ chest).as_rotvec()
    abdomen = pelvis @ Rotation.from_rotvec(0.5 * bend).as_matrix()
    return {
        "pelvis": pelvis,
        "abdomen": abdomen,
        "chest": chest,
        "neck": neck,
        "head": head,
        "left_clavicle": chest,
        "right_clavicle": chest,
    }


def _arm(turns: dict[str, Turns], at: dict[str, Vectors], side: str) -> None:
    shoulder, elbow, wrist, hand = (at[f"{side} {joint}"] for joint in ("shoulder", "elbow", "wrist", "hand"))
    outwards = 1.0 if side == "left" else -1.0
    upper = _hanging(elbow - shoulder, wrist - elbow, turns["chest"], np.array([0.5, 0.7 * outwards, -0.5]))
    turns[f"{side}_upper_arm"] = upper
    turns[f"{side}_forearm"] = _hinged(upper, wrist - elbow)
    turns[f"{side}_hand"] = _hinged(turns[f"{side}_forearm"], hand - wrist, _WRIST_BENDS)


def _leg(turns: dict[str, Turns], at: dict[str, Vectors], side: str, body: Body) -> None:
    hip, knee, ankle, ball = (at[f"{side} {joint}"] for joint in ("hip", "knee", "ankle", "foot"))
    thigh = _hanging(knee - hip, knee - ankle, turns["pelvis"], np.array([0.7, 0.0, -0.7]))
    turns[f"{side}_thigh"] = thigh
    turns[f"{side}_shin"] = shin = _hinged(thigh, ankle - knee)
    own = body.joints[f"{side}_toes"] - body.joints[f"{side}_foot"]
    flat_own = float(np.degrees(np.arctan2(-own[2], own[0])))
    sole = ball - ankle
    down = np.degrees(np.arctan2(-sole[:, 2], np.linalg.norm(sole[:, :2], axis=1)))
    flat = float(np.clip(np.median(down[_still(ankle)]), flat_own - 15, flat_own + 15))
    turns[f"{side}_foot"] = foot = _frame(sole, shin[:, :, 2], "xz") @ turn("y", flat).T
    lowered = np.degrees(np.arcsin(np.clip(-foot[:, 2, 0], -1, 1)))
    grounded = np.clip(1 - (ball[:, 2] - np.percentile(ball[:, 2], 5)) / _NEAR, 0, 1)
    turns[f"{side}_toes"] = foot @ turn("y", -np.clip(lowered, 0, _TOES_BEND) * grounded)


def _still(point: Vectors) -> np.ndarray:
    """The fifth of all frames in which a point moves least."""
    if len(point) < 2:
        return np.ones(len(point), bool)
    speed = np.linalg.norm(np.gradient(point, axis=0), axis=1)
    return np.asarray(speed <= np.percentile(speed, 20))


def _hanging(along: Vectors, bent: Vectors, trunk: Turns, between: Float[np.ndarray, "3"]) -> Turns:
    """An upper arm or thigh, whose own -z points `along` the limb.

    Its own x, the front, lies in the plane of the hinge: it shows where the forearm goes, or where the shin does not.

    Args:
        bent: the forearm, or the shin from ankle to knee.
        between: a direction in the trunk's frame by way of which a hanging limb is raised with the smallest turn.
    """
    along = _unit(along)
    local = np.einsum("tba,tb->ta", trunk, along)
    by = np.broadcast_to(_unit(between), local.shape)
    raised = _smallest(by, local) @ _smallest(np.broadcast_to([0.0, 0.0, -1.0], local.shape), by)
    bent = _unit(bent)
    front = bent - np.sum(bent * along, 1, keepdims=True) * along
    return _frame(-along, front + _STRAIGHT_LIMB * (trunk @ raised)[:, :, 0], "zx")


def _hinged(above: Turns, along: Vectors, most: float = 180.0) -> Turns:
    """The next segment outwards: -z `along` it, bent by `most` degrees, without twist against the one above."""
    local = np.einsum("tba,tb->ta", above, _unit(along))
    return above @ _smallest(np.broadcast_to([0.0, 0.0, -1.0], local.shape), local, most)


def _smallest(a: Vectors, b: Vectors, most: float = 180.0) -> Turns:
    """The smallest rotations from unit vectors a to b, `most` degrees at most; some half turn between opposite ones."""
    axis = np.cross(a, b)
    sine, cosine = np.linalg.norm(axis, axis=1), np.sum(a * b, 1)
    opposite = (sine < 1e-9) & (cosine < 0)
    if opposite.any():
        axis = np.where(opposite[:, None], _across(a), axis)
    angle = np.minimum(np.arctan2(sine, cosine), np.radians(most))
    return Rotation.from_rotvec(_unit(axis) * angle[:, None]).as_matrix()


def _frame(first: Vectors, second: Vectors, names: str) -> Turns:
    """Rotations whose axis `names[0]` points along `first` and whose axis `names[1]` leans to `second`."""
    one, two = ("xyz".index(name) for name in names)
    a = _unit(first)
    b = second - np.sum(second * a, 1, keepdims=True) * a
    b = np.where(np.linalg.norm(b, axis=1, keepdims=True) < 1e-9, _across(a), b)
    b = _unit(b)
    axes = np.empty((len(a), 3, 3))
    axes[:, :, one], axes[:, :, two] = a, b
    axes[:, :, 3 - one - two] = np.cross(a, b) * (1 if (two - one) % 3 == 1 else -1)
    return axes


def _across(a: Vectors) -> Vectors:
    """Unit vectors at right angles to a."""
    least = np.eye(3)[np.abs(a).argmin(1)]
    return _unit(np.cross(a, least))


def _unit(vectors: Float[np.ndarray, "*n 3"]) -> Float[np.ndarray, "*n 3"]:
    """Directions; upwards where there is none."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.where(length > 1e-9, vectors / np.maximum(length, 1e-9), [0.0, 0.0, 1.0])
