"""A long table that is interrupted goes on where it stopped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa
import pytest

from stumble.campaign.portions import in_portions, kept
from stumble.errors import DataError


def squares(some: Sequence[int], progress: Callable[[int, int], None]) -> pa.Table:
    for done, _ in enumerate(some, 1):
        progress(done, len(some))
    return pa.table({"square": [each**2 for each in some]})


def test_a_table_is_made_in_portions(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    table = in_portions(tmp_path / "parts", range(120), squares, lambda done, total: told.append((done, total)))
    assert table["square"].to_pylist() == [each**2 for each in range(120)]
    assert sorted({done for done, _ in told}) == list(range(1, 121)) and {total for _, total in told} == {120}
    assert len(list((tmp_path / "parts").iterdir())) == 3


def test_it_goes_on_where_it_was_interrupted(tmp_path: Path) -> None:
    asked: list[int] = []

    def interrupted(some: Sequence[int], progress: Callable[[int, int], None]) -> pa.Table:
        asked.extend(some)
        if 70 in some and len(asked) == 100:
            raise KeyboardInterrupt
        return squares(some, progress)

    told: list[int] = []
    with pytest.raises(KeyboardInterrupt):
        in_portions(tmp_path / "parts", range(120), interrupted, lambda done, total: None)
    table = in_portions(tmp_path / "parts", range(120), interrupted, lambda done, total: told.append(done))
    assert table["square"].to_pylist() == [each**2 for each in range(120)]
    assert asked == [*range(100), *range(50, 120)]
    assert told[0] == 50  # what was there counts as done


def test_a_damaged_portion_is_told(tmp_path: Path) -> None:
    file = tmp_path / "000000.parquet"
    file.write_bytes(b"damaged")
    with pytest.raises(DataError, match=r"000000\.parquet.*remove it, and it is made again"):
        kept(file, lambda: squares([1], lambda done, total: None))
