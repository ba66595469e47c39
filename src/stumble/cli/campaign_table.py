"""A campaign's benches and figures at the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from stumble.campaign.bench import Tested
from stumble.campaign.figures import figures
from stumble.campaign.results import CellResult, read_results
from stumble.campaign.rigor import Objection, objections, worst_case
from stumble.campaign.run_folder import RunFolder
from stumble.cli.progress import progress

__all__ = ["objections_to", "opened", "results_of", "results_table", "show_objections", "show_rigor"]


def opened(run: RunFolder) -> dict[str, Tested]:
    """The plan's benches, looked at."""
    plan, tested = run.plan, {}
    for name, bench in plan.benches.items():
        with progress(f"reading {name}") as report:
            tested[name] = bench.open(int(plan.memory * 2**30), report)
    return tested


def results_of(run: RunFolder) -> tuple[CellResult, ...]:
    """What is done of a campaign."""
    with progress("reading verdicts") as report:
        return read_results(run, report)


def results_table(results: Sequence[CellResult]) -> Table:
    """A row for each cell of which something is done."""
    denominators = set[str]()
    table = Table(caption_justify="left")
    table.add_column("bench · attack · goal · seed")
    for name in ("sequences", "clean %", "attacked %", "success % (95 %)"):
        table.add_column(name, justify="right")
    for result in results:
        if result.verdicts is None:
            continue
        cell, found = result.cell, figures(result.verdicts)
        denominators.add(f"{cell.entry.goal}: success among {found.of}")
        table.add_row(
            Text(str(cell)),
            f"{found.sequences}" + ("" if found.sequences == len(cell.samples) else f" of {len(cell.samples)}"),
            f"{found.clean.percent:.1f}",
            f"{found.attacked.percent:.1f}",
            f"{found.success.percent:.1f} ({found.success.low:.1f}–{found.success.high:.1f})",
        )
    table.caption = Text("\n".join(sorted(denominators)))
    return table


def objections_to(results: Sequence[CellResult]) -> tuple[Objection, ...]:
    """What speaks against the figures."""
    return objections([(result.cell, result.verdicts) for result in results if result.verdicts is not None])


def show_objections(found: Sequence[Objection]) -> None:
    """Print a line for each."""
    for objection in found:
        print(f"! {objection}")


def show_rigor(results: Sequence[CellResult]) -> None:
    """Print what the worst of all attacks reaches, and what speaks against the figures."""
    done = [(result.cell, result.verdicts) for result in results if result.verdicts is not None]
    synthetic = {cell.entry.bench for cell, _ in done if cell.synthetic}
    for (bench, goal), worst in worst_case(done).items():
        share = f"{worst.percent:.1f} % ({worst.low:.1f}–{worst.high:.1f}) of {worst.n} decisions"
        label = " · synthetic data" if bench in synthetic else ""
        print(f"worst case over all attacks, {bench} · {goal}{label}: {share}")
    show_objections(objections(done))
