"""Tables for papers. They are parsed here rather than compared with a text."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from stumble.campaign.results import read_results
from stumble.report.latex import latex_tables


def tables(text: str) -> list[list[list[str]]]:
    """The cells of each row of each table, without rules."""
    found = []
    for body in re.findall(r"\\begin\{tabular\}.*?\n(.*?)\\end\{tabular\}", text, re.DOTALL):
        rows = [line for line in body.splitlines() if line.endswith(r"\\")]
        found.append([re.split(r" (?<!\\)& ", row.removesuffix(r" \\")) for row in rows])
    return found


def test_a_row_for_each_attack_and_what_is_left_by_view(campaigns: Any) -> None:
    text = latex_tables(read_results(campaigns.gait(goals=("untargeted",))))
    cells, views = tables(text)
    assert cells[0] == ["Attack", "Seed", "$n$", "Clean", "Attacked", "Success"]
    assert cells[1] == [
        r"\multicolumn{6}{l}{\emph{\textless{}gaitset\textgreater{}, untargeted, synthetic data; "
        r"$n$ decisions that were right}}"
    ]
    assert [row[:5] for row in cells[2:]] == [
        ["one", "1", "12", "100.0", "66.7"],
        ["two", "1", "12", "100.0", "16.7"],
        ["random", "1", "12", "100.0", "100.0"],
    ]
    assert views == [
        ["Attack", "054", "126", "All"],
        ["none", "100.0", "100.0", "100.0"],
        ["one", "66.7", "66.7", "66.7"],
        ["two", "0.0", "33.3", "16.7"],
        ["random", "100.0", "100.0", "100.0"],
    ]
    assert text.count("synthetic data") == 3, "in both captions, and over the rows of the bench"


def test_attacks_on_one_bench_with_one_goal_stand_together(campaigns: Any) -> None:
    cells = tables(latex_tables(read_results(campaigns.gait())))[0]
    heads = [k for k, row in enumerate(cells) if "multicolumn" in row[0]]
    assert heads == [1, 5], "three attacks each"


def test_of_two_benches_the_synthetic_one_is_labelled(campaigns: Any) -> None:
    campaigns.real = ("right",)
    heads = [row[0] for row in tables(latex_tables(read_results(campaigns.actions())))[0] if "multicolumn" in row[0]]
    assert ["synthetic data" in head for head in heads] == [True, False]


def test_flagged_figures_have_a_sign_and_a_note(campaigns: Any) -> None:
    campaigns.fell = lambda attack, number: attack == "random"
    campaigns.told = False  # three people are too few for a sign test, six sequences are enough
    text = latex_tables(read_results(campaigns.gait(goals=("untargeted",))))
    assert [row[0] for row in tables(text)[0][2:]] == [r"one$^\dagger$", "two", "random"]
    assert text.count(r"the control 'random' succeeds more often (100.0 against 0.0 \% of 12 rows)") == 1


@pytest.mark.parametrize(("name", "protected"), [("[casia]", "{[}casia]"), ("*best", "{*}best")])
def test_no_name_is_taken_for_an_argument_of_the_end_of_a_row(name: str, protected: str, campaigns: Any) -> None:
    results = read_results(campaigns.actions())
    text = latex_tables([replace(r, cell=replace(r.cell, entry=replace(r.cell.entry, attack=name))) for r in results])
    assert f"\n{protected} & " in text and f"\n{name}" not in text


@pytest.mark.parametrize("name", ["a&b_c%$#{}", r"\input{x}", "a\nb", "~^<>|"])
def test_no_name_is_taken_for_a_command(name: str, campaigns: Any) -> None:
    plain, hostile = read_results(campaigns.actions()), []
    for result in plain:
        entry = replace(result.cell.entry, attack=f"{result.cell.entry.attack}{name}")
        hostile.append(replace(result, cell=replace(result.cell, entry=entry, data=name)))
    text = latex_tables(hostile)
    expected = latex_tables(plain)
    assert text.count("\n") == expected.count("\n")
    assert [[len(row) for row in table] for table in tables(text)] == [[len(r) for r in t] for t in tables(expected)]
    assert r"\input" not in text and "a&b" not in text and "~^" not in text
    assert text.count("{") == text.count("}")
