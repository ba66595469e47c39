from __future__ import annotations

from pathlib import Path

import pytest

from stumble.data.whole_files import whole_file


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
