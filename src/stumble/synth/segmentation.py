"""How background subtraction spoils a silhouette: ragged edges, holes, lost limbs, specks."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float, UInt8

__all__ = ["SegmentationNoise"]


@dataclass(frozen=True)
class SegmentationNoise:
    """Noise levels of one sequence. Rates are events per 100 frames; an event lasts a few frames.

    Attributes:
        ragged: amplitude of the noise that moves the edge, relative to the edge's own blur.
        holes, losses, specks: rates of holes in the body, of lost limbs, and of spurious specks beside it.
    """

    ragged: float = 0.18
    holes: float = 5.0
    losses: float = 3.0
    specks: float = 2.0

    def spoil(
        self, masks: UInt8[np.ndarray, "t h w"], limbs: Float[np.ndarray, "t l 2"], rng: np.random.Generator
    ) -> UInt8[np.ndarray, "t h w"]:
        """The masks (0 or 255) as a camera's segmentation would give them, again 0 or 255.

        Args:
            limbs: image positions (x, y) of the points whose surroundings may get lost.
        """
        result = np.zeros_like(masks)
        rows = np.any(masks, axis=2)
        events = self._events(len(masks), limbs.shape[1], rng)
        grain = rng.standard_normal((len(masks), 48, 40), np.float32)
        for t, mask in enumerate(masks):
            occupied = np.flatnonzero(rows[t])
            if not len(occupied):
                continue
            columns = np.flatnonzero(mask.any(0))
            top, bottom = max(occupied[0] - 5, 0), min(occupied[-1] + 6, mask.shape[0])
            left, right = max(columns[0] - 5, 0), min(columns[-1] + 6, mask.shape[1])
            window = mask[top:bottom, left:right].copy()
            size = (bottom - top) / 130  # relative to a usual person in the image
            for kind, first, last, limb, u, v, radius in events:
                if first <= t < last:
                    lost = kind == "loss"
                    x, y = limbs[t, limb] - (left, top) if lost else (u * (right - left), v * (bottom - top))
                    axes = (max(int(radius * size * (1.0 if lost else 0.8)), 1), max(int(radius * size), 1))
                    cv2.ellipse(window, (int(x), int(y)), axes, 360 * u, 0, 360, 255 if kind == "speck" else 0, -1)
            soft = cv2.GaussianBlur(window, (0, 0), 1.1 * max(size, 0.6)).astype(np.float32)
            noise = cv2.resize(grain[t], soft.shape[::-1], interpolation=cv2.INTER_LINEAR)
            edge = soft + 255 * np.clip(self.ragged * noise, -0.45, 0.45)  # cannot touch the inside or the outside
            result[t, top:bottom, left:right] = np.where(edge > 127.5, 255, 0)
        return result

    def _events(
        self, frames: int, limbs: int, rng: np.random.Generator
    ) -> list[tuple[str, int, int, int, float, float, float]]:
        events = []
        for kind, rate, radius in (("hole", self.holes, 2.6), ("loss", self.losses, 6.5), ("speck", self.specks, 2.0)):
            for _ in range(rng.poisson(rate * frames / 100)):
                first = int(rng.integers(frames))
                span = int(rng.integers(1, 6))
                u, v = rng.uniform(0.1, 0.9, 2)
                limb, extent = int(rng.integers(limbs)), radius * rng.uniform(0.5, 1.3)
                events.append((kind, first, first + span, limb, u, v, extent))
        return events
