from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from stumble.metrics.intervals import subject_bootstrap, wilson


def test_eight_of_ten() -> None:
    low, high = wilson(8, 10)
    assert (round(low, 1), round(high, 1)) == (49.0, 94.3)


@settings(max_examples=30)
@given(
    st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.sampled_from([0.9, 0.95, 0.99])
)
def test_agrees_with_scipy(counts: tuple[int, int], level: float) -> None:
    expected = binomtest(*counts).proportion_ci(level, method="wilson")
    np.testing.assert_allclose(wilson(*counts, level), (100 * expected.low, 100 * expected.high), atol=1e-9)


def test_nothing_is_known_without_trials() -> None:
    assert wilson(0, 0) == (0, 100)
    assert subject_bootstrap([], [], []) == (0, 100)
    assert subject_bootstrap([0, 0], [0, 0], ["a", "b"]) == (0, 100)


def test_subjects_vary_more_than_their_many_decisions_suggest() -> None:
    """Ten people, each always or never recognised: a thousand decisions tell no more than ten."""
    subjects = [f"{person:03d}" for person in range(10) for _ in range(100)]
    successes = [float(person < 6) for person in range(10) for _ in range(100)]
    low, high = subject_bootstrap(successes, np.ones(1000), subjects)
    assert low == pytest.approx(30, abs=5)
    assert high == pytest.approx(90, abs=5)
    narrow = wilson(600, 1000)
    assert low < narrow[0] < 60 < narrow[1] < high


def test_the_width_is_that_of_the_normal_approximation_for_many_subjects() -> None:
    shares = np.random.default_rng(0).uniform(0.3, 0.9, 400)
    low, high = subject_bootstrap(100 * shares, np.full(400, 100), [str(i) for i in range(400)], resamples=20_000)
    half = 100 * 1.96 * shares.std() / np.sqrt(400)
    np.testing.assert_allclose([low, high], [100 * shares.mean() - half, 100 * shares.mean() + half], atol=0.1)


def test_subjects_with_more_decisions_weigh_more() -> None:
    low, high = subject_bootstrap([90, 0], [90, 10], ["often", "seldom"])
    assert (low, high) == (0, 100)
    again = subject_bootstrap([90, 0] * 20, [90, 10] * 20, [str(i) for i in range(40)])
    assert again[0] < 90 < again[1]


def test_rows_of_a_subject_are_one_cluster_in_any_order() -> None:
    rows = [("a", 3, 4), ("b", 1, 4), ("a", 2, 4), ("c", 4, 4), ("b", 0, 0)]
    merged = [("a", 5, 8), ("b", 1, 4), ("c", 4, 4)]

    def interval(table: list[tuple[str, int, int]]) -> tuple[float, float]:
        subjects, successes, totals = zip(*table, strict=True)
        return subject_bootstrap(successes, totals, subjects)

    assert interval(rows) == interval(rows[::-1]) == interval(merged)


def test_the_seed_decides() -> None:
    arguments = (np.arange(7), np.full(7, 7), list("abcdefg"))
    assert subject_bootstrap(*arguments, seed=1) == subject_bootstrap(*arguments, seed=1)
    assert subject_bootstrap(*arguments, seed=1) != subject_bootstrap(*arguments, seed=2)


def test_success_throughout_is_not_certainty() -> None:
    assert subject_bootstrap(np.full(20, 5), np.full(20, 5), [str(i) for i in range(20)]) == wilson(20, 20)
    assert subject_bootstrap([3], [4], ["only"]) == wilson(0.75, 1)


@given(st.lists(st.tuples(st.sampled_from("abcde"), st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=20))
def test_an_interval_lies_within_0_and_100_and_in_order(rows: list[tuple[str, int, int]]) -> None:
    subjects, first, second = zip(*rows, strict=True)
    successes, totals = np.minimum(first, second), np.array(second)
    low, high = subject_bootstrap(successes, totals, subjects, resamples=50)
    assert 0 <= low <= high <= 100
