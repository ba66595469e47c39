"""A campaign's benches and figures at the terminal."""

from __future__ import annotations

from collections.abc import Mapping

from rich.table import Table

from stumble.campaign.bench import Tested
from stumble.campaign.rigor import flags, worst_case
from stumble.campaign.run_folder import RunFolder
from stumble.cli.progress import progress

__all__ = ["opened", "results", "show_rigor"]


def opened(run: RunFolder) -> dict[str, Tested]:
    """The plan's benches, looked at."""
    plan, tested = run.plan, {}
    for name, bench in plan.benches.items():
        with progress(f"reading {name}") as report:
            tested[name] = bench.open(int(plan.memory * 2**30), report)
    return tested


def results(folder: RunFolder, tested: Mapping[str, Tested]) -> Table:
    """A row for each cell of which something is done."""
    cells, denominators = folder.cells(), set[str]()
    table = Table(caption_justify="left")
    table.add_column("bench · attack · goal · seed")
    for name in ("sequences", "clean %", "attacked %", "success % (95 %)"):
        table.add_column(name, justify="right")
    for cell in cells:
        verdicts = folder.table(cell)
        if verdicts is None:
            continue
        s = tested[cell.entry.bench].summary(verdicts)
        low, high = s["ci95"]
        denominators.add(f"{cell.entry.goal}: success among {s['of']}")
        table.add_row(
            str(cell.entry),
            f"{s['sequences']}" + ("" if s["sequences"] == len(cell.samples) else f" of {len(cell.samples)}"),
            f"{s['clean']:.1f}",
            f"{s['attacked']:.1f}",
            f"{s['success']:.1f} ({low:.1f}–{high:.1f})",
        )
    synthetic = sorted({f"{cell.data}: synthetic data" for cell in cells if cell.synthetic})
    table.caption = "\n".join((*synthetic, *sorted(denominators)))
    return table


def show_rigor(folder: RunFolder) -> None:
    """Print what the worst of all attacks reaches, and what speaks against the figures."""
    done = [(cell, table) for cell in folder.cells() if (table := folder.table(cell)) is not None]
    for name, (share, count) in worst_case(done).items():
        print(f"worst case over all attacks, {name}: {share:.1f} % of {count} decisions")
    same: dict[tuple[str, str], list[str]] = {}
    for flag in flags(done):
        same.setdefault((flag.kind, flag.text), []).append(str(flag.cell.entry))
    for (kind, text), (first, *others) in same.items():
        print(f"! {kind}: {first}{f' and {len(others)} more' if others else ''}: {text}")
