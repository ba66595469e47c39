"""Figures of a small table, worked out by hand."""

from __future__ import annotations

import math

import pyarrow as pa
import pytest

from stumble.campaign.action_summary import summarise_actions, summarise_clean
from stumble.metrics.intervals import subject_bootstrap, wilson

YES, NO = True, False
SUBJECTS = ["001", "001", "002", "002"]


def table(**changes: object) -> pa.Table:
    columns: dict[str, object] = {
        "subject": SUBJECTS,
        "goal": ["targeted"] * 4,
        "correct_before": [YES, YES, YES, NO],
        "correct_after": [YES, NO, NO, YES],
        "predicted_before": ["walk", "walk", "run", "run"],
        "predicted_after": ["walk", "run", "hop", "walk"],
        "fooled": [NO, YES, NO, NO],
        "violation_box": [0.0, 0.001, 0.0, 0.0],
        "violation_bones": [0.0, 0.0, 0.02, 0.01],
        "skeletons": [10.0, 10.0, 10.0, 30.0],
        "joint_mean": [1.0, 2.0, 3.0, 4.0],
        "joint_max": [5.0, 9.0, 7.0, 6.0],
        "variation_min": [0.4, 0.3, 0.2, 0.5],
        "variation_max": [2.0, 4.0, 3.0, 1.0],
        "variation_mean": [1.0, 1.0, 1.0, 3.0],
        "coordinate_max": [0.01, 0.02, 0.01, 0.01],
        "bone_mean": [0.0, 1.0, 0.0, 3.0],
        "bone_max": [0.0, 5.0, 0.0, 8.0],
        "accel": [10.0, 20.0, 30.0, math.inf],
        "accel_absolute": [1.0, 1.0, 1.0, 5.0],
        "realness": [90.0, 70.0, 80.0, 100.0],
        "realness_clean": [100.0, 100.0, 100.0, 96.0],
    }
    return pa.table({**columns, **changes})


def test_shares_are_of_all_clips() -> None:
    summary = summarise_actions(table())
    assert (summary.goal, summary.n) == ("targeted", 4)
    assert (summary.accuracy_clean, summary.accuracy) == (75, 50)
    assert summary.fooling == 75  # another prediction, also a right one
    assert summary.success == 25  # the wanted one
    assert summary.ci95 == subject_bootstrap([0, 1, 0, 0], [1] * 4, SUBJECTS)


def test_looks() -> None:
    summary = summarise_actions(table())
    assert (summary.joint_mm, summary.joint_max_mm, summary.coordinate_max) == (2.5, 9, 0.02)
    assert (summary.bone_pct, summary.bone_max_pct) == (1, 8)
    assert (summary.variation_min, summary.variation_max, summary.variation_mean) == (0.2, 4, 2)  # by skeletons
    assert (summary.accel, summary.accel_absolute) == (20, 2)  # one clip did not accelerate before
    assert (summary.realness, summary.realness_clean) == (85, 99)
    assert summary.violations == {"box": 0.001, "bones": 0.02}


def test_what_was_not_measured_is_not_reported() -> None:
    unknown = pa.array([None] * 4, pa.float64())
    summary = summarise_actions(table(realness=unknown, realness_clean=unknown))
    assert summary.realness is None and summary.realness_clean is None


def test_without_subjects_clips_are_independent() -> None:
    assert summarise_actions(table(subject=[""] * 4)).ci95 == pytest.approx(wilson(1, 4))


def test_clean_figures() -> None:
    clean = pa.table({"subject": SUBJECTS, "rank": [0, 4, 5, 0]})
    summary = summarise_clean(clean)
    assert (summary.n, summary.top1, summary.top5) == (4, 50, 75)
    assert summary.ci95 == subject_bootstrap([1, 0, 0, 1], [1] * 4, SUBJECTS)
    assert summary.top5_ci95 == subject_bootstrap([1, 1, 0, 1], [1] * 4, SUBJECTS)


def test_the_order_of_clips_does_not_matter() -> None:
    assert summarise_actions(table().take([2, 0, 3, 1])) == summarise_actions(table())
