from __future__ import annotations

from dataclasses import replace
from io import StringIO

import numpy as np
from rich.console import Console

from stumble.metrics.retrieval import RankTable
from stumble.report import GaitReport, print_tables


def printed(report: GaitReport, width: int = 100) -> str:
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
