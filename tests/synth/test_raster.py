from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stumble.synth.raster import depth_buffer, fill

SEEDS = st.integers(0, 2**32 - 1)
ROWS, COLUMNS = 24, 31


def drawn(points: np.ndarray, faces: np.ndarray) -> np.ndarray:
    mask = np.zeros((ROWS, COLUMNS), np.uint8)
    fill(points.astype(np.float32), faces.astype(np.int32), mask)
    return mask


def inside(corners: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each pixel centre, by the sides of the edges that it lies on: whether it is inside, and if that is sure."""
    y, x = np.mgrid[:ROWS, :COLUMNS].astype(float)
    signed = []
    for (xa, ya), (xb, yb) in zip(corners, np.roll(corners, -1, 0), strict=True):
        signed.append(((xb - xa) * (y - ya) - (yb - ya) * (x - xa)) / max(np.hypot(xb - xa, yb - ya), 1e-9))
    sides = np.stack(signed)
    return np.all(sides > 0, 0) | np.all(sides < 0, 0), np.asarray(np.all(np.abs(sides) > 1e-3, 0))


def test_a_triangle_covers_the_pixels_whose_centres_it_contains() -> None:
    mask = drawn(np.array([[1, 1], [5, 1], [1, 5]]), np.array([[0, 1, 2]]))
    expected = np.zeros((ROWS, COLUMNS), np.uint8)
    for row in range(1, 6):
        expected[row, 1 : 7 - row] = 255
    np.testing.assert_array_equal(mask, expected)


@given(SEEDS, st.sampled_from([3.0, 12.0, 60.0]))
def test_as_a_slow_point_in_triangle_test_says(seed: int, size: float) -> None:
    """Also where triangles reach out of the image, and for both orientations."""
    corners = np.random.default_rng(seed).normal((15, 12), size, (3, 2)).astype(np.float32)
    expected, sure = inside(corners.astype(float))
    for order in ([0, 1, 2], [2, 1, 0]):
        np.testing.assert_array_equal(drawn(corners, np.array([order]))[sure] == 255, expected[sure])


@given(SEEDS)
def test_a_mesh_is_the_union_of_its_triangles(seed: int) -> None:
    draw = np.random.default_rng(seed)
    points, faces = draw.uniform(-5, 35, (9, 2)), draw.integers(0, 9, (6, 3))
    union = np.max([drawn(points, face[None]) for face in faces], axis=0)
    np.testing.assert_array_equal(drawn(points, faces), union)


def test_neighbouring_triangles_leave_no_gap() -> None:
    points = np.array([[3.0, 2.0], [27.0, 4.0], [22.0, 21.0], [2.0, 18.0], [14.3, 11.7]])
    fan = drawn(points, np.array([[0, 1, 4], [1, 2, 4], [2, 3, 4], [3, 0, 4]]))
    np.testing.assert_array_equal(fan, drawn(points, np.array([[0, 1, 2], [0, 2, 3]])))


def buffers() -> tuple[np.ndarray, np.ndarray]:
    return np.full((ROWS, COLUMNS), np.inf, np.float32), np.full((ROWS, COLUMNS), -1, np.int32)


def test_the_nearer_triangle_is_kept_whichever_comes_first() -> None:
    points = np.array([[2, 2], [20, 2], [2, 20]] * 2, np.float32)
    depths = np.array([5, 5, 5, 3, 3, 3], np.float32)
    for faces, nearer in (([[0, 1, 2], [3, 4, 5]], 1), ([[3, 4, 5], [0, 1, 2]], 0)):
        depth, nearest = buffers()
        depth_buffer(points, depths, np.array(faces, np.int32), depth, nearest)
        assert set(np.unique(nearest)) == {-1, nearer}
        np.testing.assert_allclose(depth[nearest == nearer], 3)
        assert np.isinf(depth[nearest == -1]).all()


@given(SEEDS)
def test_depths_are_interpolated_and_cover_what_fill_covers(seed: int) -> None:
    draw = np.random.default_rng(seed)
    corners, plane = draw.normal((15, 12), 9, (3, 2)).astype(np.float32), draw.normal(size=3)
    depths = (10 + 0.1 * (corners @ plane[:2]) + plane[2]).astype(np.float32)
    depth, nearest = buffers()
    depth_buffer(corners, depths, np.array([[0, 1, 2]], np.int32), depth, nearest)
    expected, sure = inside(corners.astype(float))
    if abs(np.linalg.det(np.diff(corners, axis=0))) < 1:
        return
    np.testing.assert_array_equal((nearest == 0)[sure], expected[sure])
    rows, columns = np.nonzero(nearest == 0)
    wanted = 10 + 0.1 * (columns * plane[0] + rows * plane[1]) + plane[2]
    np.testing.assert_allclose(depth[rows, columns], wanted, atol=2e-3)
