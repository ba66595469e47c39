"""`stumble status`"""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from stumble.campaign.run_folder import RunFolder
from stumble.cli.campaign_table import results_of

__all__ = ["status"]


def status(folder: Path) -> int:
    """How far a campaign is: what of each cell is done, what failed and why, and what remains.

    Example:
        stumble status out/grid

    Args:
        folder: of the campaign: the --out of `stumble run PLAN.yaml`.
    """
    run = RunFolder(folder)
    table = Table()
    table.add_column("bench · attack · goal · seed")
    for name in ("sequences", "seconds each", "failed shards"):
        table.add_column(name, justify="right")
    failures, done, total = list[str](), 0, 0
    for result in results_of(run):
        cell, attacked = result.cell, result.attacked
        each = f"{result.seconds / attacked:.2f}" if attacked else "–"
        failed = str(len(result.failures) or "–")
        table.add_row(Text(str(cell.entry)), f"{attacked} of {len(cell.samples)}", each, failed)
        failures += [f"{shard}: {reason}" for shard, reason in result.failures.items()]
        done, total = done + attacked, total + len(cell.samples)
    Console().print(table)
    for failure in failures:
        print(failure)
    left = "everything is done" if done == total else f"{total - done} of {total} sequences are left"
    print(f"{folder}: {left}" + (f"; {len(failures)} shards failed when last tried" if failures else ""))
    return int(bool(failures))
