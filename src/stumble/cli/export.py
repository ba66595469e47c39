"""`stumble export`"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from stumble.campaign.figures import reached
from stumble.campaign.results import CellResult
from stumble.campaign.rigor import flags, reached_by_any
from stumble.campaign.run_folder import RunFolder
from stumble.cli.campaign_table import results_of
from stumble.data.whole_files import whole_file
from stumble.errors import SpecError
from stumble.report.latex import latex_tables

__all__ = ["export"]

_SUFFIX = {"csv": ".csv", "parquet": ".parquet", "latex": ".tex"}


def export(folder: Path, *, to: Literal["csv", "parquet", "latex"] = "csv", out: Path | None = None) -> None:
    """Write a campaign's results into one file: every verdict (csv, parquet), or tables of its figures (latex).

    Example:
        stumble export out/grid --to parquet
        stumble export out/grid --to latex --out table.tex

    Args:
        folder: of the campaign: the --out of `stumble run PLAN.yaml`.
        to: what to write. csv and parquet have a row for each attacked sequence (gait: and gallery view).
        out: file to write; by default results.csv, .parquet or .tex in the campaign's folder.
    """
    results = [result for result in results_of(RunFolder(folder)) if result.verdicts is not None]
    if not results:
        raise SpecError(f"{folder}: found nothing done yet; expected at least a shard")
    file = out or folder / f"results{_SUFFIX[to]}"
    if to == "latex":
        with whole_file(file) as temporary:
            temporary.write_text(latex_tables(results), encoding="utf-8")
        print(f"{file}: {len(results)} rows")
        return
    table = whole_table(results)
    with whole_file(file) as temporary:
        if to == "csv":
            pyarrow.csv.write_csv(table, temporary)
        else:
            pq.write_table(table, temporary)
    print(f"{file}: {len(table)} rows")


def whole_table(results: Sequence[CellResult]) -> pa.Table:
    """All verdicts of a campaign, each with its cell, bench, attack and seed, and whether its data are synthetic.

    `reached` says whether the attack has the decision where it wants it, `worst_case` whether at least one attack with
    one seed has; `flags` are the kinds of all that speaks against the cell, "budget; control".
    """
    tables = []
    done = [(result.cell, result.verdicts) for result in results if result.verdicts is not None]
    worst, kinds = reached_by_any(done), dict[str, set[str]]()
    for flag in flags(done):
        kinds.setdefault(flag.cell.id, set()).add(flag.kind)
    for cell, verdicts in done:
        for name, value in (
            ("synthetic", cell.synthetic),
            ("seed", cell.entry.seed),
            ("attack", cell.entry.attack),
            ("bench", cell.entry.bench),
            ("cell", cell.id),
        ):
            verdicts = verdicts.add_column(0, name, pa.array([value] * len(verdicts)))
        against = "; ".join(sorted(kinds.get(cell.id, ())))
        for name, values in (
            ("reached", reached(verdicts)),
            ("worst_case", worst[cell.id]),
            ("flags", [against] * len(verdicts)),
        ):
            verdicts = verdicts.append_column(name, pa.array(values))
        tables.append(verdicts)
    return pa.concat_tables(tables, promote_options="permissive")
