"""Walking: a personal style to joint rotations, frame by frame.

Sagittal angles of hip, knee and ankle over the gait cycle follow the shape of the normative curves of clinical
gait analysis (heel strike at 0); a style scales, shifts and delays them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float
from scipy.interpolate import CubicSpline

from stumble.synth.body import PARENTS, SEGMENTS, Body

__all__ = ["FRAMES_PER_SECOND", "Motion", "Style", "leg_length", "on_the_ground", "turn", "walk"]

FRAMES_PER_SECOND = 25.0

_CYCLE = np.linspace(0, 1, 11)
_HIP = CubicSpline(_CYCLE, [29, 23, 14, 4, -5, -11, -5, 14, 28, 32, 29], bc_type="periodic")
_KNEE = CubicSpline(_CYCLE, [5, 16, 16, 10, 5, 10, 35, 61, 54, 22, 5], bc_type="periodic")
_ANKLE = CubicSpline(_CYCLE, [0, -5, 3, 7, 10, 5, -17, -6, 1, 1, 0], bc_type="periodic")


@dataclass(frozen=True)
class Style:
    """How a person walks. Angles in degrees, frequencies in strides per second, phases in cycles."""

    cadence: float = 0.92
    stride: float = 1.0  # scale of the hip's swing
    knee: float = 1.0  # scale of the knee's flexion
    ankle: float = 1.0
    arm_swing: float = 20.0
    arm_rest: float = -4.0
    elbow_rest: float = 18.0
    elbow_swing: float = 14.0
    arm_out: float = 7.0
    arm_phase: float = 0.0
    forearm_in: float = 8.0
    lean: float = 3.0
    slouch: float = 5.0
    head_pitch: float = 4.0
    pelvis_turn: float = 5.0
    pelvis_drop: float = 3.5
    trunk_turn: float = 5.0
    trunk_sway: float = 2.0
    stance: float = 1.0  # degrees of hip abduction
    toe_out: float = 8.0
    asymmetry: float = 0.0  # relative difference of left and right amplitudes
    limp: float = 0.0  # delay of the right leg, cycles
    shoulder_drop: float = 0.0

    def varied(self, rng: np.random.Generator, scale: float) -> Style:
        """Another sequence of the same person: every trait moved by `scale` of its spread between people."""
        moved = {name: getattr(self, name) + scale * spread * rng.normal() for name, spread in _SPREAD.items()}
        return replace(self, **moved)

    @classmethod
    def sample(cls, rng: np.random.Generator) -> Style:
        """A person's style; traits are independent and truncated at two standard deviations."""
        mean = cls()
        drawn = {name: getattr(mean, name) + s * float(np.clip(rng.normal(), -2, 2)) for name, s in _SPREAD.items()}
        return cls(**drawn)


_SPREAD = {  # one standard deviation between people, in the order of the fields: it is the order of the draws
    "cadence": 0.07,
    "stride": 0.11,
    "knee": 0.09,
    "ankle": 0.2,
    "arm_swing": 8.0,
    "arm_rest": 4.0,
    "elbow_rest": 8.0,
    "elbow_swing": 7.0,
    "arm_out": 3.0,
    "arm_phase": 0.03,
    "forearm_in": 9.0,
    "lean": 2.5,
    "slouch": 5.5,
    "head_pitch": 5.5,
    "pelvis_turn": 2.0,
    "pelvis_drop": 1.5,
    "trunk_turn": 2.0,
    "trunk_sway": 1.0,
    "stance": 1.2,
    "toe_out": 5.0,
    "asymmetry": 0.06,
    "limp": 0.008,
    "shoulder_drop": 1.5,
}


@dataclass(frozen=True)
class Motion:
    """Segment rotations and pelvis positions in the person's frame (x forward, z up, ground at z = 0).

    Attributes:
        rotations: (T, 21, 3, 3), relative to the straight stance.
        root: (T, 3), metres; the person walks along +x.
    """

    rotations: Float[np.ndarray, "t 21 3 3"]
    root: Float[np.ndarray, "t 3"]


def turn(axis: str, degrees: Float[np.ndarray, " t"] | float) -> Float[np.ndarray, "*t 3 3"]:
    """Rotations about x (forward), y (left) or z (up). Positive y tips forward, positive x rolls to the right."""
    angle = np.radians(np.asarray(degrees, dtype=np.float64))
    c, s, one, zero = np.cos(angle), np.sin(angle), np.ones_like(angle), np.zeros_like(angle)
    rows = {
        "x": ((one, zero, zero), (zero, c, -s), (zero, s, c)),
        "y": ((c, zero, s), (zero, one, zero), (-s, zero, c)),
        "z": ((c, -s, zero), (s, c, zero), (zero, zero, one)),
    }[axis]
    return np.stack([np.stack(row, -1) for row in rows], -2)


def _legs(style: Style, phase: np.ndarray) -> dict[str, np.ndarray]:
    """Local rotations of one side's thigh, shin, foot and toes; `phase` in cycles from its heel strike."""
    thigh = turn("y", -(4 + style.stride * (_HIP(phase % 1) - 4)))
    ankle = style.ankle * _ANKLE(phase % 1)
    return {
        "thigh": thigh,
        "shin": turn("y", style.knee * _KNEE(phase % 1)),
        "foot": turn("y", -ankle),
        "toes": turn("y", -np.clip(-1.6 * ankle - 8, 0, 25)),
    }


