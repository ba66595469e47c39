"""Walks of a few people who are easily told apart."""

from __future__ import annotations

import numpy as np
import pytest

from stumble.data.gait import SequenceKey
from stumble.seeds import stream
from stumble.training.walks import Walks

VIEWS = ("000", "090")


def walk_of(person: int, condition: str, view: str, frames: int = 5) -> np.ndarray:
    """A bar as wide as the person: in the middle, and seen from the side slanted."""
    noise = stream(0, f"{person} {condition} {view}", "test").random((frames, 64, 44)) < 0.05
    bar = np.zeros((64, 44), bool)
    for row in range(64):
        middle = 22 + (row // 8 - 4 if view == "090" else 0)
        bar[row, middle - 4 * (1 + person) : middle + 4 * (1 + person)] = True
    return ((noise | bar) * 255).astype(np.uint8)


@pytest.fixture(scope="package")
def people() -> Walks:
    """Three people of different width, two walks each before two cameras."""
    keys = [SequenceKey(f"{n:03d}", c, v) for n in range(3) for c in ("nm-01", "bg-01") for v in VIEWS]
    walks: dict[str, dict[SequenceKey, np.ndarray]] = {}
    for key in keys:
        walks.setdefault(key.subject, {})[key] = walk_of(int(key.subject), key.condition, key.view)
    return walks
