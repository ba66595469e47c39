from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from stumble.report import ActionReport, GaitReport, summary_json, write_summary


def test_the_summary_holds_the_figures_in_percent(report: GaitReport) -> None:
    summary = summary_json(report)
    assert set(summary) == {"gait"}
    gait = summary["gait"]
    assert isinstance(gait, dict)
    assert set(gait) == {"data", "clean", "attacks"}
    assert gait["data"] == "walkers"
    assert gait["clean"] == {"NM": 75.0, "CL": 50.0}, "3 and 2 of 4 outside the diagonal"
    first, last = gait["attacks"][0], gait["attacks"][-1]
    expected = {
        "attack": "temporal-sparse",
        "goal": "untargeted",
        "sparsity": 0.025,
        "condition": "NM",
        "n": 20,
        "rank1": 14.2,
        "success": 85.0,
        "plausible": 41.0,
        "ci95": [80.0, 90.0],
        "rank1_clean": 93.1234,
        "kept": True,
    }
    assert expected.items() <= first.items()
    assert (last["goal"], last["n"], last["success_clean"]) == ("targeted", 24, 1.5)
    assert len(gait["attacks"]) == 5


def test_the_file_is_json_without_nan_and_whole(report: GaitReport, tmp_path: Path) -> None:
    file = tmp_path / "demo" / "summary.json"
    broken = replace(report.attacks[0].summary, violation=float("inf"), plausible=None)
    write_summary(file, replace(report, attacks=(replace(report.attacks[0], summary=broken),)))
    row = json.loads(file.read_text(encoding="utf-8"), parse_constant=pytest.fail)["gait"]["attacks"][0]
    assert (row["violation"], row["kept"], row["plausible"]) == (None, False, None)
    assert list(file.parent.iterdir()) == [file]


def test_the_skeleton_section(actions: ActionReport) -> None:
    summary = summary_json(actions)
    assert set(summary) == {"skeleton"}
    skeleton = summary["skeleton"]
    assert isinstance(skeleton, dict)
    assert set(skeleton) == {"data", "clean", "attacks"}
    assert (skeleton["data"], skeleton["clean"]) == ("invented actions", {"xsub": 96.5})
    expected = {
        "attack": "ciasa",
        "mode": "localized",
        "region": "legs",
        "goal": "least-likely",
        "epsilon": 0.04,
        "n": 200,
        "fooling": 99.0,
        "success": 83.0,
        "ci95": [94.0, 99.0],
        "joint_mm": 5.26,
        "bone_pct": 0.012,
        "accel": 38.2,
        "violations": {"box": 0.0, "bones": 6e-4, "untouched": 0.0},
    }
    row = skeleton["attacks"][2]
    assert expected.items() <= row.items() and "summary" not in row
    assert skeleton["attacks"][3]["violations"]["box"] == 2.3e-9, "small is not rounded away"


def test_both_sections_in_one_file(report: GaitReport, actions: ActionReport, tmp_path: Path) -> None:
    endless = replace(actions.attacks[0].summary, accel=float("inf"))
    actions = replace(actions, attacks=(replace(actions.attacks[0], summary=endless),))
    write_summary(tmp_path / "summary.json", report, actions)
    both = json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"), parse_constant=pytest.fail)
    assert both["gait"] == json.loads(json.dumps(summary_json(report)))["gait"]
    assert both["skeleton"]["attacks"][0]["accel"] is None
