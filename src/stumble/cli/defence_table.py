"""Defences at the terminal, and whether what is said of them can be true."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from stumble.campaign.defended import DefenceRow, Share, tried

__all__ = ["show_defences"]


def show_defences(rows: Sequence[DefenceRow], what: str) -> int:
    """Print the table, and in red what contradicts itself. Returns the exit status: 1 where something does."""
    table, console = Table(), Console()
    table.add_column("defence", overflow="fold")
    table.add_column("attack")
    for name in ("clean %", "attacked", "knowing it", "certified", "time ×"):
        table.add_column(name, justify="right")
    for before, row in zip((None, *rows), rows, strict=False):
        if before is not None and before.budget != row.budget:
            table.add_section()
        shares = (_shown(share) for share in (row.clean, row.plain, row.adaptive, row.certified))
        named = Text(row.defence), Text(row.budget)
        proof = "" if row.proof_cost is None else f"\n{row.proof_cost:.2f} proven"
        table.add_row(*named, *shares, f"{row.cost:.2f}{proof}", style="red" if row.contradiction else None)
    print(what)
    console.print(table)
    print("percent of the decisions that are right, 95 % intervals; time of an answer, in answers without a defence")
    sizes = sorted({(row.sequences, row.decisions) for row in rows})
    print("; ".join(f"{sequences} sequences, {decisions} decisions" for sequences, decisions in sizes))
    within, broken = tried(rows)
    print(f"{within} decisions certified for sure met attacks within their radius, {broken} broke")
    for row in rows:
        for remark in filter(None, (row.sampled, row.exceeded)):
            print(f"{row.defence}, {row.budget}: {remark}")
    wrong = [row for row in rows if row.contradiction]
    for row in wrong:
        console.print(Text(f"{row.defence}, {row.budget}: {row.contradiction}", style="bold red"))
    return 1 if wrong else 0


def _shown(share: Share | None) -> str:
    return "–" if share is None else f"{share.percent:.1f}\n{share.ci95[0]:.0f}–{share.ci95[1]:.0f}"
