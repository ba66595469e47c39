"""A gait preset's table and figure on verdicts that are made up."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from io import StringIO

import pyarrow as pa
import pytest
from rich.console import Console

from stumble.attacks import TemporalSparse
from stumble.campaign.presets.gait import ALL, GaitPreset, GaitRow
from stumble.campaign.presets.gait_outcome import GaitFigures, GaitOutcome
from stumble.campaign.presets.gait_printed import Printed
from stumble.constraints import RandomPositions
from stumble.report.gait_preset import GaitPresetTable, views_svg
from stumble.zoo import Shipped

ATTACK = TemporalSparse(Shipped("wgan-synthetic"))


def line(*values: int) -> GaitFigures:
    views = {view: float(value) for view, value in zip(("000", "090"), values, strict=True)}
    return GaitFigures(views, sum(values) / 2.0, (1.0, 99.0), 40)


@pytest.fixture
def table() -> GaitPresetTable:
    printed = {"NM": Printed({"000": 34.6, "018": 18.9, "090": 9.4}, 15.118)}
    row = GaitRow("S = 1/40", ATTACK, printed)
    after, before = {"NM": line(30, 10), "CL": line(50, 20)}, {"NM": line(1, 3), "CL": line(2, 4)}
    preset = GaitPreset("gait-x", "A table", "targeted", (row,), ("Mind the <gap>.",), measure="success")
    return GaitPresetTable(preset, (GaitOutcome(row, after, before, pa.table({})),), "<walkers>", True, "gaitset")


def cells(text: str) -> list[list[str]]:
    return [[cell.strip() for cell in row.split("|")[1:-1]] for row in text.splitlines() if row.startswith("|")]


def test_ours_stands_above_theirs_view_by_view(table: GaitPresetTable) -> None:
    text = table.markdown()
    assert (
        "ours: &lt;walkers&gt; (synthetic data, made by computer: no numbers on real people); recogniser gait" in text
    )
    assert "- paper: CASIA-B, GaitSet (real data)" in text and "- Mind the &lt;gap&gt;." in text
    head, _, *rows = cells(text)
    assert head == ["probes, attack", "0°", "90°", "mean", "95 %", "decisions"]
    assert rows == [
        ["NM, no attack", "1.0", "3.0", "2.0", "1.0–99.0", "40"],
        ["NM, S = 1/40", "30.0", "10.0", "20.0", "1.0–99.0", "40"],
        ["… paper", "34.6", "9.4", "15.1", "", ""],
        ["CL, no attack", "2.0", "4.0", "3.0", "1.0–99.0", "40"],
        ["CL, S = 1/40", "50.0", "20.0", "35.0", "1.0–99.0", "40"],
    ]


def test_where_nothing_is_counted_there_is_a_dash(table: GaitPresetTable) -> None:
    (outcome,) = table.outcomes
    nothing = {"NM": GaitFigures({}, None, None, 0)}
    shown = replace(table, outcomes=(replace(outcome, after=nothing, before={"NM": line(1, 3)}),))
    assert cells(shown.markdown())[3][-3:] == ["–", "–", "0"]


def test_eleven_views_fit_a_terminal(table: GaitPresetTable) -> None:
    views = {f"{18 * k:03d}": 100.0 for k in range(11)}
    wide = GaitFigures(views, 100.0, (0.0, 100.0), 10000)
    (outcome,) = table.outcomes
    table = replace(table, outcomes=(replace(outcome, after={"NM": wide}, before={"NM": wide}),))
    console = Console(width=100, record=True, file=StringIO())
    console.print(table.terminal())
    shown = console.export_text()
    assert "180" in shown and "mean" in shown and shown.count("100.0") == 24 and "…" not in shown.replace("… paper", "")


def test_other_lines_of_the_papers_table_stand_below(table: GaitPresetTable) -> None:
    preset = replace(table.preset, beside={"spoofing": Printed({"000": 68.0}, 82.0)})
    assert cells(replace(table, preset=preset).markdown())[-1] == ["spoofing, paper", "68.0", "–", "82.0", "", ""]


def test_without_a_printed_number_the_paper_is_silent(table: GaitPresetTable) -> None:
    (outcome,) = table.outcomes
    silent = replace(table, outcomes=(replace(outcome, row=GaitRow("x", ATTACK)),))
    assert silent.sources[1] == "paper: no number that belongs to one of these rows"
    assert "paper" not in [row[0] for row in cells(silent.markdown())]


def test_as_few_frames_as_it_takes(table: GaitPresetTable) -> None:
    verdicts = pa.table(
        {
            "sample": ["a", "b"],
            "gallery_view": ["all", "all"],
            "correct_before": [True, True],
            "correct_after": [True, False],
        }
    )
    rows = (GaitRow("1 frame", ATTACK, {ALL: Printed({}, 52.49)}), GaitRow("2 frames", ATTACK))
    outcomes = tuple(GaitOutcome(row, {ALL: line(50, 50)}, {ALL: line(0, 0)}, verdicts) for row in rows)
    preset = replace(table.preset, rows=rows, measure="fooling", apart=False, dynamic=True)
    shown = replace(table, preset=preset, outcomes=outcomes)
    assert cells(shown.markdown())[2:] == [
        ["1 frame", "50.0", "1.0–99.0", "40"],
        ["… paper", "52.5", "", ""],
        ["2 frames", "50.0", "1.0–99.0", "40"],
        ["as few as it takes, at most 2: 1.00 on average", "50.0", "", "2"],
        ["as many as it takes: 1.6 on average, paper", "100.0", "", ""],
    ]
    last = shown.rows()[-1]
    assert last["ours"]["fooling"] == 50 and last["paper"] == {"fooling": 100.0, "frames": 1.6}


def test_rows_at_random_places_are_one_experiment(table: GaitPresetTable) -> None:
    rows = [GaitRow("fixed", ATTACK)]
    rows += [GaitRow(f"draw {k}", replace(ATTACK, positions=RandomPositions(k))) for k in range(2)]
    each = zip(rows, (90, 10, 20), strict=True)
    outcomes = tuple(GaitOutcome(row, {"NM": line(v, v)}, {"NM": line(0, 0)}, pa.table({})) for row, v in each)
    preset = replace(table.preset, rows=tuple(rows), drawn={"NM": (19.13, 0.406)})
    assert cells(replace(table, preset=preset, outcomes=outcomes).markdown())[-2:] == [
        ["NM, at random, mean (standard deviation 7.07)", "–", "–", "15.0", "", ""],
        ["… paper (standard deviation 0.41)", "–", "–", "19.1", "", ""],
    ]


def test_the_rows_for_machines(table: GaitPresetTable) -> None:
    (row,) = json.loads(json.dumps(table.rows(), allow_nan=False))
    assert (row["name"], row["goal"], row["ours"]["CL"]["mean"]) == ("s-1in40", "targeted", 35.0)
    assert row["paper"]["NM"]["views"]["018"] == 18.9 and row["before"]["NM"]["views"] == {"000": 1.0, "090": 3.0}
    assert row["attack"]["class_path"] == "stumble.attacks.temporal_sparse.TemporalSparse"


def test_the_figure_has_a_panel_for_each_kind_and_a_curve_for_each_attack(table: GaitPresetTable) -> None:
    drawing = ElementTree.fromstring(views_svg(table.outcomes, "ours: <walkers>"))
    space = "{http://www.w3.org/2000/svg}"
    texts = [text.text for text in drawing.iter(f"{space}text")]
    assert "NM: rank-1, percent" in texts and "CL: rank-1, percent" in texts and "ours: <walkers>" in texts
    assert {"no attack", "S = 1/40", "0", "90"} <= set(texts)
    heights = [(280 - float(mark.get("cy", 0))) / 2.2 for mark in drawing.iter(f"{space}circle")]
    assert heights == pytest.approx([1, 3, 30, 10, 2, 4, 50, 20], abs=0.1)
    assert len(list(drawing.iter(f"{space}polyline"))) == 4
