from __future__ import annotations

import numpy as np
import pytest

from stumble.layouts import NTU25
from stumble.sequences import Skeletons

COMINGS_AND_GOINGS = (
    ("11111",),
    ("1111111", "1111111"),
    ("0011110", "1110111", "1111111"),
    ("111011100", "001100000"),
    ("00000", "01110", "00011", "11011", "11111"),
    ("1",),
)
"""Who is there (1) in which frame, for each person of each clip."""


@pytest.fixture
def company() -> Skeletons:
    """Clips of people who come and go."""
    random = np.random.default_rng(3)
    clips = []
    for people in COMINGS_AND_GOINGS:
        there = np.array([[int(flag) for flag in flags] for flags in people])
        joints = random.normal(size=(*there.shape, 25, 3)) * 0.3 + random.normal(size=(len(there), 1, 1, 3))
        clips.append((joints * there[..., None, None]).astype("f4"))
    return Skeletons.pad(clips, [f"clip-{number}" for number in range(len(clips))], NTU25)
