"""Triangles to pixels: silhouettes, and depth with the nearest triangle for shaded pictures. Compiled with numba."""

from __future__ import annotations

import numba
import numpy as np

__all__ = ["depth_buffer", "fill"]


@numba.njit(cache=True, nogil=True, fastmath=True)
def fill(points: np.ndarray, faces: np.ndarray, mask: np.ndarray) -> None:
    """Set to 255 every pixel of `mask` (H, W) uint8 whose centre is covered by a triangle.

    Args:
        points: (V, 2) float32 image positions (x to the right, y down, pixel centres at whole numbers).
        faces: (F, 3) int32; both orientations are filled.
    """
    height, width = mask.shape
    for f in range(faces.shape[0]):
        x0, y0 = points[faces[f, 0], 0], points[faces[f, 0], 1]
        x1, y1 = points[faces[f, 1], 0], points[faces[f, 1], 1]
        x2, y2 = points[faces[f, 2], 0], points[faces[f, 2], 1]
        top = max(0, int(np.ceil(min(y0, y1, y2))))
        bottom = min(height - 1, int(np.floor(max(y0, y1, y2))))
        for y in range(top, bottom + 1):
            left, right = np.float32(1e9), np.float32(-1e9)
            for xa, ya, xb, yb in ((x0, y0, x1, y1), (x1, y1, x2, y2), (x2, y2, x0, y0)):
                if (ya <= y <= yb) or (yb <= y <= ya):
                    if ya == yb:
                        left, right = min(left, xa, xb), max(right, xa, xb)
                    else:
                        x = xa + (y - ya) * (xb - xa) / (yb - ya)
                        left, right = min(left, x), max(right, x)
            for x in range(max(0, int(np.ceil(left))), min(width - 1, int(np.floor(right))) + 1):
                mask[y, x] = 255


@numba.njit(cache=True, nogil=True)
def depth_buffer(
    points: np.ndarray, depths: np.ndarray, faces: np.ndarray, buffer: np.ndarray, nearest: np.ndarray
) -> None:
    """Draw triangles into a depth buffer.

    Args:
        points: (V, 2) image positions; depths: (V,) metres from the camera; faces: (F, 3).
        buffer: (H, W) float32, initialised to infinity; receives the smallest depth.
        nearest: (H, W) int32, initialised to -1; receives the triangle that has it.
    """
    height, width = buffer.shape
    for f in range(faces.shape[0]):
        a, b, c = faces[f, 0], faces[f, 1], faces[f, 2]
        x0, y0, x1, y1, x2, y2 = points[a, 0], points[a, 1], points[b, 0], points[b, 1], points[c, 0], points[c, 1]
        area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
        if abs(area) < 1e-9:
            continue
        for y in range(max(0, int(np.ceil(min(y0, y1, y2)))), min(height - 1, int(np.floor(max(y0, y1, y2)))) + 1):
            for x in range(max(0, int(np.ceil(min(x0, x1, x2)))), min(width - 1, int(np.floor(max(x0, x1, x2)))) + 1):
                u = ((x1 - x) * (y2 - y) - (x2 - x) * (y1 - y)) / area
                v = ((x2 - x) * (y0 - y) - (x0 - x) * (y2 - y)) / area
                w = 1 - u - v
                if u >= 0 and v >= 0 and w >= 0:
                    depth = u * depths[a] + v * depths[b] + w * depths[c]
                    if depth < buffer[y, x]:
                        buffer[y, x] = depth
                        nearest[y, x] = f
