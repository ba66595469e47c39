from __future__ import annotations

import pickle
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stumble.data.actions import Clip
from stumble.data.pyskl import open_pyskl
from stumble.errors import DataError
from stumble.layouts import NTU25

NAMES = ("S001C002P003R002A013", "S002C001P001R001A060", "S001C003P008R001A001")


def annotation(name: str, seed: int = 0, **changes: Any) -> dict[str, Any]:
    """As PYSKL's own conversion writes it."""
    random = np.random.default_rng([seed, *name.encode()])
    people, frames = random.integers(1, 3), random.integers(1, 9)
    keypoint = random.normal(size=(people, frames, 25, 3)).astype(np.float16)
    return {
        "frame_dir": name,
        "label": int(name[-3:]) - 1,
        "keypoint": keypoint,
        "total_frames": int(frames),
        **changes,
    }


def write(path: Path, annotations: list[Any], split: Any = None, protocol: int = 4) -> Path:
    split = {"xsub_train": list(NAMES[1:]), "xsub_val": [NAMES[0]]} if split is None else split
    path.write_bytes(pickle.dumps({"split": split, "annotations": annotations}, protocol))
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write(tmp_path / "ntu60_3danno.pkl", [annotation(name) for name in NAMES])


def test_clips_with_what_their_names_tell(path: Path) -> None:
    data = open_pyskl(path)
    assert (data.name, data.layout, len(data.classes), data.preprocessing) == ("ntu60_3danno", NTU25, 60, "denoised")
    assert [replace(clip, part="") for clip in data.clips] == sorted(map(Clip.ntu, NAMES))
    assert data.clips[0].subject == "003"
    for clip, joints in data.sequences():
        expected = annotation(clip.id)["keypoint"]
        assert joints.positions.dtype == np.float32
        np.testing.assert_array_equal(joints.positions, expected.astype(np.float32))
        assert joints.confidence is None


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_every_version_of_pickle(tmp_path: Path, protocol: int) -> None:
    data = open_pyskl(write(tmp_path / "a.pkl", [annotation(name) for name in NAMES], protocol=protocol))
    np.testing.assert_array_equal(data.load(data.clips[1]).positions, annotation(NAMES[2])["keypoint"])


def test_a_split_gives_the_parts_and_what_is_missing(tmp_path: Path) -> None:
    split = {"xsub_train": [NAMES[1], "S009C001P001R001A001"], "xsub_val": [NAMES[0]], "xview_train": list(NAMES)}
    data = open_pyskl(write(tmp_path / "a.pkl", [annotation(name) for name in NAMES], split), "xsub")
    assert {clip.id: clip.part for clip in data.clips} == {NAMES[0]: "test", NAMES[1]: "train"}
    assert data.missing == {"S009C001P001R001A001": "listed in the split, without an annotation"}
    with pytest.raises(
        DataError, match="the splits xsub_train, xsub_val, xview_train; expected xset_train and xset_val"
    ):
        open_pyskl(tmp_path / "a.pkl", "xset")


def test_without_a_choice_the_only_split_gives_the_parts_and_several_are_told(tmp_path: Path) -> None:
    annotations = [annotation(name) for name in NAMES]
    split = {"xsub_train": [NAMES[1]], "xsub_val": [NAMES[0]]}
    data = open_pyskl(write(tmp_path / "a.pkl", annotations, split))
    assert {clip.id: clip.part for clip in data.clips} == {NAMES[0]: "test", NAMES[1]: "train", NAMES[2]: ""}
    assert data.format == "PYSKL pickle"
    split |= {"xview_train": [NAMES[0]], "xview_test": [NAMES[1]], "odd_train": []}
    data = open_pyskl(write(tmp_path / "a.pkl", annotations, split))
    assert {clip.part for clip in data.clips} == {""}
    assert data.format == "PYSKL pickle with the splits xsub, xview"


def test_a_clip_in_both_parts(tmp_path: Path) -> None:
    path = write(tmp_path / "a.pkl", [annotation(NAMES[0])], {"xsub_train": [NAMES[0]], "xsub_val": [NAMES[0]]})
    with pytest.raises(DataError, match=f"{NAMES[0]}: found a clip in both parts of xsub"):
        open_pyskl(path, "xsub")


def test_names_of_other_data_sets(tmp_path: Path) -> None:
    data = open_pyskl(write(tmp_path / "a.pkl", [annotation(NAMES[0], frame_dir="hop", label=2)]))
    assert data.clips == (Clip("hop", 2),)
    assert data.classes == ("class 1", "class 2", "class 3")


def test_a_worker_process_loads_the_file_itself(path: Path) -> None:
    data = open_pyskl(path)
    message = pickle.dumps(data)
    assert len(message) < 20_000
    copy = pickle.loads(message)
    np.testing.assert_array_equal(copy.load(copy.clips[0]).positions, data.load(data.clips[0]).positions)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"keypoint": np.ones((1, 4, 17, 2), "f2")},
            r"17 joints \(COCO's, a layout that is not supported\) of 2 coord",
        ),
        (
            {"keypoint": np.ones((1, 4, 24, 3), "f2")},
            r"found 24 joints of 3 coordinates; expected 25 joints \(ntu-25\)",
        ),
        ({"keypoint": np.ones((4, 25, 3), "f2")}, r"keypoint float16 \(4, 25, 3\); expected .*\(people, frames, 25, 3"),
        ({"keypoint": [1.0, 2.0]}, r"keypoint list"),
        ({"label": "13"}, r"label '13'; expected a whole number"),
        ({"label": 10**12}, r"label 1000000000000; expected a whole number of at most 10000"),
        ({"frame_dir": 3}, r"a dict of frame_dir, label, keypoint, total_frames as annotation 1"),
    ],
)
def test_annotations_that_are_none(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        open_pyskl(write(tmp_path / "a.pkl", [annotation(NAMES[0], **changes)]))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"total_frames": 99}, f"{NAMES[0]}: found total_frames 99"),
        ({"keypoint": np.zeros((1, 4, 25, 3), "f2"), "total_frames": 4}, f"{NAMES[0]}: found nobody in any frame"),
        ({"keypoint": np.full((1, 4, 25, 3), np.inf, "f2"), "total_frames": 4}, "4 frames with joints that are NaN"),
        ({"label": -1}, f"{NAMES[0]}: found class 0"),
    ],
)
def test_clips_that_are_damaged(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    data = open_pyskl(write(tmp_path / "a.pkl", [annotation(NAMES[0], **changes), annotation(NAMES[1])]))
    with pytest.raises(DataError, match=message):
        data.load(data.clips[0])
    assert data.load(data.clips[1]).positions.any()


def test_pickles_of_other_things(tmp_path: Path) -> None:
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps(Path("/")))
    with pytest.raises(DataError, match="a pickle that names pathlib"):
        open_pyskl(path)
    path.write_bytes(pickle.dumps(([], [])))
    with pytest.raises(DataError, match="found a pickle of tuple; expected a pickle of"):
        open_pyskl(path)
    with pytest.raises(DataError, match="found no clip"):
        open_pyskl(write(path, []))
    with pytest.raises(DataError, match="two annotations"):
        open_pyskl(write(path, [annotation(NAMES[0]), annotation(NAMES[0])]))


@given(st.data())
def test_any_damage_is_a_data_error_or_does_not_matter(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = write(tmp_path_factory.mktemp("pyskl") / "a.pkl", [annotation(name) for name in NAMES])
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    with suppress(DataError):
        opened = open_pyskl(path, data.draw(st.sampled_from([None, "xsub"])))
        for clip in opened.clips:
            opened.load(clip)
