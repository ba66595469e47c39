"""Pretreated trees of compressed arrays: `SID/TYPE/VIEW/VIEW.npz` with one uint8 array `frames` (n, 64, 64 or 44)."""

from __future__ import annotations

import math
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from stumble.data.damage import reading
from stumble.data.gait import GaitData, SequenceKey, data_name
from stumble.data.trees import Note, folder_of, keys_with, single_file
from stumble.data.whole_files import whole_file
from stumble.errors import DataError

__all__ = ["ArrayTree", "open_arrays", "read_frames", "write_frames"]


@dataclass(frozen=True)
class ArrayTree:
    """Reads the sequence of a key from a tree of compressed arrays."""

    root: Path

    def __call__(self, key: SequenceKey) -> np.ndarray:
        return read_frames(single_file(folder_of(self.root, key), ".npz"))


def open_arrays(root: Path | str) -> GaitData:
    """The data set in a tree of compressed arrays. Raises DataError where there is none."""
    root = Path(root)
    keys = keys_with(root, ".npz")
    note = Note.of(root)
    return GaitData(data_name(root), keys, ArrayTree(root), note.synthetic, note.protocol)


def read_frames(path: Path) -> UInt8[np.ndarray, "n h w"]:
    """The array `frames` of a compressed file. Raises DataError; nothing in the file is ever executed.

    The header is compared with the size of the data first, so that a file cannot ask for memory it does not fill.
    """
    expected = "a .npz file with a uint8 array 'frames' (n, height, width)"
    with reading(path, expected), zipfile.ZipFile(path) as archive, archive.open("frames.npy") as member:
        version = np.lib.format.read_magic(member)
        header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = header(member)
        size = archive.getinfo("frames.npy").file_size - member.tell()
        if dtype != np.uint8 or len(shape) != 3 or math.prod(shape) != size:
            raise DataError(path, f"{dtype} {shape} in {size} bytes", expected)
        member.seek(0)
        return np.lib.format.read_array(member, allow_pickle=False)


def write_frames(path: Path, frames: UInt8[np.ndarray, "n h w"]) -> None:
    """Writes a compressed array, whole or not at all; makes the folder. The same frames give the same bytes."""
    with whole_file(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, frames=frames)
