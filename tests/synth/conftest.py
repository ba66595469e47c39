"""One person and one walk, computed once."""

from __future__ import annotations

import numpy as np
import pytest

from stumble.synth.body import SEGMENTS, Body, Shape
from stumble.synth.gait import Motion, Style, walk
from stumble.synth.walkers import Walkers


@pytest.fixture(scope="session")
def body() -> Body:
    return Body(Shape())


@pytest.fixture(scope="session")
def straight() -> Motion:
    """Standing straight for one frame, the pelvis at the origin."""
    return Motion(np.tile(np.eye(3), (1, len(SEGMENTS), 1, 1)), np.zeros((1, 3)))


@pytest.fixture(scope="session")
def motion(body: Body) -> Motion:
    """Two strides of 25 frames."""
    return walk(Style(cadence=1.0), body, 50)


@pytest.fixture(scope="session")
def world() -> Walkers:
    return Walkers()
