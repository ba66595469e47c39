from __future__ import annotations

from collections.abc import Callable, Iterable

import pyarrow as pa
import pytest

from stumble.campaign.query_curve import query_curve


@pytest.fixture
def verdicts() -> Callable[..., pa.Table]:
    """Rows of (person, queries, right before, right after, taken for the wanted person)."""

    def make(goal: str, rows: Iterable[tuple[str, int, int, int, int]]) -> pa.Table:
        subject, queries, *flags = map(list, zip(*rows, strict=True))
        names = ("correct_before", "correct_after", "hit_after")
        columns = {name: list(map(bool, flag)) for name, flag in zip(names, flags, strict=True)}
        return pa.table({"subject": subject, "queries": queries, "goal": [goal] * len(subject), **columns})

    return make


def test_success_grows_with_queries(verdicts: Callable[..., pa.Table]) -> None:
    """Three decisions were right; one falls at the 5th query, one at the 60th, one stands after 100."""
    rows = [("a", 5, 1, 0, 0), ("a", 60, 1, 0, 0), ("b", 100, 1, 1, 0), ("b", 1, 0, 0, 0)]
    curve = query_curve(verdicts("untargeted", rows), (1, 5, 59, 60, 100))
    assert [point.percent for point in curve] == pytest.approx([0, 100 / 3, 100 / 3, 200 / 3, 200 / 3])
    assert {point.n for point in curve} == {3}
    low, high = curve[-1].ci95
    assert low < 200 / 3 < high


def test_of_targeted_attacks_all_decisions_count(verdicts: Callable[..., pa.Table]) -> None:
    rows = [("a", 5, 1, 0, 1), ("a", 60, 1, 0, 0), ("b", 7, 0, 0, 1), ("b", 1, 0, 0, 0)]
    curve = query_curve(verdicts("targeted", rows), (5, 10))
    assert [(point.percent, point.n) for point in curve] == [(25, 4), (50, 4)]
