from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from stumble.data import pretreat, pretreat_stack
from stumble.data.pretreatment import Flavour

Walk = Callable[..., np.ndarray]


def test_a_person_is_scaled_to_64_rows_and_centred(walk: Walk) -> None:
    frames, kept = pretreat_stack(walk(5))
    assert frames.shape == (5, 64, 64)
    assert kept.tolist() == [0, 1, 2, 3, 4]
    for frame in frames:
        assert frame[0].any()
        assert frame[-1].any()
        half = frame.sum(dtype=int) / 2
        assert frame[:, :32].sum(dtype=int) <= half < frame[:, :33].sum(dtype=int)


def step_by_step(image: np.ndarray, flavour: Flavour) -> np.ndarray | None:
    """The recipe as written down, one step after the other."""
    height, width = image.shape
    # 1. skip when the levels sum to no more than 10000
    if sum(int(level) for level in image.flat) <= 10000:
        return None
    # 2. rows from the first to the last that is not black
    filled = [row for row in range(height) if any(image[row])]
    image = image[filled[0] : filled[-1] + 1]
    # 3. height 64, width int(64 w / h), cubic
    new_width = int(64 * width / len(image))
    if new_width == 0:
        return None
    image = cv2.resize(image, (new_width, 64), interpolation=cv2.INTER_CUBIC)
    # 4. the first column at which the cumulative sum exceeds half the total
    total, running, centre = int(image.astype(int).sum()), 0, None
    for column in range(new_width):
        running += int(image[:, column].astype(int).sum())
        if running > total / 2:
            centre = column
            break
    if centre is None or (centre == 0 and flavour == "opengait"):
        return None
    # 5. 32 columns to either side, with 32 black ones added on both sides where that leaves the image
    left, right = centre - 32, centre + 32
    if left < 0 or right > new_width:
        black = np.zeros((64, 32), np.uint8)
        image = np.concatenate([black, image, black], axis=1)
        left, right = left + 32, right + 32
    # 6. 64 x 64
    return image[:, left:right]


def agree(image: np.ndarray) -> None:
    for flavour in ("gaitset", "opengait"):
        ours, theirs = pretreat(image, flavour), step_by_step(image, flavour)
        if theirs is None:
            assert ours is None
        else:
            assert ours is not None
            np.testing.assert_array_equal(ours, theirs)


def test_agrees_with_the_steps_on_walkers(walk: Walk) -> None:
    for frame in walk(20, seed=1):
        agree(frame)


@given(
    hnp.arrays(
        np.uint8, hnp.array_shapes(min_dims=2, max_dims=2, max_side=30), elements=st.sampled_from([0, 0, 128, 255])
    ),
    st.tuples(*[st.integers(0, 60)] * 4),
)
def test_agrees_with_the_steps_on_anything_anywhere(blob: np.ndarray, border: tuple[int, int, int, int]) -> None:
    top, bottom, left, right = border
    image = np.pad(np.kron(blob, np.ones((3, 3), np.uint8)), ((top, bottom), (left, right)))
    agree(image)


@pytest.mark.parametrize("column", [0, 1, 5, 31, 32, 33, 60, 90, 118, 119])
def test_agrees_with_the_steps_at_the_border(column: int) -> None:
    image = np.zeros((100, 120), np.uint8)
    image[5:95, max(column - 1, 0) : column + 1] = 255
    agree(image)


def test_a_sum_of_10000_is_too_little_and_more_is_not() -> None:
    image = np.zeros((40, 60), np.uint8)
    image[:25, 20:24] = 100
    assert pretreat(image) is None
    image[0, 24] = 1
    assert pretreat(image) is not None


def test_a_centre_in_the_first_column_is_dropped_by_opengait_only() -> None:
    image = np.zeros((64, 64), np.uint8)
    image[:, 0] = 255
    assert pretreat(image, "opengait") is None
    kept = pretreat(image, "gaitset")
    assert kept is not None
    assert kept[:, 32].tolist() == [255] * 64


def test_a_frame_too_narrow_to_resize_is_dropped() -> None:
    assert pretreat(np.full((200, 3), 255, np.uint8)) is None


def test_levels_are_not_rounded_to_black_and_white(walk: Walk) -> None:
    frames, _ = pretreat_stack(walk(3))
    assert len(np.unique(frames)) > 2


def test_dropped_frames_are_told_by_their_absence(walk: Walk) -> None:
    stack = walk(4)
    stack[1] = 0
    frames, kept = pretreat_stack(stack)
    assert kept.tolist() == [0, 2, 3]
    np.testing.assert_array_equal(frames[1], pretreat(stack[2]))
    nothing, none = pretreat_stack(np.zeros((3, 40, 40), np.uint8))
    assert (nothing.shape, none.shape) == ((0, 64, 64), (0,))


def test_crops_that_are_not_contiguous(walk: Walk) -> None:
    frame = walk(1)[0]
    np.testing.assert_array_equal(pretreat(frame[10:, 30:150]), pretreat(frame[10:, 30:150].copy()))
