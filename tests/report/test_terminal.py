from __future__ import annotations

from dataclasses import replace
from io import StringIO

import numpy as np
from rich.console import Console

from stumble.metrics.retrieval import RankTable
from stumble.report import ActionReport, GaitReport, print_tables


def printed(report: GaitReport | ActionReport, width: int = 100) -> str:
    console = Console(file=StringIO(), width=width)
    print_tables(report, console)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue().replace("\u00a0", " ")


def test_the_terminal_shows_the_same_figures(report: GaitReport) -> None:
    text = printed(report)
    assert "93.1 → 14.2" in text and "80.0–90.0" in text
    assert "no numbers on real people" in text
    clean = next(line.split() for line in text.splitlines() if line.split()[:1] == ["NM"])
    assert clean == ["NM", "75.0", "75.0", "75.0", "75.0", "61.0", "24"]
    assert next(line.split() for line in text.splitlines() if line.split()[:1] == ["CL"])[-2:] == ["–", "24"]


def test_no_figure_is_cut_off_in_eighty_columns(report: GaitReport) -> None:
    views = tuple(f"{v:03d}" for v in range(0, 181, 18))
    cells = np.ones((11, 11), dtype=int)
    wide = RankTable(views, views, 46 * cells, 50 * cells, ~np.eye(11, dtype=bool))
    certain = replace(report.attacks[0].summary, n=1340, rank1_clean=100.0, ci95=(98.0, 100.0))
    text = printed(replace(report, clean={"NM": wide}, attacks=(replace(report.attacks[0], summary=certain),)), 80)
    assert "…" not in text and "100.0 → 14.2" in text and "98.0–100.0" in text
    assert text.count("92.0") == 12 and "Temporal" in text


def test_square_brackets_in_names_are_no_markup(report: GaitReport) -> None:
    odd = replace(
        report,
        title="[red]title[/red]",
        clean={"[b]NM": report.clean["NM"]},
        attacks=(replace(report.attacks[0], attack="[blink]x", condition="[b]NM"),),
        notes=("[/]",),
    )
    text = printed(odd)
    for name in ("[red]title[/red]", "[b]NM", "[blink]x", "[/]"):
        assert name in text


def test_the_terminal_shows_attacks_on_actions(actions: ActionReport) -> None:
    for width in (80, 110):
        text = printed(actions, width)
        assert "…" not in text and "no numbers on real people" in text
        clean = next(line.split() for line in text.splitlines() if "cross-subject" in line)
        assert clean[1:] == ["96.5", "94.8–97.9", "99.8", "61.2", "600"]
        row = next(line.split() for line in text.splitlines() if "97.5" in line and "12" in line and "CIASA" in line)
        shown = ["12", "mm", "200", "97.5", "94.0–99.0", "99.0", "96.5", "→", "3.2", "5.3", "0.061", "38"]
        assert row == ["CIASA", *shown]
        assert "Every sample keeps" in text and "Another sentence." in text


def test_square_brackets_in_names_of_actions_are_no_markup(actions: ActionReport) -> None:
    odd = replace(
        actions,
        title="[red]title[/red]",
        clean={"[b]xsub": actions.clean["xsub"]},
        attacks=(replace(actions.attacks[2], attack="[i]x", goal="[u]y", region="[b]"),),
    )
    text = printed(odd, 120)
    for name in ("[red]title[/red]", "[b]xsub", "[i]x", "[u]y", "localized, [b]"):
        assert name in text
