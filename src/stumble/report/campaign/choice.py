"""Which samples of a campaign to show: spread over its cells, successes and failures alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from stumble.campaign.cell import Shard
from stumble.campaign.figures import column, reached
from stumble.campaign.results import CellResult

__all__ = ["Choice", "chosen"]


@dataclass(frozen=True)
class Choice:
    """A sample of a cell.

    Attributes:
        result: the cell.
        sample: its name.
        succeeded: whether the attack has it, or at least one of its decisions, where it wants it.
    """

    result: CellResult
    sample: str
    succeeded: bool

    @property
    def shard(self) -> Shard:
        """Where it is stored."""
        return next(shard for shard in self.result.done if self.sample in shard.samples)

    @property
    def verdicts(self) -> pa.Table:
        """The judge's rows about it."""
        assert self.result.verdicts is not None
        return self.result.verdicts.filter(column(self.result.verdicts, "sample") == self.sample)


def chosen(results: Sequence[CellResult], count: int) -> tuple[Choice, ...]:
    """So many samples, evenly over the cells; of a cell as many successes as failures, evenly over each.

    Where there are more cells than films, evenly spaced cells have one each, by turns a success and a failure. Where a
    cell has too few of one kind it has more of the other.
    """
    cells = [result for result in results if result.verdicts is not None]
    found = list[Choice]()
    given = 0
    for number, result in enumerate(cells, 1):
        wanted = number * count // len(cells) - (number - 1) * count // len(cells)
        kinds = _kinds(result)
        half = (wanted + (given + 1) % 2) // 2
        successes = min(len(kinds[True]), max(half, wanted - len(kinds[False])))
        names = [(name, True) for name in _spread(kinds[True], successes)]
        names += [(name, False) for name in _spread(kinds[False], wanted - successes)]
        found += [Choice(result, name, succeeded) for name, succeeded in names]
        given += wanted
    return tuple(found)


def _kinds(result: CellResult) -> dict[bool, list[str]]:
    """The samples of which any decision is where the attack wants it, and the others."""
    assert result.verdicts is not None
    fallen: dict[str, bool] = {}
    for name, fell in zip(column(result.verdicts, "sample"), reached(result.verdicts).tolist(), strict=True):
        fallen[name] = fallen.get(name, False) or fell
    return {kind: [name for name, fell in fallen.items() if fell is kind] for kind in (True, False)}


def _spread(names: Sequence[str], count: int) -> list[str]:
    """So many of the names, or all, at even distances."""
    places = np.linspace(0, len(names) - 1, min(count, len(names))).round().astype(int)
    return [names[place] for place in places]
