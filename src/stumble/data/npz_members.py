"""Arrays inside an .npz file, left on disk where they are stored as they are."""

from __future__ import annotations

import math
import struct
import zipfile
from pathlib import Path
from typing import Literal

import numpy as np

from stumble.data.damage import reading
from stumble.errors import DataError

__all__ = ["npz_member"]

LOCAL_HEADER = struct.Struct("<26x2H")  # of a zip member: at its end the lengths of its name and its extra field

FIRST_HEADER, LATER_HEADER = np.lib.format.read_array_header_1_0, np.lib.format.read_array_header_2_0


def npz_member(path: Path, name: str) -> np.ndarray:
    """One array of numbers of an .npz file: mapped where it is not compressed (`np.savez`), else read whole.

    Raises:
        DataError: the file is no .npz, or has no such array, or one whose data does not fit its shape.
    """
    expected = f"a .npz file with an array {name} of numbers"
    with reading(path, expected), zipfile.ZipFile(path) as archive:
        if f"{name}.npy" not in archive.namelist():
            raise DataError(path, f"the arrays {', '.join(archive.namelist())[:80]}", expected)
        member = archive.getinfo(f"{name}.npy")
        with archive.open(member) as file:
            version = np.lib.format.read_magic(file)
            shape, fortran, dtype = (FIRST_HEADER if version == (1, 0) else LATER_HEADER)(file)
            start = file.tell()
            if dtype.kind not in "biuf" or start + math.prod(shape) * dtype.itemsize != member.file_size:
                raise DataError(path, f"{name} of {dtype} {shape} in {member.file_size} bytes", expected)
            order: Literal["F", "C"] = "F" if fortran else "C"
            if member.compress_type != zipfile.ZIP_STORED:
                return np.frombuffer(bytearray(file.read()), dtype).reshape(shape, order=order)
        with path.open("rb") as whole:
            whole.seek(member.header_offset)
            lengths = LOCAL_HEADER.unpack(whole.read(LOCAL_HEADER.size))
        offset = member.header_offset + LOCAL_HEADER.size + sum(lengths) + start
        return np.memmap(path, dtype, "r", offset, shape, order)
