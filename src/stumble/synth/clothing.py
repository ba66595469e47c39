"""What people wear and carry: everyday clothes, hair, coats with skirts, and bags, all as geometry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float, Int

from stumble.synth.body import SEGMENTS, Body
from stumble.synth.gait import Motion

__all__ = ["Bag", "Coat", "Mesh", "Outfit", "bag_mesh", "dress", "skirt_mesh"]

_RING = 18


@dataclass(frozen=True)
class Coat:
    """A coat over the clothes. Thickness and hood in metres, length as a share from hip to ankle, flare as a ratio."""

    thickness: float = 0.03
    length: float = 0.4
    flare: float = 1.15
    hood: float = 0.0


@dataclass(frozen=True)
class Bag:
    """Something carried. Size in metres: depth (forward), width (sideways), height."""

    kind: Literal["backpack", "shoulder", "hand"]
    side: Literal["left", "right"] = "right"
    size: tuple[float, float, float] = (0.16, 0.30, 0.42)


@dataclass(frozen=True)
class Outfit:
    """Everyday clothes: how far they stand off the skin, in metres."""

    shirt: float = 0.012
    sleeves: float = 0.008
    trousers: float = 0.012
    flare: float = 0.006
    shoes: float = 0.010
    hair: float = 0.015
    long_hair: float = 0.0


@dataclass(frozen=True)
class Mesh:
    """A mesh that moves with a person.

    Attributes:
        points: (T, V, 3) in the person's frame, metres.
        faces: (F, 3) int32.
    """

    points: Float[np.ndarray, "t v 3"]
    faces: Int[np.ndarray, "f 3"]


def dress(body: Body, outfit: Outfit, coat: Coat | None = None) -> Float[np.ndarray, "v 3"]:
    """The rest vertices with clothes, hair and perhaps a coat: moved outwards by an amount that varies smoothly."""
    amount = {
        **dict.fromkeys(("pelvis", "abdomen", "chest"), outfit.shirt),
        **dict.fromkeys(("clavicle", "upper_arm"), outfit.sleeves),
        "forearm": 0.6 * outfit.sleeves,
        "thigh": outfit.trousers,
        "shin": outfit.trousers + outfit.flare,
        "foot": outfit.shoes,
        "toes": outfit.shoes,
    }
    if coat is not None:
        for name, share in (("pelvis", 0.8), ("abdomen", 1.0), ("chest", 0.9), ("clavicle", 0.8), ("upper_arm", 0.8)):
            amount[name] += share * coat.thickness
        amount["forearm"] += 0.7 * coat.thickness
        amount["neck"] = 0.5 * coat.thickness + coat.hood
        amount["head"] = 0.6 * coat.hood
    per_segment = np.array([amount.get(s.removeprefix("left_").removeprefix("right_"), 0.0) for s in SEGMENTS])
    offset = body.weights @ per_segment.astype(np.float32)
    above = body.vertices - body.joints["head"]
    height = float(body.vertices[:, 2].max() - body.joints["head"][2])
    in_head = body.weights[:, SEGMENTS.index("head")]
    scalp = np.clip((above[:, 2] + 0.9 * (0.03 - above[:, 0])) / height, 0, 1)
    offset += in_head * outfit.hair * scalp
    back = body.weights[:, SEGMENTS.index("neck")] + in_head
    offset += outfit.long_hair * back * np.clip((0.02 - above[:, 0]) / 0.08, 0, 1) * (above[:, 2] < 0.6 * height)
    dressed = body.vertices + offset[:, None] * _normals(body.vertices, body.faces)
    return _closed_hands(body, dressed)


def _normals(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    flat = np.cross(b - a, c - a)
    normals = np.zeros_like(vertices)
    for k in range(3):
        np.add.at(normals, faces[:, k], flat)
    return np.asarray(normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12))


def _closed_hands(body: Body, vertices: np.ndarray) -> np.ndarray:
    """Fingers gathered towards the hand's axis and shortened: hands of walkers are half closed."""
    result = vertices.copy()
    for side in ("left", "right"):
        wrist, tip = body.joints[f"{side}_hand"], body.joints[f"{side}_knuckle"]
        axis = (tip - wrist) / np.linalg.norm(tip - wrist)
        weight = body.weights[:, SEGMENTS.index(f"{side}_hand"), None]
        relative = vertices - wrist
        along = relative @ axis
        past = np.clip(along / np.linalg.norm(tip - wrist) - 0.6, 0, 1)[:, None]
        across = relative - along[:, None] * axis
        gathered = wrist + (along[:, None] * (1 - 0.25 * past)) * axis + across * (1 - 0.5 * past)
        result += weight * (gathered - vertices)
    return result.astype(np.float32)


def _box(size: tuple[float, float, float], power: float = 4.0) -> tuple[np.ndarray, np.ndarray]:
    """A box with rounded edges (a superellipsoid) around the origin."""
    around = np.linspace(0, 2 * np.pi, _RING, endpoint=False)
    polar, azimuth = (angle.ravel() for angle in np.meshgrid(np.linspace(0, np.pi, 9), around, indexing="ij"))
    sphere = np.stack([np.sin(polar) * np.cos(azimuth), np.sin(polar) * np.sin(azimuth), np.cos(polar)], 1)
    sphere /= (np.abs(sphere) ** power).sum(1, keepdims=True) ** (1 / power)
    return sphere * np.asarray(size) / 2, _tube_faces(9)


