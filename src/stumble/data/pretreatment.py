"""The pretreatment of GaitSet and OpenGait: a raw silhouette, cut to the person, scaled to 64 rows and centred."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import cv2
import numpy as np
from jaxtyping import Int, UInt8

__all__ = ["FEWEST_FRAMES", "Flavour", "pretreat", "pretreat_stack"]

Flavour = Literal["gaitset", "opengait"]
"""Whose rule: "opengait" also drops a frame whose centre lies in the first column."""

SIZE = 64
SMALLEST_SUM = 10_000
FEWEST_FRAMES = 5
"""A sequence with fewer frames left is warned about."""


def pretreat(frame: UInt8[np.ndarray, "h w"], flavour: Flavour = "opengait") -> UInt8[np.ndarray, "64 64"] | None:
    """One frame pretreated, or None where it is dropped.

    A frame whose levels sum to 10000 or less is dropped. The rows from the first to the last that is not black are
    resized to height 64 and width floor(64 w/h), cubic; the window of 64 columns around the first column at which
    the cumulative sum exceeds half the total is cut out, black outside the image. Levels are not rounded back to
    black and white. A frame of which resizing leaves nothing is dropped.

    Black columns beside a person change the result only through the rounding of the width, so hand in the
    frame as wide as the camera saw it.
    """
    rows = cv2.reduce(frame, 1, cv2.REDUCE_SUM, dtype=cv2.CV_32S).ravel()
    if int(rows.sum()) <= SMALLEST_SUM:
        return None
    filled = rows.nonzero()[0]
    top, bottom = int(filled[0]), int(filled[-1]) + 1
    width = SIZE * frame.shape[1] // (bottom - top)
    if width == 0:
        return None
    person = cv2.resize(frame[top:bottom], (width, SIZE), interpolation=cv2.INTER_CUBIC)
    columns = cv2.reduce(person, 0, cv2.REDUCE_SUM, dtype=cv2.CV_32S).ravel().cumsum()
    centre = int(columns.searchsorted(columns[-1] / 2, side="right"))
    if centre == width or (centre == 0 and flavour == "opengait"):
        return None
    window = np.zeros((SIZE, SIZE), np.uint8)
    left = centre - SIZE // 2
    first, last = max(left, 0), min(left + SIZE, width)
    window[:, first - left : last - left] = person[:, first:last]
    return window


def pretreat_stack(
    frames: Iterable[UInt8[np.ndarray, "h w"]], flavour: Flavour = "opengait"
) -> tuple[UInt8[np.ndarray, "m 64 64"], Int[np.ndarray, " m"]]:
    """A sequence pretreated, and which of its frames were kept.

    Args:
        frames: an array (n, h, w), or single frames whose sizes may differ.
    """
    windows = [pretreat(frame, flavour) for frame in frames]
    pretreated = [window for window in windows if window is not None]
    kept = np.array([index for index, window in enumerate(windows) if window is not None], np.int64)
    return np.stack(pretreated) if pretreated else np.zeros((0, SIZE, SIZE), np.uint8), kept
