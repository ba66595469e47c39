"""A long table made in portions, each stored as soon as it is there, so that an interrupted command goes on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeAlias, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from stumble.data.damage import reading
from stumble.data.whole_files import whole_file

__all__ = ["in_portions", "kept"]

Item = TypeVar("Item")
Progress: TypeAlias = Callable[[int, int], None]

_TOGETHER = 50


def in_portions(
    folder: Path, items: Sequence[Item], make: Callable[[Sequence[Item], Progress], pa.Table], progress: Progress
) -> pa.Table:
    """The table of all items.

    Args:
        folder: for the portions. Those that an earlier call left there are read.
        make: from some of the items to their rows; its progress is called with items done of them.
        progress: called with items done and their number.

    Raises:
        DataError: a portion that is there is damaged.
        StorageError: the disk is full, or cannot be written to.
    """
    tables = []
    for start in range(0, len(items), _TOGETHER):
        some = items[start : start + _TOGETHER]
        further = partial(_further, progress, start, len(items))
        tables.append(kept(folder / f"{start:06d}.parquet", partial(make, some, further)))
        progress(start + len(some), len(items))
    return pa.concat_tables(tables)


def _further(progress: Progress, before: int, all_of_them: int, done: int, total: int) -> None:
    progress(before + done, all_of_them)


def kept(file: Path, make: Callable[[], pa.Table]) -> pa.Table:
    """The table of the file, which is made and stored first where it is not there.

    Raises:
        DataError: the file is damaged.
        StorageError: the disk is full, or cannot be written to.
    """
    if not file.exists():
        table = make()
        with whole_file(file) as temporary:
            pq.write_table(table, temporary)
    with reading(file, "a part of an unfinished table; remove it, and it is made again"):
        return pq.read_table(file)
