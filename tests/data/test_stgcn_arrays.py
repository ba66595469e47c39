"""ST-GCN's arrays: exact, mapped, their padding undone; the same clips as NTU's own files give."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stumble.data.action_notes import ActionNote
from stumble.data.array_pairs import map_array
from stumble.data.ntu_actions import NTU60_ACTIONS
from stumble.data.ntu_skeleton import open_ntu_skeleton
from stumble.data.stgcn_arrays import open_stgcn
from stumble.errors import DataError
from stumble.layouts import NTU25, OPENPOSE18
from stumble.preprocess import StGcn

WritePair = Callable[..., None]

NAMES = ["S001C002P003R002A013.skeleton", "S002C001P001R001A002.skeleton"]


def padded(clips: list[np.ndarray], frames: int = 8) -> np.ndarray:
    """Clips (M, T, V, C) as (N, C, frames, V, 2), by a slow loop."""
    array = np.zeros((len(clips), clips[0].shape[3], frames, clips[0].shape[2], 2), np.float32)
    for n, clip in enumerate(clips):
        for m, person in enumerate(clip):
            for t, joints in enumerate(person):
                array[n, :, t, :, m] = joints.T
    return array


def clips(seed: int, joints: int = 25) -> list[np.ndarray]:
    random = np.random.default_rng(seed)
    return [
        random.uniform(0.1, 1, (people, frames, joints, 3)).astype(np.float32) for people, frames in ((2, 5), (1, 8))
    ]


def test_a_folder_of_arrays(tmp_path: Path, write_pair: WritePair) -> None:
    written = clips(0)
    write_pair(tmp_path, "train", padded(written[:1]), NAMES[:1], [12], "_data.npy")
    write_pair(tmp_path, "val", padded(written[1:]), NAMES[1:], [1], "_data.npy")
    data = open_stgcn(tmp_path)
    assert (data.layout, data.preprocessing, data.synthetic) == (NTU25, "raw", False)
    assert data.classes == NTU60_ACTIONS
    assert [(clip.id, clip.label, clip.subject, clip.part) for clip in data.clips] == [
        ("S001C002P003R002A013", 12, "003", "train"),
        ("S002C001P001R001A002", 1, "001", "test"),
    ]
    for clip, expected in zip(data.clips, written, strict=True):
        np.testing.assert_array_equal(data.load(clip).positions, expected)
        assert data.load(clip).confidence is None


@given(st.integers(0, 2**32), st.lists(st.integers(0, 7), min_size=1, max_size=4))
def test_length_and_people_are_recovered_from_the_padding(
    tmp_path_factory: pytest.TempPathFactory, write_pair: WritePair, seed: int, empty: list[int]
) -> None:
    folder = tmp_path_factory.mktemp("arrays")
    array = padded([np.random.default_rng(seed).normal(size=(2, 8, 25, 3)).astype(np.float32)])
    array[:, :, empty] = 0
    array[..., seed % 2] *= seed % 3 > 0
    write_pair(folder, "all", array, ["one"], np.array([0]), "_data.npy")
    data = open_stgcn(folder)
    there = [t for t in range(8) if array[0, :, t].any()]
    people = [m for m in range(2) if array[0, ..., m].any()]
    positions = data.load(data.clips[0]).positions
    assert positions.shape == (people[-1] + 1, there[-1] + 1, 25, 3)
    np.testing.assert_array_equal(padded([positions]), array)
    assert positions.flags.c_contiguous and positions.flags.writeable


def test_the_same_clip_as_in_ntus_own_file(
    tmp_path: Path, write_pair: WritePair, skeleton_text: Callable[..., str]
) -> None:
    clip = clips(3)[0]
    text = skeleton_text(
        [{7: first.astype(float), 8: second.astype(float)} for first, second in zip(*clip, strict=True)]
    )
    (tmp_path / NAMES[0]).write_text(text)
    write_pair(tmp_path / "arrays", "all", padded([clip]), NAMES[:1], [12], "_data.npy")
    own, arrays = open_ntu_skeleton(tmp_path), open_stgcn(tmp_path / "arrays")
    assert own.clips == arrays.clips and own.classes == arrays.classes
    np.testing.assert_array_equal(own.load(own.clips[0]).positions, arrays.load(arrays.clips[0]).positions)


def test_synthetic_arrays_say_so_and_name_their_classes(tmp_path: Path, write_pair: WritePair) -> None:
    write_pair(
        tmp_path, "all", padded(clips(0)), [name.removesuffix(".skeleton") for name in NAMES], (0, 1), "_data.npy"
    )
    note = ActionNote(True, ("walk", "run"), "ntu-25", {"seed": 3})
    note.write(tmp_path)
    assert ActionNote.of(tmp_path) == note
    data = open_stgcn(tmp_path)
    assert (data.synthetic, data.classes, {clip.part for clip in data.clips}) == (True, ("walk", "run"), {""})


def test_openpose_joints_have_their_confidence_apart(tmp_path: Path, write_pair: WritePair) -> None:
    written = clips(1, joints=18)
    write_pair(tmp_path, "val", padded(written), ["-0ab.json", "cd"], [3, 0], "_data.npy")
    data = open_stgcn(tmp_path)
    assert (data.layout, data.preprocessing) == (OPENPOSE18, "raw")
    assert [(clip.id, clip.label, clip.subject) for clip in data.clips] == [("-0ab", 3, ""), ("cd", 0, "")]
    assert data.classes == ("class 1", "class 2", "class 3", "class 4")
    joints = data.load(data.clips[0])
    np.testing.assert_allclose(joints.positions, written[0][..., :2] + 0.5, rtol=0, atol=1e-6)
    np.testing.assert_array_equal(joints.confidence, written[0][..., 2])
    assert data.batch(data.clips).present[1, 0].all()


def test_the_recipe_gives_the_arrays_of_kinetics_that_were_written(tmp_path: Path, write_pair: WritePair) -> None:
    """Two people sorted by score, joints that were not detected at zero, padding: what ST-GCN's script generates."""
    random = np.random.default_rng(5)
    position = random.uniform(0, 1, (3, 2, 12, 18, 2))
    confidence = np.sort(random.uniform(0, 1, (3, 2, 12, 18)), axis=1)[:, ::-1] * (random.uniform(size=18) > 0.3)
    array = np.concatenate([(position - 0.5) * (confidence > 0)[..., None], confidence[..., None]], -1)
    array[1, :, 9:] = array[2, 1] = 0
    array = array.transpose(0, 4, 2, 3, 1).astype(np.float32)
    write_pair(tmp_path, "val", array, ["a", "b", "c"], [0, 1, 2], "_data.npy")
    data = open_stgcn(tmp_path)
    positions = data.load(data.clips[0]).positions
    assert positions.min() == 0 and 0.9 < positions.max() <= 1
    recipe = StGcn(frames=12, people=2)
    np.testing.assert_allclose(recipe(data.batch(data.clips)).numpy(), array, rtol=0, atol=1e-6)


