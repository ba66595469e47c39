from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from stumble.data import Note, open_gait, pretreat_tree, write_frames
from stumble.errors import DataError

Walk = Callable[..., np.ndarray]
WriteImages = Callable[[Path, str, np.ndarray], None]


@pytest.fixture
def raw(tmp_path: Path, walk: Walk, write_images: WriteImages) -> Path:
    for subject in ("001", "002"):
        for view in ("000", "090"):
            write_images(tmp_path / "raw" / subject / "nm-01" / view, f"{subject}-nm-01-{view}", walk(6, int(subject)))
    return tmp_path / "raw"


def test_images_become_arrays_that_read_the_same(raw: Path, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    result = pretreat_tree(raw, tmp_path / "out", workers=2, progress=lambda done, total: seen.append((done, total)))
    before, after = open_gait(raw), open_gait(tmp_path / "out")
    assert result.written == after.keys == before.keys
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]
    for key in before.keys:
        np.testing.assert_array_equal(after.read(key), before.read(key))
    assert Note.of(tmp_path / "out") == Note(False, "casia-b", {"source": "raw", "pretreatment": "opengait"})


def test_an_interrupted_run_is_resumed_and_ends_the_same(raw: Path, tmp_path: Path) -> None:
    def interrupt(done: int, total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pretreat_tree(raw, tmp_path / "out", progress=interrupt)
    there = open_gait(tmp_path / "out").keys
    assert len(there) >= 2
    result = pretreat_tree(raw, tmp_path / "out")
    assert result.present == there
    assert sorted(result.present + result.written) == list(open_gait(raw).keys)

    pretreat_tree(raw, tmp_path / "straight")
    files = sorted(path.relative_to(tmp_path / "out") for path in (tmp_path / "out").rglob("*") if path.is_file())
    assert len(files) == 5
    for file in files:
        assert (tmp_path / "out" / file).read_bytes() == (tmp_path / "straight" / file).read_bytes()


def test_damage_and_shortness_are_listed_and_the_rest_goes_on(
    raw: Path, tmp_path: Path, walk: Walk, write_images: WriteImages
) -> None:
    image = raw / "001" / "nm-01" / "000" / "001-nm-01-000-004.png"
    image.write_bytes(image.read_bytes()[:50])
    write_images(raw / "003" / "nm-01" / "000", "003-nm-01-000", walk(4))
    result = pretreat_tree(raw, tmp_path / "out")
    assert [key.id for key in result.damaged] == ["001/nm-01/000"]
    assert "001-nm-01-000-004.png" in next(iter(result.damaged.values()))
    assert {key.id: count for key, count in result.short.items()} == {"003/nm-01/000": 4}
    assert len(result.written) == 4
    assert not (tmp_path / "out" / "001" / "nm-01" / "000").exists()


def test_the_note_of_a_synthetic_tree_is_carried_over(raw: Path, tmp_path: Path) -> None:
    Note(synthetic=True).write(raw)
    pretreat_tree(raw, tmp_path / "out")
    assert open_gait(tmp_path / "out").synthetic


def test_flavours_and_data_sets_are_not_mixed(raw: Path, tmp_path: Path) -> None:
    pretreat_tree(raw, tmp_path / "out", flavour="opengait")
    with pytest.raises(DataError, match="found other data"):
        pretreat_tree(raw, tmp_path / "out", flavour="gaitset")
    with pytest.raises(DataError, match="found sequences that are pretreated already"):
        pretreat_tree(tmp_path / "out", tmp_path / "again")
    write_frames(tmp_path / "else" / "a.npz", np.zeros((1, 64, 64), np.uint8))
    with pytest.raises(DataError, match="found other data"):
        pretreat_tree(raw, tmp_path / "else")
