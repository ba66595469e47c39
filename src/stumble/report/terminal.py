"""The report's tables at the terminal."""

from __future__ import annotations

from rich.box import SIMPLE_HEAD
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from stumble.report.action_wording import (
    action_appearance,
    action_groups,
    action_headline,
    goal_name,
    kept,
    length,
    protocol,
    region,
    significant,
)
from stumble.report.actions import ActionReport
from stumble.report.gait import GaitReport
from stumble.report.tables import clean_lines, clean_views, groups
from stumble.report.wording import appearance, headline, number, sparsity

__all__ = ["print_tables"]


def print_tables(report: GaitReport | ActionReport, console: Console) -> None:
    """The headline, the clean table, and the tables of attacks: one for each goal and kind of probes or clips."""
    console.print(Text(f"{report.title}: {report.data}", style="bold"))
    if report.synthetic:
        console.print(Text("Synthetic data: made by computer. These are no numbers on real people.", style="yellow"))
    if isinstance(report, GaitReport):
        _print_gait(report, console)
    else:
        _print_actions(report, console)
    for note in report.notes:
        console.print(Text(f"· {note}"))


def _print_gait(report: GaitReport, console: Console) -> None:
    for sentence in headline(report.attacks):
        console.print(Text(sentence))
    console.print(_clean(report, console))
    for group in groups(report.attacks):
        table = _table(f"{group.goal.capitalize()} attacks on {group.condition} probes, percent", console)
        table.add_column("attack", overflow="fold", min_width=10)
        for name in ("S", "n", "rank-1", "success", "95 %", "b/w", "plausible", "coherent"):
            table.add_column(name, justify="right", no_wrap=True)
        for row in group.rows:
            s = row.summary
            table.add_row(
                Text(appearance(row.attack).label + (" (inserted)" if row.edit == "insert" else "")),
                sparsity(row.sparsity),
                str(s.n),
                f"{number(s.rank1_clean)} → {number(s.rank1)}",
                number(s.success),
                f"{number(s.ci95[0])}–{number(s.ci95[1])}",
                number(s.success_binary),
                number(s.plausible),
                number(s.plausible_coherent),
            )
        console.print(table)


def _print_actions(report: ActionReport, console: Console) -> None:
    for sentence in action_headline(report.attacks, report.unit):
        console.print(Text(sentence))
    console.print(_clean_actions(report, console))
    for group in action_groups(report.attacks):
        goal = goal_name(group.goal)
        table = _table(f"Attacks on actions, {goal}, percent", console)
        table.add_column("attack", overflow="fold", min_width=10)
        moved = "mm" if report.unit == "m" else "moved"
        for name in ("ε", "n", "success", "95 %", "other", "accuracy", moved, "bones", "accel"):
            table.add_column(name, justify="right", no_wrap=True)
        for row in group.rows:
            s = row.summary
            table.add_row(
                Text(action_appearance(row.attack).label + ("" if row.mode == "basic" else f" ({region(row)})")),
                length(row.epsilon, report.unit),
                str(s.n),
                number(s.success),
                f"{number(s.ci95[0])}–{number(s.ci95[1])}",
                number(s.fooling),
                f"{number(s.accuracy_clean)} → {number(s.accuracy)}",
                number(s.joint_mm),
                significant(s.bone_max_pct),
                significant(s.accel),
            )
        console.print(table)
    if report.attacks:
        console.print(Text(kept(report.attacks, report.unit)))


def _table(title: str, console: Console) -> Table:
    """An empty table, with columns close together where the terminal is narrow."""
    padding = (0, 1) if console.width >= 110 else (0, 0)
    return Table(title=Text(title), title_justify="left", box=SIMPLE_HEAD, pad_edge=False, padding=padding)


def _clean(report: GaitReport, console: Console) -> Table:
    table = _table("Rank-1 on clean probes by view, percent of n decisions", console)
    table.add_column("probes", overflow="fold", min_width=6)
    for view in clean_views(report):
        table.add_column(Text(view), justify="right", no_wrap=True)
    table.add_column("mean", justify="right", style="bold", no_wrap=True)
    if report.clean_baseline is not None:
        table.add_column("GEI", justify="right", no_wrap=True)
    table.add_column("n", justify="right", no_wrap=True)
    for line in clean_lines(report):
        cells: list[RenderableType] = [Text(line.kind), *map(number, line.per_view), number(line.mean)]
        if report.clean_baseline is not None:
            cells.append(number(line.baseline))
        table.add_row(*cells, str(line.decisions))
    return table


def _clean_actions(report: ActionReport, console: Console) -> Table:
    table = _table("Accuracy on clean clips, percent of n", console)
    table.add_column("protocol", overflow="fold", min_width=8)
    for name in ("top-1", "95 %", "top-5"):
        table.add_column(name, justify="right", no_wrap=True)
    if report.clean_baseline is not None:
        table.add_column("neighbour", justify="right", no_wrap=True)
    table.add_column("n", justify="right", no_wrap=True)
    for name, clean in report.clean.items():
        low, high = clean.ci95
        cells = [number(clean.top1), f"{number(low)}–{number(high)}", number(clean.top5)]
        if report.clean_baseline is not None:
            cells.append(number(report.clean_baseline.get(name)))
        table.add_row(Text(protocol(name)), *cells, str(clean.n))
    return table