def test_arrays_stay_on_disk(tmp_path: Path, write_pair: WritePair) -> None:
    """A file that claims a terabyte and has it, in holes."""
    shape = (2, 3, 300, 25, 2)
    huge = (7_000_000, *shape[1:])
    write_pair(tmp_path, "train", padded(clips(0)), NAMES, [0, 1], "_data.npy")
    array = map_array(tmp_path / "train_data.npy")
    assert isinstance(array, np.memmap) and not array.flags.writeable
    sparse = tmp_path / "huge.npy"
    with sparse.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "<f4", "fortran_order": False, "shape": huge})
        file.truncate(file.tell() + 4 * int(np.prod(huge, dtype=np.int64)))
    assert map_array(sparse).shape == huge
    data = open_stgcn(tmp_path)
    assert len(pickle.dumps(data)) < 10_000


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (b"", r"train_label\.pkl: found EOFError|pickle exhausted"),
        (pickle.dumps([1]), r"train_label\.pkl: found .*; expected a pickle of \(names of the clips, their classes"),
        (pickle.dumps((["a"], [0])), r"train_data\.npy: found 2 clips; expected 1, as train_label\.pkl has labels"),
        (pickle.dumps((["a", "b"], [0])), "found 2 names and 1 labels; expected as many of both"),
        (pickle.dumps((["a", "a"], [0, 1])), r"found a, which train_data\.npy has too; expected every clip once"),
        (pickle.dumps((["a", 3], [0, 1])), "names that are no list of strings"),
        (pickle.dumps((["a", "b"], [0, 10**12])), "the label 1000000000000; expected at most 10000"),
        (pickle.dumps((["a", "b"], [0, 1.5])), "labels that are no whole numbers"),
        (pickle.dumps((["a", "b"], Path("x"))), r"a pickle that names pathlib"),
    ],
)
def test_labels_that_do_not_fit(tmp_path: Path, write_pair: WritePair, labels: bytes, message: str) -> None:
    write_pair(tmp_path, "train", padded(clips(0)), NAMES, [0, 1], "_data.npy")
    (tmp_path / "train_label.pkl").write_bytes(labels)
    with pytest.raises(DataError, match=message):
        open_stgcn(tmp_path)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((2, 2, 8, 25, 2), np.float32), r"found float32 \(2, 2, 8, 25, 2\); expected .* \(clips, 3, frames"),
        (np.zeros((2, 3, 8, 25), np.float32), r"found float32 \(2, 3, 8, 25\)"),
        (np.zeros((2, 3, 8, 25, 2), np.int32), r"found int32 \(2, 3, 8, 25, 2\)"),
        (np.zeros((2, 3, 8, 24, 2), np.float32), r"found 24 joints; expected 25 \(ntu-25\) or 18 \(openpose-18\)"),
    ],
)
def test_arrays_that_do_not_fit(tmp_path: Path, write_pair: WritePair, array: np.ndarray, message: str) -> None:
    write_pair(tmp_path, "train", array, NAMES, [0, 1], "_data.npy")
    with pytest.raises(DataError, match=rf"train_data\.npy: {message}"):
        open_stgcn(tmp_path)


