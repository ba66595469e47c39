from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from stumble.report import GaitReport, summary_json, write_summary


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
