"""Silhouettes as PNG images inside the page."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import UInt8

from stumble.report.gait import Strip

__all__ = ["GAP", "PIECE", "Image", "film", "pair"]

GAP = 2  # pixels between frames
PIECE = 20  # frames in one image of a film, so that a film can wrap on paper
_GAP_LEVEL = 96


@dataclass(frozen=True)
class Image:
    """A PNG as a data URI, its size in pixels, and how far apart its columns start."""

    uri: str
    width: int
    height: int
    pitch: int


def film(strip: Strip) -> tuple[Image, ...]:
    """Grids of two rows: clean frames above, adversarial frames below, a column per adversarial frame."""
    frames = np.stack([strip.aligned, strip.adversarial])
    return tuple(_grid(frames[:, first : first + PIECE]) for first in range(0, frames.shape[1], PIECE))


def pair(strip: Strip, position: int) -> Image:
    """The clean and the adversarial frame at one position, side by side."""
    return _grid(np.stack([strip.aligned[position], strip.adversarial[position]])[None])


def _grid(frames: UInt8[np.ndarray, "r c h w"]) -> Image:
    rows, columns, height, width = frames.shape
    sheet = np.full((rows * (height + GAP) - GAP, columns * (width + GAP) - GAP), _GAP_LEVEL, np.uint8)
    for row in range(rows):
        for column in range(columns):
            y, x = row * (height + GAP), column * (width + GAP)
            sheet[y : y + height, x : x + width] = frames[row, column]
    _, png = cv2.imencode(".png", sheet, [cv2.IMWRITE_PNG_COMPRESSION, 9])
    uri = "data:image/png;base64," + b64encode(png.tobytes()).decode("ascii")
    return Image(uri, sheet.shape[1], sheet.shape[0], width + GAP)
