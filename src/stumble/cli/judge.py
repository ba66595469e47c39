"""`stumble judge`"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from stumble.campaign.run_folder import RunFolder
from stumble.cli.campaign_table import opened
from stumble.cli.progress import progress
from stumble.errors import DataError, SpecError

__all__ = ["judge"]

_ROUNDING = 1e-3


def judge(folder: Path) -> int:
    """Judge all stored samples of a campaign again, from scratch, and compare with the verdicts that are there.

    Nothing is written. Model and data are read where the plan says they are.

    Example:
        stumble judge out/grid

    Args:
        folder: of the campaign: the --out of `stumble run PLAN.yaml`.
    """
    run = RunFolder(folder)
    plan, cells = run.plan, run.cells()
    tested = opened(run)
    shards = [(cell, shard) for cell in cells for shard in cell.shards if run.done(shard)]
    differences, damage, rows = list[str](), list[str](), 0
    with progress("judging") as report:
        for done, (cell, shard) in enumerate(shards, 1):
            entry, stored = cell.entry, run.verdicts(shard)
            if tested[entry.bench].facts != cell.specification["bench"]:
                raise SpecError(f"{entry.bench}: found other weights or data; expected those of the campaign")
            attack = plan.attacks[entry.attack]
            try:
                again = tested[entry.bench].judge(attack, entry.goal, entry.seed, run.samples(shard), stored)
            except DataError as error:
                damage.append(f"{error}; remove the shard's folder, and `stumble run` does it again")
            else:
                rows += len(stored)
                differences += [f"{shard} {text}" for text in differing(stored, again)]
            report(done, len(shards))
    for line in (*damage[:20], *differences[:20]):
        print(line)
    verdict = f"{len(differences)} values differ" if differences else "the same verdicts"
    print(f"{folder}: {rows} rows judged again, {verdict}" + (f"; {len(damage)} shards damaged" if damage else ""))
    return int(bool(differences or damage))


def differing(stored: pa.Table, again: pa.Table) -> list[str]:
    """Where two tables of verdicts say something else; numbers may differ by rounding."""
    keys = [name for name in ("sample", "gallery_view") if name in stored.column_names]

    def by_key(table: pa.Table) -> dict[tuple[str, ...], dict[str, object]]:
        return {tuple(row[name] for name in keys): row for row in table.to_pylist()}

    first, second = by_key(stored), by_key(again)
    found = [f"{'/'.join(key)}: in one of them only" for key in first.keys() ^ second.keys()]
    for key in first.keys() & second.keys():
        for name, value in first[key].items():
            other = second[key].get(name)
            if isinstance(value, float) and isinstance(other, float):
                same = abs(value - other) <= _ROUNDING * max(1.0, abs(value)) or (value != value and other != other)
            else:
                same = value == other
            if not same:
                found.append(f"{'/'.join(key)}: {name} was {value}, is {other}")
    return sorted(found)
