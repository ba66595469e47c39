"""Three depth sensors side by side, as NTU RGB+D has them, and what such a sensor makes of 25 joints.

Axes of a sensor's frame, right-handed as in NTU's files: y up, z away from the sensor, x towards the left of somebody
who looks out of it. Somebody who faces it has their left hand at the smaller x: their images are as in a mirror, their
bodies are not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from stumble.layouts import NTU25

__all__ = ["CAMERAS", "SETUPS", "Kinect", "SensorNoise"]

CAMERAS: tuple[float, ...] = (0.0, -45.0, 45.0)
"""Where cameras 1, 2 and 3 stand around the actor, in degrees; positive is to the left seen from the actor."""

SETUPS: tuple[tuple[float, float], ...] = (
    *((1.7, 3.5), (1.7, 3.0), (1.4, 3.0), (1.2, 3.2)),
    *((1.2, 3.8), (0.8, 3.5), (0.6, 4.0), (1.4, 3.4)),
)
"""Height and distance of the cameras in metres, by setup."""


@dataclass(frozen=True)
class Kinect:
    """A sensor that looks at the actor's place, the origin of the world (z up, metres).

    Attributes:
        angle: where it stands, in degrees from the world's +x, anticlockwise from above.
        height, distance: metres.
        tilt, roll: degrees; tilt is downwards.
    """

    angle: float
    height: float
    distance: float
    tilt: float = 0.0
    roll: float = 0.0

    def see(self, points: Float[np.ndarray, "*n 3"]) -> Float[np.ndarray, "*n 3"]:
        """World points in the sensor's frame: a rotation and a shift."""
        around, tilt, roll = np.radians([self.angle, self.tilt, self.roll])
        position = (self.distance * np.cos(around), self.distance * np.sin(around), self.height)
        ahead = np.array([-np.cos(around) * np.cos(tilt), -np.sin(around) * np.cos(tilt), -np.sin(tilt)])
        level = np.array([np.sin(around), -np.cos(around), 0.0])
        up = np.cross(ahead, level)
        axes = np.stack([np.cos(roll) * level + np.sin(roll) * up, np.cos(roll) * up - np.sin(roll) * level, ahead])
        return (points - np.array(position)) @ axes.T


_TRUNK = NTU25.index("spine base", "spine middle", "spine shoulder")
_WHITE = {"hand tip": 0.011, "thumb": 0.013, "hand": 0.009, "wrist": 0.007, "foot": 0.010, "ankle": 0.008}
_UNSURE = np.array([_WHITE.get(name.removeprefix("left ").removeprefix("right "), 0.004) for name in NTU25.joints])
_LIMBS = tuple(
    NTU25.index(*(f"{side} {name}" for name in names))
    for side in ("left", "right")
    for names in (("wrist", "hand", "hand tip", "thumb"), ("elbow", "wrist", "hand", "hand tip", "thumb"))
) + tuple(NTU25.index(*(f"{side} {name}" for name in ("knee", "ankle", "foot"))) for side in ("left", "right"))
_TRUNK_RADIUS, _BEHIND = 0.17, 0.08  # metres


@dataclass(frozen=True)
class SensorNoise:
    """What the sensor's body tracking does to joints.

    The defaults are those of good tracking, errors of a millimetre or two; a bare Kinect errs ten times as far in
    everything but the number of slips.

    Attributes:
        jitter: scale of each frame's own error; at 1 it is 4 mm at the trunk to 13 mm at the thumbs.
        drift: scale of the error that lasts, about twice the jitter, over about 0.4 s.
        occlusion: metres of drift of a joint that the trunk hides.
        slips: limbs lost per clip, on average, for a few frames.
        slip: metres by which.
    """

    jitter: float = 0.1
    drift: float = 0.1
    occlusion: float = 0.005
    slips: float = 0.6
    slip: float = 0.012

    def spoil(
        self, seen: Float[np.ndarray, "t 25 3"], rng: np.random.Generator
    ) -> tuple[Float[np.ndarray, "t 25 3"], Bool[np.ndarray, "t 25"]]:
        """Joints in the sensor's frame as it reports them, and which of them it does track."""
        frames = len(seen)
        hidden = _hidden(seen)
        noisy = seen + self.jitter * _UNSURE[:, None] * rng.normal(size=seen.shape)
        lasting = _wander(rng, frames, 25, 0.9)
        fading = _lasting(0.25 * hidden, 0.75)[..., None]
        noisy += lasting * (2.0 * self.drift * _UNSURE[:, None] + self.occlusion * fading)
        lost = np.zeros(hidden.shape, bool)
        for _ in range(int(rng.poisson(self.slips))):
            limb = list(_LIMBS[int(rng.integers(len(_LIMBS)))])
            first, length = int(rng.integers(frames)), int(rng.integers(3, 11))
            away = rng.normal(size=3) * self.slip
            window = slice(first, first + length)
            course = np.sin(np.pi * (np.arange(length) + 0.5) / length)[: frames - first, None, None]
            noisy[window, limb] += course * away
            lost[window, limb] = True
        smooth = noisy.copy()
        smooth[1:-1] = 0.25 * noisy[:-2] + 0.5 * noisy[1:-1] + 0.25 * noisy[2:]
        return smooth, ~(hidden | lost)


def _wander(rng: np.random.Generator, frames: int, joints: int, memory: float) -> Float[np.ndarray, "t j 3"]:
    """An autoregressive wandering of variance 1."""
    white = rng.normal(size=(frames, joints, 3)) * np.sqrt(1 - memory**2)
    white[0] /= np.sqrt(1 - memory**2)
    return _lasting(white, memory)


def _lasting(shocks: Float[np.ndarray, "t *n"], memory: float) -> Float[np.ndarray, "t *n"]:
    """What is left of all shocks so far, each frame `memory` of what was left in the frame before."""
    values = np.array(shocks)
    for frame in range(1, len(values)):
        values[frame] += memory * values[frame - 1]
    return values


def _hidden(seen: Float[np.ndarray, "t 25 3"]) -> Bool[np.ndarray, "t 25"]:
    """Joints behind the trunk: further away than the spine, on a ray that passes close by it."""
    base, top = seen[:, _TRUNK[0], None], seen[:, _TRUNK[2], None]
    ray = seen / np.linalg.norm(seen, axis=-1, keepdims=True)
    flat_axis = (top - base) - ((top - base) * ray).sum(-1, keepdims=True) * ray
    flat_base = base - (base * ray).sum(-1, keepdims=True) * ray
    along = -(flat_base * flat_axis).sum(-1, keepdims=True) / np.maximum((flat_axis**2).sum(-1, keepdims=True), 1e-6)
    along = np.clip(along, 0, 1)
    near = np.linalg.norm(flat_base + along * flat_axis, axis=-1) < _TRUNK_RADIUS
    spine = base + along * (top - base)
    behind = np.linalg.norm(seen, axis=-1) - np.linalg.norm(spine, axis=-1) > _BEHIND
    hidden = near & behind
    hidden[:, list(NTU25.index("spine base", "spine middle", "spine shoulder", "neck", "head"))] = False
    return hidden
