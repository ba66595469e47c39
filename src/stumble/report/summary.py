"""The figures for machines."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from pathlib import Path

from stumble.data.whole_files import whole_file
from stumble.report.gait import AttackRow, GaitReport

__all__ = ["summary_json", "write_summary"]

_DIGITS = 4


def summary_json(report: GaitReport) -> dict[str, object]:
    """`{"gait": {"data", "clean", "attacks"}}` as plain data, shares in percent, `sparsity` nominal and in (0, 1].

    A row of `attacks` has at least "attack", "goal", "sparsity", "condition", "n" (the denominator of "success",
    "plausible" and "ci95"), "rank1", "success", "plausible", "ci95"; "kept" says that the adversary changed no
    frame but its own. What was not measured, or is no finite number, is None.
    """
    clean = {kind: _plain(table.mean) for kind, table in report.clean.items()}
    return {"gait": {"data": report.data, "clean": clean, "attacks": [_row(row) for row in report.attacks]}}


def write_summary(file: Path, report: GaitReport) -> None:
    """The same as a JSON file, whole or not at all; its folder is made if needed."""
    file.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(summary_json(report), indent=2, allow_nan=False, ensure_ascii=False)
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


def _plain(value: object) -> object:
    """Tuples as lists, floats rounded, NaN as None."""
    if isinstance(value, tuple):
        return [_plain(v) for v in value]
    if isinstance(value, float):
        return round(value, _DIGITS) if math.isfinite(value) else None
    return value
