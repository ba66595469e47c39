"""What there is of a campaign so far: each cell with the verdicts of its shards, read once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from stumble.campaign.cell import Cell, Shard
from stumble.campaign.run_folder import RunFolder

__all__ = ["CellResult", "by_setting", "read_results"]


@dataclass(frozen=True)
class CellResult:
    """A cell and what is done of it.

    Attributes:
        cell: the cell.
        verdicts: the judge's rows of all shards that are done, in the order of the samples; None where there are none,
            be it that no shard is done or that nothing in them could be attacked.
        done: the shards that are done.
        made: what made each of them: seconds, host, versions.
        failures: why shards could not be done when last tried, by their name.
    """

    cell: Cell
    verdicts: pa.Table | None
    done: tuple[Shard, ...]
    made: tuple[Mapping[str, Any], ...]
    failures: Mapping[str, str]

    @property
    def attacked(self) -> int:
        """Sequences in the shards that are done."""
        return sum(len(shard.samples) for shard in self.done)

    @property
    def seconds(self) -> float:
        """What these took."""
        return sum(float(made["seconds"]) for made in self.made)


def read_results(
    folder: RunFolder, progress: Callable[[int, int], None] = lambda done, total: None
) -> tuple[CellResult, ...]:
    """The cells of a campaign, in the order of its plan.

    Args:
        progress: is told of how many shards of how many have been looked at.

    Raises:
        DataError: there is no campaign, or something in it is damaged.
    """
    cells, results, looked = folder.cells(), [], 0
    total = sum(len(cell.shards) for cell in cells)
    for cell in cells:
        done, tables, made, failures = list[Shard](), list[pa.Table](), list[Mapping[str, Any]](), dict[str, str]()
        for shard in cell.shards:
            if folder.done(shard):
                done.append(shard)
                tables.append(folder.verdicts(shard))
                made.append(folder.provenance(shard))
            elif reason := folder.failure(shard):
                failures[str(shard)] = reason
            looked += 1
            progress(looked, total)
        rows = pa.concat_tables(tables, promote_options="permissive") if tables else None
        verdicts = rows if rows is not None and len(rows) else None
        results.append(CellResult(cell, verdicts, tuple(done), tuple(made), failures))
    return tuple(results)


def by_setting(results: Sequence[CellResult]) -> dict[tuple[str, str], list[CellResult]]:
    """The cells by the names of bench and goal: those whose attacks can be compared."""
    settings: dict[tuple[str, str], list[CellResult]] = {}
    for result in results:
        settings.setdefault((result.cell.entry.bench, result.cell.entry.goal), []).append(result)
    return settings