def walk(style: Style, body: Body, frames: int, start: float = 0.0, carrying: str | None = None) -> Motion:
    """`frames` frames of straight walking at 25 frames a second, `start` cycles into the stride.

    Args:
        carrying: "left" or "right" for a hand that holds a bag: its arm hangs and barely swings.
    """
    time = np.arange(frames) / FRAMES_PER_SECOND
    phase = start + style.cadence * time
    cycle = 2 * np.pi * phase
    local = np.tile(np.eye(3), (frames, len(SEGMENTS), 1, 1))

    def put(segment: str, value: np.ndarray) -> None:
        local[:, SEGMENTS.index(segment)] = value

    turn_now = style.pelvis_turn * np.cos(cycle)
    drop = style.pelvis_drop * np.sin(cycle)
    put("pelvis", turn("z", -turn_now) @ turn("x", drop) @ turn("y", np.full(frames, 0.5 * style.lean)))
    sway = style.trunk_sway * np.sin(cycle)
    put("abdomen", turn("z", 0.5 * turn_now) @ turn("x", -0.6 * drop + 0.5 * sway) @ turn("y", 0.25 * style.lean))
    chest = turn("z", 0.5 * turn_now + style.trunk_turn * np.cos(cycle + 0.2))
    put("chest", chest @ turn("x", -0.4 * drop + 0.5 * sway) @ turn("y", 0.25 * style.lean + 0.5 * style.slouch))
    put("neck", turn("z", -0.6 * style.trunk_turn * np.cos(cycle + 0.2)) @ turn("y", 0.9 * style.slouch - 2))
    nod = style.head_pitch - style.slouch - 0.5 * style.lean + 1.0 * np.cos(2 * cycle + 0.5)
    put("head", turn("x", -0.5 * sway) @ turn("y", nod))
    for side, sign, delay in (("left", 1.0, 0.0), ("right", -1.0, 0.5 + style.limp)):
        scale = 1 + sign * style.asymmetry
        legs = _legs(replace(style, stride=style.stride * scale, knee=style.knee * scale), phase - delay)
        tilt = turn("x", sign * style.stance - drop)
        hip = turn("y", np.full(frames, -0.5 * style.lean)) @ tilt @ turn("z", 0.35 * sign * style.toe_out)
        put(f"{side}_thigh", hip @ legs["thigh"])
        put(f"{side}_shin", legs["shin"])
        put(f"{side}_foot", turn("z", 0.65 * sign * style.toe_out) @ legs["foot"])
        put(f"{side}_toes", legs["toes"])
        held = carrying == side
        arm = phase - delay - style.arm_phase
        swing = -style.arm_swing * scale * np.cos(2 * np.pi * arm) * (0.2 if held else 1.0)
        rest, bending = (4.0, 1.0) if held else (style.elbow_rest, 0.5 * style.elbow_swing)
        bend = rest + bending * (1 - np.cos(2 * np.pi * (arm - 0.04)))
        put(f"{side}_clavicle", turn("x", -sign * style.shoulder_drop - (2.0 * sign if held else 0.0)))
        forward = turn("y", -(style.arm_rest + swing) - 0.7 * style.slouch)
        put(f"{side}_upper_arm", turn("x", sign * style.arm_out) @ forward)
        put(f"{side}_forearm", turn("z", -sign * style.forearm_in) @ turn("y", -bend))
        put(f"{side}_hand", turn("y", -6.0 * np.ones(frames)))
    rotations = accumulate(local)
    height = on_the_ground(body, rotations)
    step = 2 * style.stride * leg_length(body) * np.sin(np.radians(20.0))
    ahead = 2 * step * style.cadence * time + 0.012 * np.sin(2 * cycle)
    sideways = 0.02 * np.sin(cycle)
    return Motion(rotations, np.stack([ahead, sideways, height], 1))


def accumulate(local: Float[np.ndarray, "t s 3 3"]) -> Float[np.ndarray, "t s 3 3"]:
    """Rotations relative to the parent segment to global rotations."""
    total = local.copy()
    for segment in range(1, len(SEGMENTS)):
        total[:, segment] = total[:, PARENTS[segment]] @ local[:, segment]
    return total


def leg_length(body: Body) -> float:
    """Metres from hip to ankle."""
    return float(body.joints["left_thigh"][2] - body.joints["left_foot"][2])


def on_the_ground(body: Body, rotations: Float[np.ndarray, "t 21 3 3"]) -> Float[np.ndarray, " t"]:
    """Height of the pelvis that puts the lowest point of both soles on the ground, averaged over five frames."""
    joints = body.joint_positions(rotations, np.zeros((len(rotations), 3)))
    ground = body.vertices[:, 2].min()
    lowest = np.full(len(rotations), np.inf)
    for side in ("left", "right"):
        foot = SEGMENTS.index(f"{side}_foot")
        ankle = body.joints[f"{side}_foot"]
        heel = np.array([-0.055, 0, ground - ankle[2]])
        ball = np.array([body.joints[f"{side}_toes"][0] - ankle[0], 0, ground - ankle[2]])
        for point in (heel, ball):
            lowest = np.minimum(lowest, (joints[:, foot] + rotations[:, foot] @ point)[:, 2])
    return np.convolve(np.pad(-lowest, 2, mode="edge"), np.ones(5) / 5, "valid")
