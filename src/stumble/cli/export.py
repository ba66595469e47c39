"""`stumble export`"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from stumble.campaign.bench import Tested
from stumble.campaign.rigor import flags, reached, reached_by_any
from stumble.campaign.run_folder import RunFolder
from stumble.cli.campaign_table import opened
from stumble.data.whole_files import whole_file
from stumble.errors import SpecError

__all__ = ["export"]

_SUFFIX = {"csv": ".csv", "parquet": ".parquet", "latex": ".tex"}
_SPECIAL = {c: f"\\{c}" for c in "&%$#_{}"} | {
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "\\": r"\textbackslash{}",
}


def export(folder: Path, *, to: Literal["csv", "parquet", "latex"] = "csv", out: Path | None = None) -> None:
    """Write a campaign's results into one file: every verdict (csv, parquet), or a table of its figures (latex).

    Example:
        stumble export out/grid --to parquet
        stumble export out/grid --to latex --out table.tex

    Args:
        folder: of the campaign: the --out of `stumble run PLAN.yaml`.
        to: what to write. csv and parquet have a row for each attacked sequence (gait: and gallery view).
        out: file to write; by default results.csv, .parquet or .tex in the campaign's folder.
    """
    run = RunFolder(folder)
    file = out or folder / f"results{_SUFFIX[to]}"
    if to == "latex":
        text = latex(run, opened(run))
        with whole_file(file) as temporary:
            temporary.write_text(text, encoding="utf-8")
        print(f"{file}: {len(run.cells())} rows")
        return
    table = whole_table(run)
    with whole_file(file) as temporary:
        if to == "csv":
            pyarrow.csv.write_csv(table, temporary)
        else:
            pq.write_table(table, temporary)
    print(f"{file}: {len(table)} rows")


def whole_table(run: RunFolder) -> pa.Table:
    """All verdicts of a campaign, each with its cell, bench, attack and seed, and whether its data are synthetic.

    `reached` says whether the attack has the decision where it wants it, `worst_case` whether at least one attack with
    one seed has; `flags` are the kinds of all that speaks against the cell, "budget; control".

    Raises:
        SpecError: nothing is done yet.
    """
    tables = []
    results = [(cell, table) for cell in run.cells() if (table := run.table(cell)) is not None]
    worst, kinds = reached_by_any(results), dict[str, set[str]]()
    for flag in flags(results):
        kinds.setdefault(flag.cell.id, set()).add(flag.kind)
    for cell, verdicts in results:
        if not len(verdicts):
            continue
        for name, value in (
            ("synthetic", cell.synthetic),
            ("seed", cell.entry.seed),
            ("attack", cell.entry.attack),
            ("bench", cell.entry.bench),
            ("cell", cell.id),
        ):
            verdicts = verdicts.add_column(0, name, pa.array([value] * len(verdicts)))
        against = "; ".join(sorted(kinds.get(cell.id, ())))
        verdicts = verdicts.append_column("reached", pa.array(reached(verdicts)))
        verdicts = verdicts.append_column("worst_case", pa.array(worst[cell.id]))
        verdicts = verdicts.append_column("flags", pa.array([against] * len(verdicts)))
        tables.append(verdicts.replace_schema_metadata(None))
    if not tables:
        raise SpecError(f"{run.root}: found nothing done yet; expected at least a shard")
    return pa.concat_tables(tables, promote_options="permissive")


def latex(run: RunFolder, tested: dict[str, Tested]) -> str:
    """A booktabs table: a row for each cell, percentages with 95 % intervals."""
    lines = []
    cells = run.cells()
    for cell in cells:
        verdicts = run.table(cell)
        if verdicts is None:
            continue
        s, entry = tested[cell.entry.bench].summary(verdicts), cell.entry
        names = " & ".join(_escaped(str(part)) for part in (entry.bench, entry.attack, entry.goal, entry.seed))
        low, high = s["ci95"]
        lines.append(
            f"{names} & {s['n']} & {s['clean']:.1f} & {s['attacked']:.1f} & {s['success']:.1f} "
            f"({low:.1f}--{high:.1f}) \\\\"
        )
    data = sorted({f"{cell.data} ({'synthetic' if cell.synthetic else 'real'} data)" for cell in cells})
    body = "\n".join(lines)
    return (
        f"% {', '.join(data)}; success of n, in percent, with 95\\% intervals\n"
        "\\begin{tabular}{llllrrrr}\n\\toprule\n"
        "bench & attack & goal & seed & $n$ & clean & attacked & success \\\\\n\\midrule\n"
        f"{body}\n\\bottomrule\n\\end{{tabular}}\n"
    )


def _escaped(text: str) -> str:
    return "".join(_SPECIAL.get(character, character) for character in text)
