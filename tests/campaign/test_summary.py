"""Figures of a small table, worked out by hand."""

from __future__ import annotations

import pyarrow as pa
import pytest

from stumble.campaign import summarise
from stumble.metrics.intervals import subject_bootstrap

YES, NO = True, False
# two sequences of Ann, one of Bob, two gallery views each
SAMPLES = ["ann/1", "ann/1", "ann/2", "ann/2", "bob/1", "bob/1"]
SUBJECTS = ["ann"] * 4 + ["bob"] * 2


def table(goal: str, **changes: object) -> pa.Table:
    columns: dict[str, object] = {
        "sample": SAMPLES,
        "subject": SUBJECTS,
        "goal": [goal] * 6,
        "correct_before": [YES, YES, YES, NO, YES, YES],
        "correct_after": [NO, YES, NO, NO, YES, YES],
        "correct_binary": [NO, NO, NO, NO, YES, YES],
        "hit_before": [NO, NO, NO, YES, NO, NO],
        "hit_after": [YES, NO, NO, YES, NO, NO],
        "hit_binary": [NO, NO, NO, YES, NO, NO],
        "plausible": [YES, YES, NO, NO, YES, YES],
        "coherent": [NO, NO, YES, YES, YES, YES],
        "realness": [0.2, 0.2, 0.4, 0.4, 0.9, 0.9],
        "violation": [0.0, 0.0, 0.0, 0.0, 3.0, 3.0],
        "sparsity": [0.025, 0.025, 0.05, 0.05, 0.1, 0.1],
    }
    return pa.table({**columns, **changes})


def test_untargeted_success_is_among_the_decisions_that_were_right() -> None:
    summary = summarise(table("untargeted"))
    assert summary.goal == "untargeted" and summary.sequences == 3 and summary.decisions == 6
    assert summary.n == 5
    assert summary.success == pytest.approx(100 * 2 / 5)  # the fourth was wrong already
    assert summary.success_clean == 0
    assert summary.success_binary == pytest.approx(100 * 3 / 5)
    assert summary.rank1_clean == pytest.approx(100 * 5 / 6)
    assert summary.rank1 == pytest.approx(100 * 3 / 6)


def test_targeted_success_is_among_all_decisions_with_the_clean_rate_beside_it() -> None:
    summary = summarise(table("targeted"))
    assert summary.goal == "targeted" and summary.n == 6
    assert summary.success == pytest.approx(100 * 2 / 6)
    assert summary.success_clean == pytest.approx(100 * 1 / 6)
    assert summary.success_binary == pytest.approx(100 * 1 / 6)
    assert summary.rank1 == pytest.approx(50)


def test_plausible_success_has_the_denominator_of_success() -> None:
    untargeted, targeted = summarise(table("untargeted")), summarise(table("targeted"))
    assert untargeted.plausible == pytest.approx(100 * 1 / 5)  # of the two flips, the first alone
    assert targeted.plausible == pytest.approx(100 * 1 / 6)
    assert untargeted.plausible_coherent == targeted.plausible_coherent == 0
    coherent = summarise(table("untargeted", coherent=[YES] * 6))
    assert coherent.plausible_coherent == pytest.approx(100 * 1 / 5)


def test_looks_are_counted_per_sequence_however_many_decisions_it_has() -> None:
    summary = summarise(table("untargeted").take([0, 2, 3, 4]))
    assert summary.plausible_samples == pytest.approx(100 * 2 / 3)
    assert summary.coherent_samples == pytest.approx(100 * 2 / 3)
    assert summary.realness == pytest.approx((0.2 + 0.4 + 0.9) / 3)
    assert summary.sparsity == pytest.approx((0.025 + 0.05 + 0.1) / 3)
    assert summary.violation == 3


def test_what_was_not_measured_is_not_reported() -> None:
    summary = summarise(table("untargeted", plausible=[None] * 6, coherent=[None] * 6, realness=[None] * 6))
    unknown = ("plausible", "plausible_coherent", "plausible_ci95", "plausible_samples", "coherent_samples", "realness")
    assert all(getattr(summary, name) is None for name in unknown)
    assert summary.success == pytest.approx(40)


def test_intervals_resample_people() -> None:
    summary = summarise(table("untargeted"))
    assert summary.ci95 == subject_bootstrap([1, 0, 1, 0, 0, 0], [1, 1, 1, 0, 1, 1], SUBJECTS)
    assert summary.ci95 == pytest.approx((0, 100 * 2 / 3))  # Bob alone, or Ann alone
    assert summary.plausible_ci95 == subject_bootstrap([1, 0, 0, 0, 0, 0], [1, 1, 1, 0, 1, 1], SUBJECTS)
    assert summary.rank1_ci95 == subject_bootstrap([0, 1, 0, 0, 1, 1], [1] * 6, SUBJECTS)


def test_where_nothing_was_right_nothing_can_be_flipped() -> None:
    summary = summarise(table("untargeted", correct_before=[NO] * 6))
    assert summary.n == 0 and summary.success == 0 and summary.ci95 == (0, 100)


@pytest.mark.parametrize("goal", ["untargeted", "targeted"])
def test_the_order_of_decisions_does_not_matter(goal: str) -> None:
    assert summarise(table(goal).take([5, 2, 0, 4, 1, 3])) == summarise(table(goal))
