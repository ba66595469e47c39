from __future__ import annotations

from pathlib import Path

import pytest

from stumble.data import Note, SequenceKey
from stumble.data.trees import view_folders
from stumble.errors import DataError


def test_a_note_survives_the_disk(tmp_path: Path) -> None:
    note = Note(synthetic=True, protocol="casia-a", facts={"generator": "walkers", "seed": 3})
    note.write(tmp_path)
    assert Note.of(tmp_path) == note
    assert [path.name for path in tmp_path.iterdir()] == ["stumble.json"]


@pytest.mark.parametrize(
    "text", ["", "[]", '{"synthetic": 1}', '{"protocol": "ou-mvlp"}', '{"synthetic": true', "\udc80"[:0] + "nul\0"]
)
def test_a_note_that_cannot_be_meant_is_an_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "stumble.json").write_text(text)
    with pytest.raises(DataError, match=r"stumble\.json: found .*; expected a JSON object"):
        Note.of(tmp_path)


def test_folders_are_walked_in_order_and_hidden_ones_left_out(tmp_path: Path) -> None:
    for name in ("002/nm-01/000", "001/nm-02/090", "001/nm-02/000", ".cache/nm-01/000"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "readme.txt").touch()
    assert [key for key, _ in view_folders(tmp_path)] == [
        SequenceKey("001", "nm-02", "000"),
        SequenceKey("001", "nm-02", "090"),
        SequenceKey("002", "nm-01", "000"),
    ]
