"""Results at the terminal, under the names of the plan."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from rich.console import Console

from stumble.attacks import OneStep
from stumble.campaign.cell import Cell, specified
from stumble.campaign.plan import Entry
from stumble.campaign.results import CellResult
from stumble.cli.campaign_table import results_table, show_rigor
from stumble.cli.status import status

MEASURES = (
    *("joint_mean", "joint_max", "variation_min", "variation_max", "variation_mean", "coordinate_max"),
    *("bone_mean", "bone_max", "accel", "accel_absolute", "margin_before", "margin_after", "height"),
)
ROW = (
    {"sample": "clip", "subject": "P1", "goal": "untargeted", "wanted": None, "correct_before": True}
    | {"predicted_before": "walk", "predicted_after": "run", "correct_after": False, "fooled": True}
    | {"skeletons": 12, "realness": None, "realness_clean": None}
    | dict.fromkeys(MEASURES, 0.5)
)


def result(bench: str, synthetic: bool = True) -> CellResult:
    specification = {"bench": {"model": bench}, "attack": specified(OneStep()), "goal": "untargeted", "seed": 1}
    cell = Cell(Entry(bench, "step", "untargeted", 1), specification, ("clip",), 4, "clips", synthetic, {})
    return CellResult(cell, pa.Table.from_pylist([ROW]), (), (), {})


def shown(*results: CellResult) -> str:
    console = Console(width=160)
    with console.capture() as captured:
        console.print(results_table(results))
    return captured.get()


def test_rows_of_synthetic_people_say_so() -> None:
    text = shown(result("made"), result("filmed", synthetic=False))
    assert "made · step · untargeted · seed 1 · synthetic data" in text
    assert "filmed · step · untargeted · seed 1" in text and text.count("synthetic") == 1


@pytest.mark.parametrize("name", ["walk[/x]ers", "net [casia]"])
def test_names_are_no_markup(name: str) -> None:
    assert f"{name} · step" in shown(result(name))


@pytest.mark.parametrize("name", ["walk[/x]ers", "net [casia]"])
def test_nor_in_the_status(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr("stumble.cli.status.RunFolder", lambda folder: folder)
    monkeypatch.setattr("stumble.cli.status.results_of", lambda run: [result(name)])
    monkeypatch.setenv("COLUMNS", "160")
    assert status(tmp_path) == 0
    assert f"{name} · step" in capsys.readouterr().out


def test_the_worst_case_has_its_interval(capsys: pytest.CaptureFixture[str]) -> None:
    """One person is one trial."""
    show_rigor([result("made")])
    told = "worst case over all attacks, made · untargeted · synthetic data: 100.0 % (20.7–100.0) of 1 decisions"
    assert told in capsys.readouterr().out