def test_clips_that_cannot_be_used(tmp_path: Path, write_pair: WritePair) -> None:
    array = np.zeros((4, 3, 8, 18, 2), np.float32)
    array[1, 0, 2, 3, 0] = np.nan
    array[2, 2, 2, 3, 0] = -1
    array[3, 2, 2, 3, 0] = 1
    write_pair(tmp_path, "train", array, ["a", "b", "c", "d"], [0, 0, 0, -1], "_data.npy")
    reasons: dict[str, str] = {}
    data = open_stgcn(tmp_path)
    assert list(data.sequences(lambda clip, error: reasons.update({clip.id: str(error)}))) == []
    assert "nobody in any frame" in reasons["a"]
    assert "1 frames with joints that are NaN or infinite" in reasons["b"]
    assert "a confidence that is negative" in reasons["c"]
    assert "found class 0" in reasons["d"]


def test_what_the_note_says_must_hold(tmp_path: Path, write_pair: WritePair) -> None:
    write_pair(tmp_path, "all", padded(clips(0)), NAMES, [0, 1], "_data.npy")
    ActionNote(layout="openpose-18").write(tmp_path)
    with pytest.raises(DataError, match=r"found 25 joints; expected 18 \(openpose-18\)"):
        open_stgcn(tmp_path)
    for text in ("[]", '{"synthetic": 1}', '{"classes": "walk"}', '{"layout": "coco"}', "{"):
        (tmp_path / "stumble.json").write_text(text)
        with pytest.raises(DataError, match=r"stumble\.json: found .*; expected a JSON object"):
            open_stgcn(tmp_path)


def test_what_is_not_there(tmp_path: Path, write_pair: WritePair) -> None:
    with pytest.raises(DataError, match=r"no file \*_data\.npy"):
        open_stgcn(tmp_path)
    write_pair(tmp_path, "train", padded(clips(0)), NAMES, [0, 1], "_data.npy")
    write_pair(tmp_path, "val", padded(clips(0)), NAMES, [0, 1], "_data.npy")
    with pytest.raises(DataError, match=r"val_label\.pkl: found S001C002P003R002A013, which train_data\.npy has too"):
        open_stgcn(tmp_path)
    (tmp_path / "val_label.pkl").unlink()
    with pytest.raises(DataError, match=r"val_label\.pkl: found FileNotFoundError"):
        open_stgcn(tmp_path)


@given(
    st.sampled_from(["all_data.npy", "all_label.pkl"]),
    st.integers(0, 10**6),
    st.lists(st.tuples(st.integers(0, 300), st.integers(0, 255)), max_size=4),
)
def test_nothing_but_a_data_error_comes_out(
    tmp_path_factory: pytest.TempPathFactory,
    write_pair: WritePair,
    name: str,
    cut: int,
    flips: list[tuple[int, int]],
) -> None:
    folder = tmp_path_factory.mktemp("fuzz")
    write_pair(folder, "all", padded(clips(0)), NAMES, [0, 1], "_data.npy")
    content = bytearray((folder / name).read_bytes())
    for position, value in flips:
        content[position % len(content)] = value
    (folder / name).write_bytes(content[: cut % len(content)] if cut % 2 else content)
    with suppress(DataError):
        data = open_stgcn(folder)
        for _, joints in data.sequences():
            assert np.isfinite(joints.positions).all()
