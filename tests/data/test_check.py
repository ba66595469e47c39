from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from stumble.data import CASIA_B, Note, SequenceKey, inspect_folder, write_frames
from stumble.data.check import summarise
from stumble.errors import DataError

Walk = Callable[..., np.ndarray]
WriteImages = Callable[[Path, str, np.ndarray], None]


def test_what_a_folder_holds_what_is_missing_and_what_is_wrong(tmp_path: Path) -> None:
    for key in CASIA_B.expected(["001", "002"]):
        if key.id != "001/nm-01/000":
            write_frames(tmp_path / key.id / f"{key.view}.npz", np.ones((6, 64, 64), np.uint8))
    write_frames(tmp_path / "001/nm-01/018/018.npz", np.ones((6, 128, 88), np.uint8))
    write_frames(tmp_path / "001/nm-01/036/036.npz", np.ones((4, 64, 44), np.uint8))
    (tmp_path / "001/nm-01/054/054.npz").write_bytes(b"PK")
    write_frames(tmp_path / "001/xx-01/000/000.npz", np.ones((6, 64, 64), np.uint8))

    report = inspect_folder(tmp_path)
    assert (report.layout, report.data.synthetic) == ("arrays", False)
    assert report.data.subjects == ("001", "002")
    assert report.conditions == (*sorted(CASIA_B.conditions), "xx-01")
    assert len(report.data) == 2 * 110
    assert len(report.frames) == 218
    assert sum(report.frames.values()) == 217 * 6 + 4
    assert len(report.missing) == 122 * 110 + 1
    assert report.missing[0] == SequenceKey("001", "nm-01", "000")
    assert report.unexpected == (SequenceKey("001", "xx-01", "000"),)
    assert [key.view for key in report.damaged] == ["018", "054"]
    assert "(6, 128, 88)" in report.damaged[SequenceKey("001", "nm-01", "018")]
    assert report.short == (SequenceKey("001", "nm-01", "036"),)

    text = "\n".join(report.lines())
    assert "2 of 124 people: 001-002" in text
    assert "220 sequences, 218 usable with 1306 frames" in text
    assert "13421 missing: all of 003-124; 1 of 001 (nm-01/000)" in text
    assert "damaged: 001/nm-01/054: " in text


def test_progress_and_the_mark_of_synthetic_data(tmp_path: Path) -> None:
    for view in ("000", "018"):
        write_frames(tmp_path / "001" / "nm-01" / view / f"{view}.npz", np.ones((6, 64, 64), np.uint8))
    Note(synthetic=True).write(tmp_path)
    seen: list[tuple[int, int]] = []
    report = inspect_folder(tmp_path, lambda done, total: seen.append((done, total)))
    assert seen == [(1, 2), (2, 2)]
    assert "1 of 124 synthetic people: 001" in "\n".join(report.lines())


def test_casia_a_is_compared_with_its_own_protocol(tmp_path: Path, walk: Walk, write_images: WriteImages) -> None:
    write_images(tmp_path / "fyc" / "00_1", "fyc-00_1", walk(5))
    report = inspect_folder(tmp_path)
    assert (report.layout, len(report.missing), report.unexpected) == ("casia-a", 11, ())
    assert "1 of 20 people" in "\n".join(report.lines())


def test_nothing_a_damaged_folder_holds_is_fatal(tmp_path: Path, walk: Walk, write_images: WriteImages) -> None:
    write_images(tmp_path / "001" / "nm-01" / "000", "001-nm-01-000", walk(5))
    for view, content in (("018", b""), ("036", pickle.dumps([1])), ("054", b"\x89PNG\r\n\x1a\n")):
        folder = tmp_path / "001" / "nm-01" / view
        folder.mkdir()
        (folder / "a.png").write_bytes(content)
    report = inspect_folder(tmp_path)
    assert [key.view for key in report.frames] == ["000"]
    assert [key.view for key in report.damaged] == ["018", "036", "054"]
    assert all("\n" not in line for line in report.lines())


def test_a_folder_of_something_else_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="an empty folder"):
        inspect_folder(tmp_path)


def test_many_keys_in_few_words() -> None:
    keys = [SequenceKey(s, "nm-01", v) for s in ("001", "002", "005") for v in ("000", "018")]
    keys += [SequenceKey("007", "nm-01", "000")]
    assert summarise(keys, 2) == ["all of 001-002, 005", "1 of 007 (nm-01/000)"]
