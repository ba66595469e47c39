from __future__ import annotations

from pathlib import Path

import pytest

from stumble.data.whole_files import PARTS, resumed_folder, vacant, whole_file
from stumble.errors import DataError


def test_a_file_is_there_with_its_folder_once_it_is_whole(tmp_path: Path) -> None:
    file = tmp_path / "new" / "folder" / "file.txt"
    with whole_file(file) as temporary:
        temporary.write_text("all of it")
        assert not file.exists()
    assert file.read_text() == "all of it"
    assert list(file.parent.iterdir()) == [file]


def test_what_fails_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "file.txt"
    file.write_text("as it was")

    def half() -> None:
        with whole_file(file) as temporary:
            temporary.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        half()
    assert file.read_text() == "as it was"
    assert list(tmp_path.iterdir()) == [file]


class Stopped(Exception):
    pass


def stop_within(folder: Path, identity: str, *files: str) -> None:
    with resumed_folder(folder, identity) as unfinished:
        for name in files:
            (unfinished / "deep").mkdir(exist_ok=True)
            (unfinished / "deep" / name).write_text(identity)
        raise Stopped


def test_a_folder_goes_on_with_what_was_done(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(Stopped):
        stop_within(out, "0123456789", "first")
    with pytest.raises(Stopped):  # what others do lies beside it
        stop_within(out, "another", "first")
    assert not out.exists()
    with resumed_folder(out, "0123456789") as unfinished:
        (unfinished / PARTS).mkdir()
        (unfinished / PARTS / "0.parquet").touch()  # of which nothing is left in the end
        assert (unfinished / "deep" / "first").read_text() == "0123456789"
        assert unfinished == tmp_path / "out.unfinished-01234567"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["out", "out.unfinished-another"]
    assert [file.name for file in out.rglob("*")] == ["deep", "first"]


def test_of_what_failed_before_anything_was_done_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(Stopped):
        stop_within(tmp_path / "out", "0123")
    assert not list(tmp_path.iterdir())


def test_two_do_not_make_the_same_at_once(tmp_path: Path) -> None:
    with (
        resumed_folder(tmp_path / "out", "0123") as unfinished,
        pytest.raises(DataError, match=r"another process at work on it; expected one at a time"),
        resumed_folder(tmp_path / "out", "0123"),
    ):
        pass
    assert (tmp_path / "out").is_dir() and not unfinished.exists()


def test_who_comes_second_to_a_place_keeps_what_was_done(tmp_path: Path) -> None:
    out = tmp_path / "out"

    def both() -> None:
        with resumed_folder(out, "0123") as unfinished, resumed_folder(out, "4567") as faster:
            for folder in (unfinished, faster):
                (folder / PARTS).mkdir()
                (folder / PARTS / "0.parquet").touch()
            (faster / "table").touch()

    with pytest.raises(DataError, match="something there already"):
        both()
    assert [file.name for file in out.iterdir()] == ["table"]
    assert (tmp_path / "out.unfinished-0123" / PARTS / "0.parquet").exists()


def test_what_is_there_is_not_overwritten(tmp_path: Path) -> None:
    assert vacant(tmp_path / "new") == tmp_path / "new"
    (tmp_path / "file").write_text("mine")
    with pytest.raises(DataError, match="something there already"), resumed_folder(tmp_path, "0123"):
        pass
    assert [file.name for file in tmp_path.iterdir()] == ["file"]
