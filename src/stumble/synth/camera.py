"""The camera: world points to pixels of a 320 x 240 image, the size of CASIA-B's videos."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

__all__ = ["IMAGE_HEIGHT", "IMAGE_WIDTH", "Camera"]

IMAGE_WIDTH, IMAGE_HEIGHT = 320, 240


@dataclass(frozen=True)
class Camera:
    """A pinhole camera that looks at a point.

    Attributes:
        position, look_at: (3,) world coordinates, metres, z up.
        focal: focal length in pixels.
        roll: degrees about the optical axis.
    """

    position: tuple[float, float, float]
    look_at: tuple[float, float, float]
    focal: float = 470.0
    roll: float = 0.0

    @classmethod
    def around(
        cls, view: float, distance: float, height: float, centre: tuple[float, float, float], focal: float, roll: float
    ) -> Camera:
        """A camera at `view` degrees from the walking direction +x: 0 faces the walker, 90 sees the left side."""
        angle = np.radians(view)
        position = (centre[0] + distance * float(np.cos(angle)), centre[1] + distance * float(np.sin(angle)), height)
        return cls(position, centre, focal, roll)

    def project(self, points: Float[np.ndarray, "*n 3"]) -> Float[np.ndarray, "*n 3"]:
        """Pixel x (right), pixel y (down) and depth in metres, float32."""
        ahead = np.subtract(self.look_at, self.position)
        ahead /= np.linalg.norm(ahead)
        right = np.cross(ahead, (0.0, 0.0, 1.0))
        right /= np.linalg.norm(right)
        down = np.cross(ahead, right)
        angle = np.radians(self.roll)
        right, down = np.cos(angle) * right + np.sin(angle) * down, np.cos(angle) * down - np.sin(angle) * right
        axes = np.stack([right, down, ahead], 1).astype(np.float32)
        seen = (points - np.asarray(self.position, np.float32)).astype(np.float32) @ axes
        scale = self.focal / seen[..., 2]
        pixel_x = (IMAGE_WIDTH - 1) / 2 + scale * seen[..., 0]
        pixel_y = (IMAGE_HEIGHT - 1) / 2 + scale * seen[..., 1]
        return np.stack([pixel_x, pixel_y, seen[..., 2]], -1)
