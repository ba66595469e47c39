from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage
from torch import Tensor

from stumble.errors import DataError
from stumble.metrics.plausibility import Plausibility, coherence, largest_component, nearest_overlap


def noise(seed: int, count: int, white: float = 0.4) -> Tensor:
    draw = np.random.default_rng(seed)
    return torch.from_numpy(np.where(draw.random((count, 6, 5)) < white, 255, 0).astype(np.uint8))


def person(shift: int = 0, height: int = 40) -> Tensor:
    """A bar 10 pixels wide in a frame of 64 by 44."""
    frame = torch.zeros(64, 44, dtype=torch.uint8)
    frame[10 : 10 + height, 15 + shift : 25 + shift] = 255
    return frame


def intersection_over_union(a: Tensor, b: Tensor) -> float:
    one, other = a.numpy() > 127, b.numpy() > 127
    return float((one & other).sum() / max((one | other).sum(), 1))


def test_real_frames_set_what_is_plausible() -> None:
    pool = torch.stack([person(shift) for shift in range(-5, 6)])
    real = torch.stack([person(k % 3) for k in range(250)])
    judge = Plausibility.fit(pool, ["001"] * 11, [real], ["002"])
    sequence = torch.stack([person(0), torch.zeros(64, 44, dtype=torch.uint8), person(0), person(0, height=8)])
    measures = judge.measure(sequence, "003", torch.ones(4, dtype=torch.bool))
    assert judge.plausible(measures).tolist() == [True, False, True, False]


@given(st.integers(0, 2**32 - 1))
def test_overlap_is_that_with_the_most_similar_frame_of_somebody_else(seed: int) -> None:
    frames, pool = noise(seed, 4), noise(seed + 1, 9)
    subjects, pool_subjects = ["a", "b", "a", "stranger"], list("abcabcabc")
    expected = [
        max(intersection_over_union(f, p) for p, other in zip(pool, pool_subjects, strict=True) if other != own)
        for f, own in zip(frames, subjects, strict=True)
    ]
    found = nearest_overlap(frames, subjects, pool, pool_subjects)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_ones_own_frames_do_not_count() -> None:
    frame = person()[None]
    assert float(nearest_overlap(frame, ["a"], frame, ["b"])) == 1
    assert float(nearest_overlap(frame, ["a"], frame, ["a"])) == 0


def test_levels_are_black_or_white_from_128_on() -> None:
    dark, bright = torch.full((1, 4, 4), 127, dtype=torch.uint8), torch.full((1, 4, 4), 128, dtype=torch.uint8)
    white = torch.full((1, 4, 4), 255, dtype=torch.uint8)
    assert float(nearest_overlap(dark, ["a"], white, ["b"])) == 0
    assert float(nearest_overlap(bright, ["a"], white, ["b"])) == 1
    assert largest_component(torch.cat([dark, bright])).tolist() == [0, 1]


@given(st.integers(0, 2**32 - 1))
def test_the_largest_component_is_scipys(seed: int) -> None:
    frames = noise(seed, 3, 0.3)
    for frame, share in zip(frames, largest_component(frames).tolist(), strict=True):
        labels, count = ndimage.label(frame.numpy() > 127, structure=np.ones((3, 3)))
        sizes = np.bincount(labels.ravel())[1:] if count else np.zeros(1)
        assert share == pytest.approx(sizes.max() / max(sizes.sum(), 1))


def test_two_blobs_and_a_black_frame() -> None:
    frame = torch.zeros(64, 44, dtype=torch.uint8)
    frame[:10, :10], frame[30:35, 20:30] = 255, 255
    assert largest_component(torch.stack([frame, torch.zeros_like(frame)])).tolist() == [pytest.approx(2 / 3), 0]


@given(st.integers(0, 2**32 - 1), st.integers(2, 6))
def test_coherence_is_the_mean_overlap_with_the_neighbours(seed: int, length: int) -> None:
    sequence = noise(seed, length)
    expected = []
    for t in range(length):
        neighbours = [s for s in (t - 1, t + 1) if 0 <= s < length]
        expected.append(np.mean([intersection_over_union(sequence[t], sequence[s]) for s in neighbours]))
    np.testing.assert_allclose(coherence(sequence), expected, atol=1e-6)


def test_a_frame_alone_has_no_neighbours_to_contradict_it() -> None:
    assert coherence(person()[None]).tolist() == [1]


def test_a_foreign_frame_is_incoherent_and_makes_its_neighbours_less_so() -> None:
    sequence = torch.stack([person(k) for k in (0, 1, 2, 15, 4, 5, 6)])
    values = coherence(sequence)
    assert int(values.argmin()) == 3 and float(values[3]) == 0
    assert float(values[2]) < float(values[0])


def test_thresholds_are_the_first_percentile_of_each_measure() -> None:
    pool, subjects = noise(1, 20), ["p", "q"] * 10
    sequences = [noise(seed, 40 + 9 * seed) for seed in (2, 3, 4, 5)]
    judge = Plausibility.fit(pool, subjects, sequences, ["a", "b", "p", "c"])
    overlaps = torch.cat(
        [nearest_overlap(s, [n] * len(s), pool, subjects) for s, n in zip(sequences, "abpc", strict=True)]
    )
    assert judge.overlap == pytest.approx(np.percentile(overlaps.numpy(), 1))
    assert judge.component == pytest.approx(np.percentile(largest_component(torch.cat(sequences)).numpy(), 1))
    assert judge.coherence == pytest.approx(np.percentile(torch.cat([coherence(s) for s in sequences]).numpy(), 1))
    assert judge.pool_subjects == tuple(subjects)


def test_real_frames_pass_their_own_thresholds_but_for_a_hundredth() -> None:
    pool, subjects = noise(1, 20), ["p"] * 20
    sequence = noise(2, 500)
    judge = Plausibility.fit(pool, subjects, [sequence], ["a"])
    measures = judge.measure(sequence, "a", torch.ones(500, dtype=torch.bool))
    assert 0.97 < float(judge.plausible(measures).float().mean()) < 1
    assert 0.985 < float(judge.coherent(measures).float().mean()) < 1


def test_coherence_and_plausibility_are_judged_apart() -> None:
    pool = torch.stack([person(shift) for shift in range(-10, 11)])
    judge = Plausibility(pool, ("001",) * 21, 0.9, 0.9, 0.5)
    sequence = torch.stack([person(0), person(9), person(0)])
    measures = judge.measure(sequence, "002", torch.tensor([False, True, False]))
    assert judge.plausible(measures).tolist() == [True]
    assert judge.coherent(measures).tolist() == [False]


def test_too_few_real_frames_or_none_to_compare_with_are_refused() -> None:
    with pytest.raises(DataError, match="found 199 real frames; expected at least 200"):
        Plausibility.fit(noise(0, 5), ["p"] * 5, [noise(1, 199)], ["a"])
    with pytest.raises(DataError, match="found an empty pool"):
        Plausibility.fit(noise(0, 0), [], [noise(1, 200)], ["a"])