def _tube_faces(rings: int) -> np.ndarray:
    ring, spoke = np.meshgrid(np.arange(rings - 1), np.arange(_RING), indexing="ij")
    a, b = ring * _RING + spoke, ring * _RING + (spoke + 1) % _RING
    c, d = a + _RING, b + _RING
    triangles = np.stack([a, c, b], -1).reshape(-1, 3), np.stack([b, c, d], -1).reshape(-1, 3)
    return np.concatenate(triangles).astype(np.int32)


def bag_mesh(bag: Bag, body: Body, motion: Motion) -> Mesh:
    """The bag on the walking person: on the back, at the hip on a strap, or hanging from a hand."""
    joints = body.joint_positions(motion.rotations, motion.root)
    points, faces = _box(bag.size)
    sign = 1.0 if bag.side == "left" else -1.0
    if bag.kind == "backpack":
        chest = SEGMENTS.index("chest")
        back = body.vertices[np.abs(body.vertices[:, 2] - body.joints["chest"][2] - 0.1) < 0.08, 0].min()
        seat = np.array([back - body.joints["chest"][0] - 0.42 * bag.size[0], 0.0, 0.5 * (0.36 - bag.size[2]) + 0.06])
        moved = (points + seat) @ np.swapaxes(motion.rotations[:, chest], 1, 2) + joints[:, chest, None]
        return Mesh(moved.astype(np.float32), faces)
    if bag.kind == "shoulder":
        hip = SEGMENTS.index(f"{bag.side}_thigh")
        seat = np.array([-0.03, sign * (0.06 + bag.size[1] / 2), 0.02 - 0.25 * bag.size[2]])
        moved = (points + seat) @ np.swapaxes(motion.rotations[:, 0], 1, 2) + joints[:, hip, None]
        strap, strap_faces = _strap(moved.mean(1), joints[:, SEGMENTS.index(f"{bag.side}_upper_arm")], 0.02)
        return Mesh(
            np.concatenate([moved, strap], 1).astype(np.float32), np.concatenate([faces, strap_faces + points.shape[0]])
        )
    hand = SEGMENTS.index(f"{bag.side}_hand")
    seat = np.array([0.0, 0.0, -0.09 - bag.size[2] / 2])
    return Mesh((points + seat + joints[:, hand, None]).astype(np.float32), faces)


def _strap(start: np.ndarray, end: np.ndarray, radius: float) -> tuple[np.ndarray, np.ndarray]:
    """A thin tube between two moving points."""
    angle = np.linspace(0, 2 * np.pi, _RING, endpoint=False)
    circle = radius * np.stack([np.cos(angle), np.sin(angle), np.zeros_like(angle)], -1)
    return np.concatenate([start[:, None] + circle, end[:, None] + circle], 1), _tube_faces(2)


def skirt_mesh(coat: Coat, body: Body, motion: Motion) -> Mesh:
    """The coat's skirt: elliptic rings around both legs from the waist to the hem, as wide as the stride makes them."""
    joints = body.joint_positions(motion.rotations, motion.root)

    def leg(side: str, share: float) -> np.ndarray:
        hip, knee, ankle = (joints[:, SEGMENTS.index(f"{side}_{s}")] for s in ("thigh", "shin", "foot"))
        return hip + 2 * share * (knee - hip) if share <= 0.5 else knee + (2 * share - 1) * (ankle - knee)

    thigh = np.abs(body.vertices[:, 2] - 0.5 * (body.joints["left_thigh"][2] + body.joints["left_shin"][2])) < 0.05
    left_thigh = body.vertices[thigh & (body.weights[:, SEGMENTS.index("left_thigh")] > 0.9)]
    radius = 0.25 * float(np.ptp(left_thigh[:, 0]) + np.ptp(left_thigh[:, 1])) + coat.thickness
    angle = np.linspace(0, 2 * np.pi, _RING, endpoint=False)
    rings = []
    levels = np.linspace(-0.08, coat.length, 6)
    pelvis = motion.rotations[:, 0]
    for share in levels:
        left, right = leg("left", max(share, 0.0)), leg("right", max(share, 0.0))
        apart = np.einsum("tba,tb->ta", pelvis, left - right)  # in the pelvis' frame
        centre = 0.5 * (left + right)
        if share < 0:
            centre = centre + pelvis[:, :, 2] * (-share * 1.2)
        open_up = 1 + (coat.flare - 1) * max(share, 0.0) / coat.length
        ahead = (0.5 * np.abs(apart[:, 0]) + radius * 1.25) * open_up
        aside = (0.5 * np.abs(apart[:, 1]) + radius * 1.15) * open_up
        ring = ahead[:, None, None] * np.cos(angle)[None, :, None] * pelvis[:, None, :, 0]
        ring = ring + aside[:, None, None] * np.sin(angle)[None, :, None] * pelvis[:, None, :, 1]
        rings.append(centre[:, None] + ring)
    return Mesh(np.concatenate(rings, 1).astype(np.float32), _tube_faces(len(levels)))
