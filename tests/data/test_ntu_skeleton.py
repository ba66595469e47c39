"""NTU's .skeleton files: exact on what an independent writer wrote, one clear line on anything else."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stumble.data.action_notes import ActionNote
from stumble.data.ntu_actions import NTU60_ACTIONS, NTU120_ACTIONS
from stumble.data.ntu_skeleton import open_ntu_skeleton, parse_skeleton, read_missing
from stumble.errors import DataError

SkeletonText = Callable[..., str]

NAME = "S001C002P003R002A013"
OTHER = "S018C001P008R001A120"
POSE = np.linspace(-1.5, 3.5, 75).reshape(25, 3)
LISTED = """302 of the captured samples have missing or incomplete skeleton data.
If you are working on skeleton-based analysis, please ignore these files.

S001C002P003R002A013
S007C003P027R002A013
"""


@pytest.fixture
def folder(tmp_path: Path, skeleton_text: SkeletonText) -> Path:
    """Two clips, one of them in a folder of its own."""
    (tmp_path / "more").mkdir()
    (tmp_path / f"{NAME}.skeleton").write_text(skeleton_text([{7: POSE}, {7: POSE + 1}]))
    (tmp_path / "more" / f"{OTHER}.skeleton").write_text(skeleton_text([{7: POSE}]))
    return tmp_path


def test_a_folder_of_files(folder: Path) -> None:
    data = open_ntu_skeleton(folder)
    first, second = data.clips
    assert (first.id, first.label, first.subject, first.camera, first.setup) == (NAME, 12, "003", "002", "001")
    assert second.id == OTHER
    assert data.classes == NTU120_ACTIONS and data.classes[119] == "rock-paper-scissors"
    assert (data.synthetic, data.preprocessing, data.missing) == (False, "raw", {})
    np.testing.assert_array_equal(data.load(first).positions, np.stack([POSE, POSE + 1])[None].astype(np.float32))


def test_ntu_has_60_actions_and_then_60_more() -> None:
    assert len(set(NTU60_ACTIONS)) == 60 and len(set(NTU120_ACTIONS)) == 120
    assert NTU120_ACTIONS[:60] == NTU60_ACTIONS
    assert (NTU60_ACTIONS[42], NTU120_ACTIONS[98]) == ("fall down", "run on the spot")


BODIES = st.lists(st.lists(st.sampled_from([72057594037931101, 72057594037931102, 5]), unique=True), min_size=1)


@given(BODIES, st.integers(0, 2**32), st.sampled_from(["\n", "\r\n"]))
def test_people_are_body_ids_in_order_of_appearance(
    tmp_path_factory: pytest.TempPathFactory, skeleton_text: SkeletonText, seen: list[list[int]], seed: int, end: str
) -> None:
    random = np.random.default_rng(seed)
    frames = [{identity: random.normal(size=(25, 3)) for identity in ids} for ids in seen]
    path = tmp_path_factory.mktemp("ntu") / f"{NAME}.skeleton"
    path.write_bytes(skeleton_text(frames, end).encode())
    people = list(dict.fromkeys(identity for ids in seen for identity in ids))
    if not people:
        with pytest.raises(DataError, match=f"no body in {len(frames)} frames"):
            parse_skeleton(path)
        return
    expected = np.zeros((len(people), len(frames), 25, 3), np.float32)
    for number, bodies in enumerate(frames):
        for identity, joints in bodies.items():
            expected[people.index(identity), number] = joints
    np.testing.assert_array_equal(parse_skeleton(path).positions, expected)
    assert parse_skeleton(path).confidence is None


def test_the_list_of_missing_samples_is_an_option(folder: Path) -> None:
    (folder.parent / "list.txt").write_text(LISTED)
    assert read_missing(folder.parent / "list.txt") == (NAME, "S007C003P027R002A013")
    data = open_ntu_skeleton(folder, folder.parent / "list.txt")
    assert [clip.id for clip in data.clips] == [OTHER]
    assert data.missing == {NAME: "on the list of samples with missing skeletons"}


def test_a_list_that_lies_in_the_folder_counts(folder: Path) -> None:
    (folder / "NTU_RGBD_samples_with_missing_skeletons.txt").write_text(LISTED)
    assert list(open_ntu_skeleton(folder).missing) == [NAME]


def test_a_list_without_a_header_loses_no_name(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("".join(LISTED.splitlines(keepends=True)[3:]))
    assert len(read_missing(tmp_path / "list.txt")) == 2
    (tmp_path / "list.txt").write_text(LISTED + "S007C003P027\n")
    with pytest.raises(DataError, match=r"list\.txt:6: found 'S007C003P027'; expected SsssCcccPpppRrrrAaaa"):
        read_missing(tmp_path / "list.txt")


def test_files_without_bodies_and_names_that_say_nothing_are_left_out(
    folder: Path, skeleton_text: SkeletonText
) -> None:
    empty, half = "S001C001P001R001A001", "S001C001P001R001A002"
    (folder / f"{empty}.skeleton").write_text(skeleton_text([{}, {}, {}]))
    (folder / f"{half}.skeleton").write_text("3\n0\n0\n")
    (folder / "mine.skeleton").write_text(skeleton_text([{1: POSE}]))
    data = open_ntu_skeleton(folder)
    assert data.missing == {empty: "no body in any frame", "mine": "its name is not SsssCcccPpppRrrrAaaa"}
    cut = next(clip for clip in data.clips if clip.id == half)
    with pytest.raises(DataError, match="the end of the file; expected the number of bodies in frame 3 of 3"):
        data.load(cut)


def test_a_note_makes_the_data_synthetic_and_names_the_classes(folder: Path) -> None:
    ActionNote(synthetic=True, classes=("walk", "run"), layout="ntu-25").write(folder)
    data = open_ntu_skeleton(folder)
    assert (data.synthetic, data.classes) == (True, ("walk", "run"))
    with pytest.raises(DataError, match=rf"{NAME}: found class 13; expected one of the 2 classes"):
        data.load(data.clips[0])


def test_the_same_name_twice_is_an_error(folder: Path) -> None:
    (folder / "more" / f"{NAME}.skeleton").write_text((folder / f"{NAME}.skeleton").read_text())
    with pytest.raises(DataError, match="expected every clip once"):
        open_ntu_skeleton(folder)


@pytest.mark.parametrize("content", [{}, {"clip.txt": "1"}, {"clip.skeleton": "1\n0\n"}])
def test_a_folder_without_clips_is_an_error(tmp_path: Path, content: dict[str, str]) -> None:
    for name, text in content.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(DataError, match=r"expected files SsssCcccPpppRrrrAaaa\.skeleton"):
        open_ntu_skeleton(tmp_path)


def edited(text: str, line: int, new: str | None) -> str:
    lines = text.splitlines()
    lines[line - 1 :] = [] if new is None else [new, *lines[line:]]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("line", "new", "message"),
    [
        (1, "two", r":1: found 'two'; expected the number of frames"),
        (1, "0", r":2: found '1'; expected the end of the file after 0 frames"),
        (2, "1 1", r":2: found '1 1'; expected the number of bodies in frame 1 of 2"),
        (3, "7 0 1", r":3: found 3 fields, '7 0 1'; expected the 10 fields of body 1 of 1 in frame 1 of 2"),
        (4, "24", r":4: found 24 joints; expected 25 joints of body 1 of 1 in frame 1 of 2"),
        (5, "NaN 1 1 1 1 1 1 1 1 1 1 2", r":5: found 'NaN 1 1'; expected .* numbers in metres, of joint 1 of body 1"),
        (6, "1 1 1e9 1 1 1 1 1 1 1 1 2", r":6: found '1 1 1e9'"),
        (7, "1 x 1 1 1 1 1 1 1 1 1 2", r":7: found '1 x 1'"),
        (8, "1 1 1", r":8: found 3 fields, '1 1 1'; expected the 12 fields"),
        (40, None, r"found the end of the file; expected .* of joint 8 of body 1 of 1 in frame 2 of 2"),
        (30, "2", r"found the end of the file; expected the 10 fields of body 2 of 2 in frame 2 of 2"),
    ],
)
def test_damage_is_named_with_its_line(
    tmp_path: Path, skeleton_text: SkeletonText, line: int, new: str | None, message: str
) -> None:
    path = tmp_path / f"{NAME}.skeleton"
    path.write_text(edited(skeleton_text([{7: POSE}, {7: POSE}], "\n"), line, new))
    with pytest.raises(DataError, match=rf"{NAME}\.skeleton.*{message}"):
        parse_skeleton(path)


def test_a_body_is_in_a_frame_once(tmp_path: Path, skeleton_text: SkeletonText) -> None:
    text = skeleton_text([{7: POSE, 8: POSE}], "\n")
    (tmp_path / "a.skeleton").write_text(re.sub("^8 ", "7 ", text, flags=re.MULTILINE))
    with pytest.raises(DataError, match="body 7 twice in frame 1 of 1"):
        parse_skeleton(tmp_path / "a.skeleton")


@given(st.integers(0, 10**6), st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=4))
def test_nothing_but_a_data_error_comes_out(
    tmp_path_factory: pytest.TempPathFactory, skeleton_text: SkeletonText, cut: int, flips: list[tuple[int, int]]
) -> None:
    content = bytearray(skeleton_text([{7: POSE, 9: POSE}, {9: POSE}]).encode())
    for position, value in flips:
        content[position % len(content)] = value
    folder = tmp_path_factory.mktemp("fuzz")
    (folder / f"{NAME}.skeleton").write_bytes(content[: cut % len(content)] if cut % 2 else content)
    with suppress(DataError):
        data = open_ntu_skeleton(folder)
        assert np.isfinite(data.load(data.clips[0]).positions).all()


@given(st.integers(1, 10**6))
def test_every_cut_within_a_frame_is_found(
    tmp_path_factory: pytest.TempPathFactory, skeleton_text: SkeletonText, cut: int
) -> None:
    content = skeleton_text([{7: POSE}, {7: POSE}]).encode().rstrip()
    path = tmp_path_factory.mktemp("cut") / f"{NAME}.skeleton"
    path.write_bytes(content[: -1 - cut % (len(content) - 1)])
    with pytest.raises(DataError, match=NAME):
        parse_skeleton(path)
