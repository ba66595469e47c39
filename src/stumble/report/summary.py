"""The figures for machines."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from pathlib import Path

from stumble.data.whole_files import whole_file
from stumble.report.actions import ActionReport, ActionRow
from stumble.report.gait import AttackRow, GaitReport

__all__ = ["summary_json", "write_summary"]

_DIGITS = 6


def summary_json(*reports: GaitReport | ActionReport) -> dict[str, object]:
    """`{"gait": {"data", "clean", "attacks"}, "skeleton": {...}}` as plain data, for the reports that are given.

    Shares are in percent. What was not measured, or is no finite number, is None.

    A row of gait's `attacks` has at least "attack", "goal", "sparsity" (nominal, in (0, 1]), "condition", "n" (the
    denominator of "success", "plausible" and "ci95"), "rank1", "success", "plausible", "ci95"; "kept" says that the
    adversary changed no frame but its own. A row of skeleton's has at least "attack", "mode", "goal", "epsilon" (in the
    units of the data), "n", "fooling", "success", "ci95", "joint_mm", "bone_pct", "accel".
    """
    made: dict[str, object] = {}
    for report in reports:
        if isinstance(report, GaitReport):
            clean = {kind: _plain(table.mean) for kind, table in report.clean.items()}
            attacks = [_row(row) for row in report.attacks]
            made["gait"] = {"data": report.data, "clean": clean, "attacks": attacks}
        else:
            clean = {protocol: _plain(figures.top1) for protocol, figures in report.clean.items()}
            attacks = [_action_row(row) for row in report.attacks]
            made["skeleton"] = {"data": report.data, "clean": clean, "attacks": attacks}
    return made


def write_summary(file: Path, *reports: GaitReport | ActionReport) -> None:
    """The same as a JSON file, whole or not at all; its folder is made if needed."""
    text = json.dumps(summary_json(*reports), indent=2, allow_nan=False, ensure_ascii=False)
    with whole_file(file) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")


def _row(row: AttackRow) -> dict[str, object]:
    figures = asdict(row.summary)
    named = {
        "attack": row.attack,
        "goal": figures.pop("goal"),
        "sparsity": row.sparsity,
        "realised_sparsity": figures.pop("sparsity"),
        "condition": row.condition,
        "edit": row.edit,
        "note": row.note,
        "kept": row.summary.violation == 0,
        **figures,
    }
    return {name: _plain(value) for name, value in named.items()}


def _action_row(row: ActionRow) -> dict[str, object]:
    named = {**asdict(row), **asdict(row.summary), "goal": row.goal}
    del named["summary"]
    return {name: _plain(value) for name, value in named.items()}


def _plain(value: object) -> object:
    """Tuples as lists, floats to six significant digits, NaN as None."""
    if isinstance(value, dict):
        return {name: _plain(v) for name, v in value.items()}
    if isinstance(value, tuple):
        return [_plain(v) for v in value]
    if isinstance(value, float):
        return float(f"{value:.{_DIGITS}g}") if math.isfinite(value) else None
    return value
