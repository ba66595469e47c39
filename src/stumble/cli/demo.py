"""The demo: both modalities under attack, from the shipped weights, in one report."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import Literal

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from stumble.cli.demo_actions import action_report
from stumble.cli.demo_gait import gait_report
from stumble.cli.demo_stages import Stage
from stumble.errors import StumbleError
from stumble.report import ActionReport, GaitReport, print_tables, write_report, write_summary

__all__ = ["demo"]


def demo(
    out: Path = Path("out/demo"),
    only: Literal["gait", "skeleton", "both"] = "both",
    probes: int = 16,
    clips: int = 4,
    seed: int = 1,
) -> None:
    """Attack GaitSet and ST-GCN on synthetic people and write a report: all from the shipped weights, on a CPU.

    20 people whom no shipped network was trained on walk past 4 cameras, in clips of 40 frames, and act before 3 depth
    sensors, in clips of up to 64. The walkers are rendered once into OUT/walkers; running it again goes straight to
    the attacks.

    Args:
        out: folder for report.html, summary.json, the walkers and the adversarial samples.
        only: one modality alone.
        probes: how many normal-walking probes to attack, at most 160; the time of these attacks is proportional.
        clips: how many action clips to attack, at most 2880; the time of these attacks is proportional.
        seed: of the attacks.
    """
    for name, value in (("probes", probes), ("clips", clips)):
        if value < 1:
            raise StumbleError(f"--{name} is {value}; expected at least 1")
    began = time.perf_counter()
    console = Console()
    reports: list[GaitReport | ActionReport] = []
    with Progress(
        TextColumn("{task.description:<34}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console
    ) as progress:
        if only != "skeleton":
            reports.append(gait_report(out, probes, seed, partial(Stage, progress)))
        if only != "gait":
            reports.append(action_report(out, clips, seed, partial(Stage, progress)))
    write_summary(out / "summary.json", *reports)
    write_report(out / "report.html", *reports)
    for report in reports:
        print_tables(report, console)
    print(f"{out / 'report.html'} and {out / 'summary.json'}, {time.perf_counter() - began:.0f} s")
