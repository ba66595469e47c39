"""A table of defences that is interrupted goes on where it stopped."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from stumble.campaign.defence_names import GAIT_DEFENCES, DefenceName, defence_names
from stumble.campaign.defence_parts import Measure, Part, all_decisions, defence_parts
from stumble.campaign.defended import Share
from stumble.errors import DataError

NAMES = defence_names("none,partition:5", GAIT_DEFENCES)
SIZES = (0.025, 0.1)


class Bench:
    """Measures what it is told to, and keeps account; stops before so many parts."""

    def __init__(self, stop: int | None = None) -> None:
        self.opened: list[str] = []
        self.measured: list[tuple[str, float]] = []
        self.stop = stop

    def __call__(self, name: DefenceName) -> Measure:
        self.opened.append(name.text)

        def measure(size: float, samples: Path) -> Part:
            samples.mkdir(parents=True)  # which fails where something was left
            (samples / "0000.npz").touch()
            if len(self.measured) == self.stop:
                raise KeyboardInterrupt
            self.measured.append((name.text, size))
            right = size < 0.1
            columns = {"clean": True, "plain": right, "adaptive": right, "radius": 1.0, "certified": None}
            table = pa.Table.from_pylist([{"sample": "a", "subject": "A", "gallery_view": "000"} | columns])
            place = table.schema.get_field_index("certified")
            table = table.set_column(place, "certified", table["certified"].cast(pa.bool_()))
            return Part(table, f"S = {size:g}", 1.5, refused=Share(1.0, (0.5, 2.0)) if name.kind == "none" else None)

        return measure


def test_all_defences_against_one_size_then_against_the_next(tmp_path: Path) -> None:
    parts = defence_parts(tmp_path, NAMES, SIZES, Bench())
    assert [(name.text, size) for name, size, _ in parts] == [(n.text, s) for s in SIZES for n in NAMES]
    rows = [part.row(name.text) for name, _, part in parts]
    assert [(row.defence, row.adaptive.percent, row.cost) for row in rows[1:3]] == [
        ("partition:5", 100.0, 1.5),
        ("none", 0.0, 1.5),
    ]
    assert [part.refused for _, _, part in parts] == [Share(1.0, (0.5, 2.0)), None] * 2
    decisions = all_decisions(parts, "sparsity").to_pylist()
    assert [(row["defence"], row["sparsity"]) for row in decisions[:2]] == [("none", 0.025), ("partition:5", 0.025)]
    assert {file.name for file in tmp_path.iterdir()} == {"parts", "samples"}


@pytest.mark.parametrize("stop", range(4))
def test_an_interrupted_table_goes_on(tmp_path: Path, stop: int) -> None:
    first, second = Bench(stop), Bench()
    with pytest.raises(KeyboardInterrupt):
        defence_parts(tmp_path, NAMES, SIZES, first)
    found = defence_parts(tmp_path, NAMES, SIZES, second)
    whole = Bench()
    expected = defence_parts(tmp_path / "whole", NAMES, SIZES, whole)
    assert first.measured + second.measured == whole.measured
    assert second.opened == [name.text for name in NAMES[stop // 2 :]]  # whoever is done is not prepared again
    assert found == expected
    assert len(list(tmp_path.glob("samples/*/*/*.npz"))) == 4


def test_a_damaged_part_is_told(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        defence_parts(tmp_path, NAMES, SIZES, Bench(1))
    (tmp_path / "parts" / "0-0.parquet").write_bytes(b"damaged")
    with pytest.raises(DataError, match=r"0-0\.parquet.*remove it, and it is made again"):
        defence_parts(tmp_path, NAMES, SIZES, Bench())
