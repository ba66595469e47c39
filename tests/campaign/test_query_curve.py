from __future__ import annotations

from collections.abc import Callable, Iterable

import pyarrow as pa
import pytest

from stumble.campaign.figures import Outcomes
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
    assert {(point.n, point.of) for point in curve} == {(3, "decisions that were right")}
    low, high = curve[-1].ci95
    assert low < 200 / 3 < high


def test_of_targeted_attacks_all_decisions_count(verdicts: Callable[..., pa.Table]) -> None:
    rows = [("a", 5, 1, 0, 1), ("a", 60, 1, 0, 0), ("b", 7, 0, 0, 1), ("b", 1, 0, 0, 0)]
    curve = query_curve(verdicts("targeted", rows), (5, 10))
    assert [(point.percent, point.n, point.of) for point in curve] == [(p, 4, "all decisions") for p in (25, 50)]


def test_of_actions_all_clips_count_as_in_every_other_figure() -> None:
    """Two were wrong before: one of them is taken for something else at the 7th query, the other never."""
    rows = [("a", 5, 1, 1), ("a", 60, 1, 0), ("b", 7, 0, 1), ("b", 90, 0, 0)]
    for goal, of in (("untargeted", "all clips"), ("targeted", "all clips aimed at")):
        subject, queries, right, fooled = map(list, zip(*rows, strict=True))
        columns = {"correct_before": list(map(bool, right)), "fooled": list(map(bool, fooled))}
        table = pa.table(
            {"subject": subject, "queries": queries, "goal": [goal] * 4, **columns, "correct_after": [True] * 4}
        )
        curve = query_curve(table, (1, 5, 7, 100))
        assert [point.percent for point in curve] == [0, 25, 50, 50]
        assert {(point.n, point.of) for point in curve} == {(4, of)}
        everything = Outcomes.read([table]).success
        assert (curve[-1].percent, curve[-1].n) == (everything.percent, everything.n)
