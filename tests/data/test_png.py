from __future__ import annotations

import struct
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stumble.data.png import read_png
from stumble.errors import DataError

Encode = Callable[[np.ndarray], bytes]
IMAGE = np.random.default_rng(0).integers(0, 256, (24, 18), np.uint8)


def test_the_levels_of_an_image(tmp_path: Path, png: Encode) -> None:
    path = tmp_path / "frame.png"
    path.write_bytes(png(IMAGE))
    np.testing.assert_array_equal(read_png(path), IMAGE)


def test_colour_and_palette_files_of_black_and_white(tmp_path: Path) -> None:
    silhouette = np.where(IMAGE > 127, 255, 0).astype(np.uint8)
    path = tmp_path / "frame.png"
    cv2.imwrite(str(path), cv2.cvtColor(silhouette, cv2.COLOR_GRAY2BGR))
    np.testing.assert_array_equal(read_png(path), silhouette)
    cv2.imwrite(str(path), silhouette, [cv2.IMWRITE_PNG_BILEVEL, 1])
    np.testing.assert_array_equal(read_png(path), silhouette)


def test_every_truncation_is_noticed(tmp_path: Path, png: Encode) -> None:
    path = tmp_path / "frame.png"
    whole = png(IMAGE)
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(DataError, match=r"frame\.png: found"):
            read_png(path)


def test_every_changed_byte_is_noticed(tmp_path: Path, png: Encode) -> None:
    path = tmp_path / "frame.png"
    whole = png(IMAGE)
    for position in range(len(whole)):
        changed = bytearray(whole)
        changed[position] ^= 0x10
        path.write_bytes(changed)
        with pytest.raises(DataError, match=r"frame\.png: found"):
            read_png(path)


def test_a_header_that_asks_for_a_huge_image_is_refused(tmp_path: Path, png: Encode) -> None:
    header = b"IHDR" + struct.pack(">IIBBBBB", 30_000, 30_000, 8, 0, 0, 0, 0)
    whole = bytearray(png(IMAGE))
    whole[12:33] = header + struct.pack(">I", zlib.crc32(header))
    path = tmp_path / "frame.png"
    path.write_bytes(whole)
    with pytest.raises(DataError, match="an image of 30000x30000; expected at most 4096x4096"):
        read_png(path)


@given(st.binary(max_size=100), st.booleans())
def test_no_bytes_make_it_fail_in_another_way(noise: bytes, signed: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "frame.png"
        path.write_bytes(b"\x89PNG\r\n\x1a\n" * signed + noise)
        with pytest.raises(DataError):
            read_png(path)


def test_sound_chunks_around_damaged_pixels(tmp_path: Path) -> None:
    """Checksums that are right do not make the compressed pixels whole."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", 18, 24, 8, 0, 0, 0, 0)
    path = tmp_path / "frame.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"no zlib") + chunk(b"IEND", b""))
    with pytest.raises(DataError, match=r"frame\.png: found"):
        read_png(path)
