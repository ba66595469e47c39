"""Skeletons in motion: a strip of poses as lines, for paper and documents, and the numbers behind the player."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from jinja2 import Environment, PackageLoader, StrictUndefined

from stumble.report.actions import Motion

__all__ = ["Pose", "PoseStrip", "pose_strip", "recording", "strip_svg"]

_HIDDEN = -32768
_LARGEST = 32767
_MARGIN = 7.0
_SHAPE = 0.7  # a column's width over its height


@dataclass(frozen=True)
class Pose:
    """One frame as two drawings, the clean one above.

    Attributes:
        frame: from 0.
        x: where its column begins.
        clean, adversarial: bones as the data of an SVG path, from the column's upper left corner.
        joints: centres of the attacked joints of the adversarial skeleton.
    """

    frame: int
    x: float
    clean: str
    adversarial: str
    joints: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class PoseStrip:
    """Poses side by side, in units of an SVG's view box.

    Attributes:
        width: of all columns together.
        row: height of one row of two.
        column: width of one pose.
        poses: in the order of time.
    """

    width: float
    row: float
    column: float
    poses: tuple[Pose, ...]


def pose_strip(sample: Motion, poses: int = 8, turned: float = 30.0, row: float = 130.0) -> PoseStrip:
    """Poses at even distances in time, each about the place where the clean person stands at that moment.

    Args:
        poses: how many, at most as many as there are frames.
        turned: degrees about the vertical axis, for three-dimensional joints.
        row: height of one pose.
    """
    seen = np.flatnonzero(sample.visible.any((0, 2)))
    frames = seen[np.unique(np.linspace(0, len(seen) - 1, min(poses, len(seen))).round().astype(int))]
    clean, adversarial = (_flat(j[:, frames], turned) for j in (sample.clean, sample.adversarial))
    visible = sample.visible[:, frames]
    origin = np.stack([_middle(clean[:, t], visible[:, t]) for t in range(len(frames))])
    clean, adversarial = clean - origin[:, None], adversarial - origin[:, None]
    shown = np.concatenate([clean[visible], adversarial[visible]])
    top, bottom, half = shown[:, 1].min(), shown[:, 1].max(), np.abs(shown[:, 0]).max()
    column = _SHAPE * row
    scale = min((row - 2 * _MARGIN) / max(bottom - top, 1e-9), (column / 2 - _MARGIN) / max(half, 1e-9))
    drop = (row - scale * (bottom - top)) / 2 - scale * top

    def place(points: Float[np.ndarray, "*n 2"]) -> Float[np.ndarray, "*n 2"]:
        return points * scale + (column / 2, drop)

    drawn = []
    for t, frame in enumerate(frames.tolist()):
        marked = visible[:, t] & sample.attacked
        joints = tuple((round(float(x), 1), round(float(y), 1)) for x, y in place(adversarial[:, t])[marked])
        before, after = (_bones(sample, place(body[:, t]), visible[:, t]) for body in (clean, adversarial))
        drawn.append(Pose(frame, round(t * column, 1), before, after, joints))
    return PoseStrip(round(column * len(drawn), 1), row, column, tuple(drawn))


def strip_svg(sample: Motion, poses: int = 8) -> str:
    """The strip as an SVG document that stands alone, clean in green above, adversarial in red; light and dark."""
    environment = Environment(
        loader=PackageLoader("stumble.report", "assets"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    return environment.get_template("strip.svg").render(sample=sample, strip=pose_strip(sample, poses))


def recording(sample: Motion) -> dict[str, object]:
    """What the player draws, as plain data: joints as base64 of little-endian 16-bit numbers, for the eye only.

    `clean` and `adversarial` hold M * T * J * C numbers; a coordinate is `origin` + `step` times its number, and a
    joint whose numbers are -32768 is not there. The y axis points up.
    """
    people, frames, joints, coordinates = sample.clean.shape
    up = np.array([1, -1] if coordinates == 2 else [1, 1, 1])
    clean, adversarial = sample.clean * up, sample.adversarial * up
    shown = np.concatenate([clean[sample.visible], adversarial[sample.visible]]).astype(np.float64)
    low, high = shown.min(0), shown.max(0)
    origin, step = (low + high) / 2, max(float((high - low).max()) / 2 / _LARGEST, 1e-9)

    def packed(positions: Float[np.ndarray, "m t j c"]) -> str:
        numbers = np.where(sample.visible[..., None], np.rint((positions - origin) / step), _HIDDEN)
        return b64encode(np.clip(numbers, _HIDDEN, _LARGEST).astype("<i2").tobytes()).decode("ascii")

    return {
        "shape": [people, frames, joints, coordinates],
        "bones": [list(bone) for bone in sample.layout.bones],
        "attacked": np.flatnonzero(sample.attacked).tolist(),
        "rate": sample.frames_per_second,
        "origin": origin.tolist(),
        "step": step,
        "clean": packed(clean),
        "adversarial": packed(adversarial),
    }


def _flat(joints: Float[np.ndarray, "m t j c"], turned: float) -> Float[np.ndarray, "m t j 2"]:
    """Positions on paper, y down."""
    if joints.shape[3] == 2:
        return joints.astype(np.float64)
    angle = np.radians(turned)
    return np.stack([np.cos(angle) * joints[..., 0] + np.sin(angle) * joints[..., 2], -joints[..., 1]], -1)


def _middle(joints: Float[np.ndarray, "m j 2"], visible: Bool[np.ndarray, "m j"]) -> Float[np.ndarray, "2"]:
    """Where the people of one frame stand, across the paper."""
    return np.array([joints[visible][:, 0].mean(), 0.0])


def _bones(sample: Motion, joints: Float[np.ndarray, "m j 2"], visible: Bool[np.ndarray, "m j"]) -> str:
    lines = []
    for person, there in zip(joints.round(1).tolist(), visible, strict=True):
        for a, b in sample.layout.bones:
            if there[a] and there[b]:
                lines.append("M{:g},{:g}L{:g},{:g}".format(*person[a], *person[b]))
    return "".join(lines)
