from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from stumble.campaign.figures import Outcomes
from stumble.metrics.intervals import subject_bootstrap, wilson

BEFORE = [True, True, True, False]
AFTER = [False, True, False, False]


def gait(goal: str = "untargeted", **changes: list[object]) -> pa.Table:
    """Four decisions of two people, three of which are right without the attack and one with it."""
    columns = {
        "sample": ["a", "a", "b", "b"],
        "subject": ["1", "1", "2", "2"],
        "goal": [goal] * 4,
        "correct_before": BEFORE,
        "correct_after": AFTER,
        "hit_after": [False, False, True, True],
    }
    return pa.table({**columns, **changes})


def test_untargeted_success_is_counted_among_decisions_that_were_right() -> None:
    outcomes = Outcomes.read([gait()])
    assert (outcomes.success.percent, outcomes.success.n) == (pytest.approx(200 / 3), 3)
    assert (outcomes.clean.percent, outcomes.attacked.percent, outcomes.attacked.n) == (75.0, 25.0, 4)
    assert outcomes.of == "decisions that were right"


def test_targeted_success_is_counted_among_all() -> None:
    success = Outcomes.read([gait("targeted")]).success
    assert (success.percent, success.n) == (50.0, 4)


def test_clips_count_where_the_judge_says_that_they_are_fooled() -> None:
    clips = gait(fooled=[True, True, False, False]).drop_columns(["hit_after"])
    outcomes = Outcomes.read([clips])
    assert (outcomes.success.percent, outcomes.success.n, outcomes.of) == (50.0, 4, "all clips")


def test_intervals_are_over_subjects_or_wilsons_where_nobody_tells_them() -> None:
    success = Outcomes.read([gait()]).success
    assert (success.low, success.high) == subject_bootstrap([1, 0, 1, 0], [1, 1, 1, 0], ["1", "1", "2", "2"])
    untold = Outcomes.read([gait(subject=["", "", "", ""])]).success
    assert (untold.low, untold.high) == wilson(2, 3)


def test_seeds_together_are_the_rows_of_both() -> None:
    other = gait(correct_after=[True, True, True, True])
    both = Outcomes.read([gait(), other])
    assert len(both) == 8 and both.success.n == 6 and both.success.percent == pytest.approx(100 / 3)
    assert both.subjects is not None and len(set(both.subjects.tolist())) == 2, "the same people in both"


def test_some_of_them_are_what_reading_these_rows_alone_gives() -> None:
    some, table = np.array([True, False, True, True]), gait()
    part, alone = Outcomes.read([table]).where(some), Outcomes.read([table.filter(some)])
    assert (part.success, part.clean, part.attacked) == (alone.success, alone.clean, alone.attacked)
    nothing = part.where(np.zeros(3, bool)).success
    assert nothing.n == 0 and np.isnan(nothing.percent)
    assert replace(nothing, percent=0.0).low == 0.0 and nothing.high == 100.0
