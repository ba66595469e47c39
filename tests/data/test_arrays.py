from __future__ import annotations

import io
import json
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stumble.data import SequenceKey, open_arrays, write_frames
from stumble.data.arrays import read_frames
from stumble.errors import DataError, StorageError

FRAMES = np.random.default_rng(0).integers(0, 256, (7, 64, 64), np.uint8)


def test_a_tree_of_compressed_arrays(tmp_path: Path) -> None:
    for view in ("000", "090"):
        folder = tmp_path / "001" / "nm-01" / view
        folder.mkdir(parents=True)
        np.savez_compressed(folder / f"{view}.npz", frames=FRAMES)
    (tmp_path / "stumble.json").write_text(json.dumps({"synthetic": True, "protocol": "casia-b"}))

    data = open_arrays(tmp_path)
    assert data.keys == (SequenceKey("001", "nm-01", "000"), SequenceKey("001", "nm-01", "090"))
    assert data.synthetic
    np.testing.assert_array_equal(data.load(data.keys[0]), FRAMES[:, :, 10:54])


def test_numpy_reads_what_is_written_and_equal_frames_give_equal_bytes(tmp_path: Path) -> None:
    first, second = tmp_path / "a" / "a.npz", tmp_path / "b" / "b.npz"
    write_frames(first, FRAMES)
    write_frames(second, FRAMES)
    np.testing.assert_array_equal(np.load(first, allow_pickle=False)["frames"], FRAMES)
    assert first.read_bytes() == second.read_bytes()
    assert [path.name for path in first.parent.iterdir()] == ["a.npz"]


def test_a_tree_without_a_note_is_of_real_people(tmp_path: Path) -> None:
    write_frames(tmp_path / "001" / "nm-01" / "000" / "000.npz", FRAMES)
    data = open_arrays(tmp_path)
    assert (data.synthetic, data.protocol) == (False, "casia-b")


def test_a_single_file_of_any_name_will_do_but_two_are_ambiguous(tmp_path: Path) -> None:
    folder = tmp_path / "001" / "nm-01" / "000"
    write_frames(folder / "other.npz", FRAMES)
    data = open_arrays(tmp_path)
    assert len(data.load(data.keys[0])) == 7
    write_frames(folder / "another.npz", FRAMES)
    with pytest.raises(DataError, match=r"found 2 \.npz files; expected 000\.npz"):
        data.load(data.keys[0])


def saved(**arrays: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def boast(shape: tuple[int, ...]) -> bytes:
    """An array file whose header promises far more than it holds."""
    member, buffer = io.BytesIO(), io.BytesIO()
    np.lib.format.write_array_header_1_0(member, {"descr": "|u1", "fortran_order": False, "shape": shape})
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("frames.npy", member.getvalue() + b"\0" * 64)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04",
        saved(frames=FRAMES)[:-200],
        saved(silhouettes=FRAMES),
        saved(frames=FRAMES.astype(np.float64)),
        saved(frames=FRAMES[0]),
        saved(frames=np.array([{"a": 1}], dtype=object)),
        boast((10**6, 10**6, 10**6)),
    ],
    ids=["empty", "stub", "truncated", "other name", "float", "one frame", "pickled objects", "boasting header"],
)
def test_damage_is_an_error_that_names_the_file(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "000.npz"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"000\.npz: found .*; expected a \.npz file with a uint8 array 'frames'"):
        read_frames(path)


@given(st.binary(max_size=200), st.integers(0, 5000), st.integers(0, 255))
def test_no_bytes_make_it_fail_in_another_way(noise: bytes, position: int, value: int) -> None:
    whole = bytearray(saved(frames=FRAMES[:1]))
    whole[position % len(whole)] = value
    for content in (noise, bytes(whole), bytes(whole[: position % len(whole)])):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "000.npz"
            path.write_bytes(content)
            try:
                frames = read_frames(path)
            except DataError:
                continue
            assert frames.dtype == np.uint8
            assert frames.ndim == 3


def test_a_writer_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full_disk(file: io.BufferedWriter, **arrays: np.ndarray) -> None:
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez_compressed", full_disk)
    with pytest.raises(StorageError, match="No space left"):
        write_frames(tmp_path / "000.npz", FRAMES)
    assert list(tmp_path.iterdir()) == []
