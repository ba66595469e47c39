from __future__ import annotations

import cv2
import numpy as np

from stumble.synth.segmentation import SegmentationNoise

LIMBS = np.tile([[50.0, 150.0], [110.0, 150.0]], (30, 1, 1))
EDGES = SegmentationNoise(ragged=0.3, holes=0.0, losses=0.0, specks=0.0)


def draw() -> np.random.Generator:
    return np.random.default_rng(0)


def walkers(frames: int = 30) -> np.ndarray:
    """Ellipses 140 pixels tall."""
    masks = np.zeros((frames, 240, 320), np.uint8)
    for mask in masks:
        cv2.ellipse(mask, (80, 110), (30, 70), 0, 0, 360, 255, -1)
    return masks


def test_edges_become_ragged_and_the_rest_stays() -> None:
    masks = walkers()
    spoilt = EDGES.spoil(masks, LIMBS, draw())
    assert set(np.unique(spoilt)) == {0, 255}
    kernel = np.ones((9, 9), np.uint8)
    inside, outside = cv2.erode(masks[0], kernel) > 0, cv2.dilate(masks[0], kernel) == 0
    assert (spoilt[:, inside] == 255).all()
    assert (spoilt[:, outside] == 0).all()
    changed = (spoilt != masks).sum((1, 2))
    assert (changed > 10).all()
    assert (changed < 0.1 * (masks[0] > 0).sum()).all()


def test_without_noise_only_a_blur_rounds_the_outline() -> None:
    masks = walkers(3)
    calm = SegmentationNoise(0.0, 0.0, 0.0, 0.0).spoil(masks, LIMBS[:3], draw())
    assert ((calm != masks).sum((1, 2)) < 40).all()


def test_more_ragged_means_more_changed_pixels() -> None:
    masks = walkers()
    changed = [
        (SegmentationNoise(r, 0.0, 0.0, 0.0).spoil(masks, LIMBS, draw()) != masks).sum() for r in (0.1, 0.2, 0.4)
    ]
    assert changed[0] < changed[1] < changed[2]


def test_the_same_stream_gives_the_same_noise_and_another_stream_another() -> None:
    masks = walkers()
    one, same = (SegmentationNoise().spoil(masks, LIMBS, draw()) for _ in range(2))
    np.testing.assert_array_equal(one, same)
    assert (SegmentationNoise().spoil(masks, LIMBS, np.random.default_rng(1)) != one).any()


def test_the_masks_that_are_given_stay() -> None:
    masks = walkers()
    before = masks.copy()
    SegmentationNoise().spoil(masks, LIMBS, draw())
    np.testing.assert_array_equal(masks, before)


def test_holes_are_inside_losses_at_limbs_and_specks_add() -> None:
    masks = walkers()
    holes = SegmentationNoise(0.3, 60.0, 0.0, 0.0).spoil(masks, LIMBS, draw())
    inside = cv2.erode(masks[0], np.ones((15, 15), np.uint8)) > 0
    assert (holes[:, inside] == 0).any()
    assert not ((holes > 0) & (cv2.dilate(masks[0], np.ones((9, 9), np.uint8)) == 0)).any()

    lost = SegmentationNoise(0.0, 0.0, 60.0, 0.0).spoil(masks, LIMBS, draw())
    gone = np.argwhere((lost == 0) & (cv2.erode(masks[0], np.ones((5, 5), np.uint8)) > 0))
    distances = np.linalg.norm(gone[:, None, :0:-1] - LIMBS[0], axis=2).min(1)  # columns first, then rows
    assert len(gone) > 0 and distances.max() < 12

    specks = SegmentationNoise(0.0, 0.0, 0.0, 90.0).spoil(masks, LIMBS, draw())
    assert ((specks > 0) & (cv2.dilate(masks[0], np.ones((9, 9), np.uint8)) == 0)).any()


def test_events_are_as_frequent_as_they_are_said_to_be() -> None:
    """60 per 100 frames, each a hole for 1 to 5 frames: every frame has 1.8 on average, most have at least one."""
    masks = walkers(200)
    spoilt = SegmentationNoise(0.0, 60.0, 0.0, 0.0).spoil(masks, np.tile(LIMBS[:1], (200, 1, 1)), draw())
    inside = cv2.erode(masks[0], np.ones((5, 5), np.uint8)) > 0
    affected = (spoilt[:, inside] == 0).any(1).mean()
    assert 0.5 < affected < 0.95


def test_frames_without_anybody_stay_black() -> None:
    masks = walkers(4)
    masks[2] = 0
    spoilt = SegmentationNoise(specks=90.0).spoil(masks, LIMBS[:4], draw())
    assert not spoilt[2].any() and spoilt[[0, 1, 3]].any((1, 2)).all()
