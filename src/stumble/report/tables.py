"""The lines of the tables, for the page and for the terminal alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from stumble.report.gait import AttackRow, GaitReport

__all__ = ["CleanLine", "Group", "clean_lines", "clean_views", "groups"]


@dataclass(frozen=True)
class CleanLine:
    """Rank-1 on clean probes of one kind.

    Attributes:
        kind: "NM".
        per_view: percent by probe view, in the order of `clean_views`; None for views that this kind lacks.
        mean: over probe views, percent.
        baseline: of the nearest gait energy image, percent, or None.
        probes, decisions: how many are behind it.
    """

    kind: str
    per_view: tuple[float | None, ...]
    mean: float
    baseline: float | None
    probes: int
    decisions: int


@dataclass(frozen=True)
class Group:
    """The attacks with one goal on one kind of probes."""

    goal: str
    condition: str
    rows: tuple[AttackRow, ...]


def clean_views(report: GaitReport) -> tuple[str, ...]:
    """All probe views, sorted."""
    return tuple(sorted({view for table in report.clean.values() for view in table.probe_views}))


def clean_lines(report: GaitReport) -> tuple[CleanLine, ...]:
    """A line per kind, in the order of the report."""
    lines = []
    for kind, table in report.clean.items():
        known = dict(zip(table.probe_views, table.per_view.tolist(), strict=True))
        lines.append(
            CleanLine(
                kind,
                tuple(known.get(view) for view in clean_views(report)),
                table.mean,
                (report.clean_baseline or {}).get(kind),
                int(table.total[:, 0].sum()),
                int(table.total[table.counted].sum()),
            )
        )
    return tuple(lines)


def groups(attacks: Sequence[AttackRow]) -> tuple[Group, ...]:
    """The attacks by goal and condition, both in the order of their first line."""

    def setting(row: AttackRow) -> tuple[str, str]:
        return row.summary.goal, row.condition

    order = list(dict.fromkeys(map(setting, attacks)))
    ordered = sorted(attacks, key=lambda row: order.index(setting(row)))
    return tuple(Group(*key, tuple(rows)) for key, rows in groupby(ordered, key=setting))
