"""The body: shape parameters to a skinned mesh, and poses to vertices and NTU-25 joints.

Axes of a person's frame: x forward, y to the person's left, z up; metres. A pose is one global rotation per
segment, relative to the *straight stance* (upright, arms and legs hanging down, palms inwards), and the
position of the pelvis joint.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import product

import numpy as np
from jaxtyping import Float, Int

from stumble.errors import SpecError

__all__ = ["NTU_JOINTS", "PARENTS", "SEGMENTS", "Body", "Shape", "rotation_between"]

_SIDED = ("clavicle", "upper_arm", "forearm", "hand", "thigh", "shin", "foot", "toes")
SEGMENTS: tuple[str, ...] = (
    *("pelvis", "abdomen", "chest", "neck", "head"),
    *(f"left_{name}" for name in _SIDED),
    *(f"right_{name}" for name in _SIDED),
)
"""The 21 rigid segments, parents before children; each is named like the joint at its root."""

_PARENT_NAMES = {
    "abdomen": "pelvis",
    "chest": "abdomen",
    "neck": "chest",
    "head": "neck",
    "clavicle": "chest",
    "upper_arm": "clavicle",
    "forearm": "upper_arm",
    "hand": "forearm",
    "thigh": "pelvis",
    "shin": "thigh",
    "foot": "shin",
    "toes": "foot",
}


def _parent(segment: str) -> int:
    if segment == "pelvis":
        return -1
    side, _, name = segment.rpartition("left_" if segment.startswith("left_") else "right_")
    if side or name == segment:
        return SEGMENTS.index(_PARENT_NAMES[segment])
    parent = _PARENT_NAMES[name]
    return SEGMENTS.index(parent if parent in SEGMENTS else segment[: -len(name)] + parent)


PARENTS: tuple[int, ...] = tuple(_parent(s) for s in SEGMENTS)

NTU_JOINTS: tuple[tuple[str, str], ...] = (
    *(("pelvis", "pelvis"), ("abdomen", "chest"), ("neck", "neck"), ("head", "head")),
    *(("left_upper_arm", "left_upper_arm"), ("left_forearm", "left_forearm")),
    *(("left_hand", "left_hand"), ("left_hand", "left_knuckle")),
    *(("right_upper_arm", "right_upper_arm"), ("right_forearm", "right_forearm")),
    *(("right_hand", "right_hand"), ("right_hand", "right_knuckle")),
    *(("left_thigh", "left_thigh"), ("left_shin", "left_shin"), ("left_foot", "left_foot"), ("left_foot", "left_toes")),
    *(("right_thigh", "right_thigh"), ("right_shin", "right_shin")),
    *(("right_foot", "right_foot"), ("right_foot", "right_toes")),
    *(("chest", "neck"), ("left_hand", "left_hand_tip"), ("left_hand", "left_thumb")),
    *(("right_hand", "right_hand_tip"), ("right_hand", "right_thumb")),
)
"""NTU-25 in its order: (the segment that carries the joint, the asset's point). Neck is set halfway up to the head."""

_STRAIGHT = {  # where each segment's axis points in the straight stance; segments not named keep the rest pose
    "upper_arm": ("forearm", (0.0, 0.0, -1.0)),
    "forearm": ("hand", (0.0, 0.0, -1.0)),
    "hand": ("knuckle", (0.0, 0.0, -1.0)),
    "thigh": ("shin", (0.0, 0.0, -1.0)),
    "shin": ("foot", (0.0, 0.0, -1.0)),
}


@dataclass(frozen=True)
class Shape:
    """Body shape in the ranges of the asset's axes.

    Attributes:
        gender: 0 male to 1 female.
        age: 2/3 young adult to 1 old.
        muscle, weight, proportions: 0 to 1.
        stature: standing height in metres, reached by uniform scaling of the nearest height of the asset.
    """

    gender: float = 0.5
    age: float = 0.75
    muscle: float = 0.5
    weight: float = 0.5
    proportions: float = 0.5
    stature: float = 1.72


@dataclass(frozen=True)
class _Asset:
    mean: Float[np.ndarray, "p 3"]
    basis: Float[np.ndarray, "r p 3"]
    coefficients: Float[np.ndarray, "2 2 3 3 2 2 r"]
    weights: Float[np.ndarray, "v s"]
    faces: Int[np.ndarray, "f 3"]
    joints: tuple[str, ...]


_ANCHORS = {
    "gender": (0.0, 1.0),
    "age": (2 / 3, 1.0),
    "muscle": (0.0, 0.5, 1.0),
    "weight": (0.0, 0.5, 1.0),
    "height": (0.0, 1.0),
    "proportions": (0.0, 1.0),
}


@cache
def _asset() -> _Asset:
    with (files("stumble.synth") / "assets" / "body.npz").open("rb") as file, np.load(file) as stored:
        if tuple(stored["segments"]) != SEGMENTS or tuple(stored["axes"]) != tuple(_ANCHORS):
            raise SpecError("the body asset does not match this version of stumble")
        return _Asset(
            mean=stored["mean"],
            basis=stored["basis"].astype(np.float32),
            coefficients=stored["coefficients"],
            weights=stored["weights"].astype(np.float32),
            faces=stored["faces"].astype(np.int32),
            joints=tuple(stored["joints"].tolist()),
        )


def _corner_weights(axis: str, value: float) -> list[tuple[int, float]]:
    anchors = _ANCHORS[axis]
    if not anchors[0] - 1e-9 <= value <= anchors[-1] + 1e-9:
        raise SpecError(f"body shape: {axis} is {value:g}; it must lie in {anchors[0]:g}..{anchors[-1]:g}")
    low = min(int(np.searchsorted(anchors, value, side="right")) - 1, len(anchors) - 2)
    share = (value - anchors[low]) / (anchors[low + 1] - anchors[low])
    return [(low, 1 - share), (low + 1, share)]


def _rest_points(shape: Shape, height: float) -> Float[np.ndarray, "p 3"]:
    asset = _asset()
    corners = [_corner_weights(axis, height if axis == "height" else getattr(shape, axis)) for axis in _ANCHORS]
    mixed = np.zeros(asset.coefficients.shape[-1], np.float32)
    for corner in product(*corners):
        mixed += np.prod([w for _, w in corner]).astype(np.float32) * asset.coefficients[tuple(i for i, _ in corner)]
    return asset.mean + np.tensordot(mixed, asset.basis, 1)


def rotation_between(a: Float[np.ndarray, "*n 3"], b: Float[np.ndarray, "*n 3"]) -> Float[np.ndarray, "*n 3 3"]:
    """The smallest rotations that turn directions a into directions b (not opposite to one another)."""
    a = a / np.linalg.norm(a, axis=-1, keepdims=True)
    b = b / np.linalg.norm(b, axis=-1, keepdims=True)
    axis, cosine = np.cross(a, b), np.sum(a * b, -1)
    skew = np.zeros((*axis.shape, 3))
    skew[..., 0, 1], skew[..., 0, 2], skew[..., 1, 2] = -axis[..., 2], axis[..., 1], -axis[..., 0]
    skew = skew - np.swapaxes(skew, -1, -2)
    return np.eye(3) + skew + skew @ skew / (1 + cosine)[..., None, None]


class Body:
    """One person's mesh. Raises SpecError where the shape leaves the asset's ranges.

    Attributes:
        vertices: (V, 3) rest vertices, in metres, before posing.
        faces: (F, 3) triangles, counter-clockwise seen from outside.
        joints: name to (3,), the rest positions of all joints.
        stature: metres from sole to crown in the straight stance.
    """

    def __init__(self, shape: Shape) -> None:
        if not shape.stature > 0:
            raise SpecError(f"body shape: stature is {shape.stature:g} m; it must be positive")
        asset = _asset()
        heights = np.array([0.2, 0.4, 0.6, 0.8])
        statures = [self._stature(_rest_points(shape, h)) for h in heights]
        height = float(np.clip(np.interp(shape.stature, statures, heights), heights[0], heights[-1]))
        points = _rest_points(shape, height)
        points = points * (shape.stature / self._stature(points))
        count = len(asset.weights)
        self.vertices = points[:count].astype(np.float32)
        self.joints = dict(zip(asset.joints, points[count:].astype(np.float64), strict=True))
        self.faces, self.weights, self.stature = asset.faces, asset.weights, shape.stature
        self._origin = np.stack([self.joints[s] for s in SEGMENTS])
        self._straight = self._straighten()
        self._offset = np.stack(
            [self._straight[p] @ (self._origin[s] - self._origin[p]) for s, p in enumerate(PARENTS) if p >= 0]
        )
        self._ntu = np.stack([self._ntu_point(s, p) for s, p in NTU_JOINTS])

    @staticmethod
    def _stature(points: Float[np.ndarray, "p 3"]) -> float:
        vertices = points[: len(_asset().weights)]
        return float(vertices[:, 2].max() - vertices[:, 2].min())

    def _ntu_point(self, segment: str, point: str) -> np.ndarray:
        """A joint in its segment's own frame, straight stance."""
        position = self.joints[point]
        if segment == "neck":
            position = 0.5 * (self.joints["neck"] + self.joints["head"])
        index = SEGMENTS.index(segment)
        return np.asarray(self._straight[index] @ (position - self._origin[index]))

    def _straighten(self) -> Float[np.ndarray, "s 3 3"]:
        turns = np.tile(np.eye(3), (len(SEGMENTS), 1, 1))
        for index, segment in enumerate(SEGMENTS):
            side, _, name = segment.partition("_")
            if side in ("left", "right") and name in _STRAIGHT:
                tip, direction = _STRAIGHT[name]
                axis = self.joints[f"{side}_{tip}"] - self.joints[segment]
                turns[index] = rotation_between(axis, np.array(direction))
                if name in ("forearm", "hand"):  # the elbow of the rest pose is bent: bend it out, twist as the arm
                    parent = turns[PARENTS[index]]
                    turns[index] = rotation_between(parent @ axis, np.array(direction)) @ parent
        return turns

    def joint_positions(
        self, rotations: Float[np.ndarray, "t s 3 3"], root: Float[np.ndarray, "t 3"]
    ) -> Float[np.ndarray, "t s 3"]:
        """Forward kinematics: where the root joint of each segment is."""
        positions = np.empty((len(root), len(SEGMENTS), 3))
        positions[:, 0] = root
        for segment in range(1, len(SEGMENTS)):
            parent = PARENTS[segment]
            positions[:, segment] = positions[:, parent] + rotations[:, parent] @ self._offset[segment - 1]
        return positions

    def ntu_joints(
        self, rotations: Float[np.ndarray, "t s 3 3"], root: Float[np.ndarray, "t 3"]
    ) -> Float[np.ndarray, "t 25 3"]:
        """The 25 joints of the NTU layout in the person's frame, metres."""
        carriers = [SEGMENTS.index(s) for s, _ in NTU_JOINTS]
        return self.joint_positions(rotations, root)[:, carriers] + np.einsum(
            "tjab,jb->tja", rotations[:, carriers], self._ntu
        )

    def pose(
        self,
        rotations: Float[np.ndarray, "t s 3 3"],
        root: Float[np.ndarray, "t 3"],
        vertices: Float[np.ndarray, "v 3"] | None = None,
    ) -> Float[np.ndarray, "t v 3"]:
        """Linear blend skinning of the rest vertices (or of a dressed variant with the same topology)."""
        rest = self.vertices if vertices is None else vertices
        turn = rotations @ self._straight
        shift = self.joint_positions(rotations, root) - np.einsum("tsab,sb->tsa", turn, self._origin)
        moves = np.concatenate([turn, shift[..., None]], -1).astype(np.float32)  # (T, S, 3, 4)
        blended = np.tensordot(self.weights, moves, (1, 1))  # (V, T, 3, 4)
        return np.ascontiguousarray(
            np.moveaxis(np.einsum("vtab,vb->vta", blended[..., :3], rest) + blended[..., 3], 0, 1)
        )
