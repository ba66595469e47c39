from __future__ import annotations

import json
import os
from functools import partial
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
import pytest

from stumble.data import Note, SequenceKey, open_arrays, open_casia_b, open_gait
from stumble.errors import DataError, SpecError
from stumble.synth import Walkers, write_walkers
from stumble.synth.segmentation import SegmentationNoise

write = partial(write_walkers, conditions=("nm-01", "bg-01"), views=("000", "090"), workers=1)


@pytest.fixture(scope="module")
def arrays(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("arrays")
    write(root, [1, 2])
    return root


def stamps(root: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in sorted(root.rglob("*.*")) if path.is_file()}


def test_people_are_written_and_read_back(tmp_path: Path) -> None:
    finished: list[int] = []
    write(tmp_path / "walkers", [7], conditions=("nm-01",), progress=finished.append)
    data = open_gait(tmp_path / "walkers")
    assert [key.id for key in data.keys] == ["007/nm-01/000", "007/nm-01/090"]
    assert data.synthetic and data.protocol == "casia-b"
    np.testing.assert_array_equal(data.read(data.keys[1]), Walkers().silhouettes(7, "nm-01", ["090"])["090"])
    assert finished == [1]


def test_the_tree_is_opengaits(arrays: Path) -> None:
    assert sorted(str(path.relative_to(arrays)) for path in arrays.rglob("*.npz")) == [
        f"{subject}/{condition}/{view}/{view}.npz"
        for subject in ("001", "002")
        for condition in ("bg-01", "nm-01")
        for view in ("000", "090")
    ]
    assert Note.of(arrays).synthetic


def test_the_same_people_give_the_same_bytes_in_another_process(arrays: Path, tmp_path: Path) -> None:
    """Person 2 without person 1, by two worker processes with hash seeds of their own."""
    finished: list[int] = []
    write(tmp_path, [2], workers=2, progress=finished.append)
    assert finished == [1, 2]
    files = sorted((arrays / "002").rglob("*.npz"))
    assert len(files) == 4
    for file in files:
        assert (tmp_path / file.relative_to(arrays)).read_bytes() == file.read_bytes()


def test_an_interrupted_run_is_resumed_where_it_stopped(tmp_path: Path) -> None:
    write(tmp_path, [1])
    before = stamps(tmp_path)
    lost = tmp_path / "001" / "bg-01" / "090" / "090.npz"
    content = lost.read_bytes()
    lost.unlink()
    write(tmp_path, [1])
    after = stamps(tmp_path)
    assert after.keys() == before.keys()
    assert [path for path in after if after[path] != before[path]] == [lost]
    assert lost.read_bytes() == content


def test_what_a_crash_left_half_written_does_not_count(tmp_path: Path) -> None:
    folder = tmp_path / "001" / "nm-01"
    write(tmp_path, [1], layout="png", conditions=("nm-01",), views=("090",))
    images = len(list((folder / "090").iterdir()))
    unfinished = (folder / "090").replace(folder / f".090.{os.getpid()}")  # as if it had been killed before the end
    next(unfinished.iterdir()).unlink()
    write(tmp_path, [1], layout="png", conditions=("nm-01",), views=("090",))
    assert [path.name for path in folder.iterdir()] == ["090"]
    assert len(list((folder / "090").iterdir())) == images


def test_more_people_join_without_touching_those_who_are_there(arrays: Path) -> None:
    before = stamps(arrays)
    write(arrays, [1, 3], conditions=("nm-01",), views=("090",))
    after = stamps(arrays)
    assert {path: after[path] for path in before} == before
    assert [path.parent.parent.parent.name for path in after.keys() - before.keys()] == ["003"]


def test_images_read_back_are_the_arrays_bit_for_bit(arrays: Path, tmp_path: Path) -> None:
    write(tmp_path, [2], layout="png")
    raw, pretreated = open_casia_b(tmp_path), open_arrays(arrays)
    assert len(raw) == 4 and raw.synthetic
    for key in raw.keys:
        np.testing.assert_array_equal(raw.read(key), pretreated.read(key))
    folder = tmp_path / "002" / "bg-01" / "000"
    image = cv2.imread(str(folder / "002-bg-01-000-001.png"), cv2.IMREAD_UNCHANGED)
    assert image is not None and image.shape == (240, 320) and set(np.unique(image)) == {0, 255}
    assert len(list(folder.iterdir())) == len(raw.read(SequenceKey("002", "bg-01", "000")))


@pytest.mark.parametrize("layout", ["npz", "png"])
def test_casia_a_in_either_layout(layout: Literal["npz", "png"], tmp_path: Path) -> None:
    second = Walkers.second()
    write_walkers(tmp_path, [1], second, layout, ["nm-04"], ["45"], workers=1)
    data = open_gait(tmp_path)
    assert [key.id for key in data.keys] == ["a01/nm-04/45"]
    assert data.synthetic and data.protocol == "casia-a"
    np.testing.assert_array_equal(data.read(data.keys[0]), second.silhouettes(1, "nm-04", ["45"])["45"])
    first = {"npz": "a01/nm-04/45/45.npz", "png": "a01/45_4/a01-45_4-001.png"}[layout]
    assert (tmp_path / first).exists()


def test_a_note_from_before_a_setting_was_there_means_its_default(tmp_path: Path) -> None:
    write(tmp_path, [1], conditions=("nm-01",), views=("090",))
    path = tmp_path / "stumble.json"
    note = json.loads(path.read_text(encoding="utf-8"))
    for field in ("height", "population", "protocol"):
        del note["generator"]["init_args"][field]
    path.write_text(json.dumps(note), encoding="utf-8")
    write(tmp_path, [2], conditions=("nm-01",), views=("090",))
    assert open_gait(tmp_path).subjects == ("001", "002")


@pytest.mark.parametrize(
    "other",
    [
        {"walkers": Walkers(seed=2)},
        {"walkers": Walkers(noise=SegmentationNoise(ragged=0.2))},
        {"walkers": Walkers(height=1.3)},
        {"walkers": Walkers.second()},
        {"layout": "png"},
    ],
)
def test_another_world_or_layout_is_not_mixed_in(arrays: Path, other: dict[str, object]) -> None:
    before = stamps(arrays)
    with pytest.raises(DataError, match="found another data set; expected this synthetic world and layout"):
        write(arrays, [1], **other)  # type: ignore[arg-type]
    assert stamps(arrays) == before


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("all my work", encoding="utf-8")
    with pytest.raises(DataError, match="found a folder with other files"):
        write(tmp_path, [1])
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_an_error_in_a_worker_reaches_the_caller_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="never wholly in the camera's image"):
        write(tmp_path, [1], Walkers(distance=1.0), workers=2)
    assert not list(tmp_path.rglob("*.npz"))


def test_a_file_in_the_place_of_the_folder_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "walkers").write_text("", encoding="utf-8")
    with pytest.raises(DataError, match=r"walkers: found FileExistsError.*; expected a folder to write to"):
        write(tmp_path / "walkers", [1])
