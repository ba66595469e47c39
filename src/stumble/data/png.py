"""Reading one silhouette image, with damage told apart from content."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import UInt8

from stumble.data.damage import reading
from stumble.errors import DataError

__all__ = ["read_png"]

SIGNATURE = b"\x89PNG\r\n\x1a\n"
LARGEST = 4096


def read_png(path: Path) -> UInt8[np.ndarray, "h w"]:
    """The grey levels of a PNG file.

    Decoders hand out the upper half of a truncated image without a word, so the file's chunks are followed
    to the last one, and their checksums verified, before it is decoded.

    Raises:
        DataError: the file is truncated, corrupt, no PNG, or wider or higher than 4096 pixels.
    """
    with reading(path, "a PNG file"):
        content = path.read_bytes()
        _verify(path, content)
        image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_GRAYSCALE)
    if image is None:
        raise DataError(path, "image data that does not decode", "a PNG file")
    return np.asarray(image, np.uint8)


def _verify(path: Path, content: bytes) -> None:
    if not content.startswith(SIGNATURE):
        raise DataError(path, "no PNG signature" if content else "an empty file", "a PNG file")
    position, kind = len(SIGNATURE), b""
    while kind != b"IEND":
        if position + 12 > len(content):
            raise DataError(path, f"{len(content)} bytes that end before the image does", "a whole PNG file")
        length, kind = struct.unpack_from(">I4s", content, position)
        end = position + 8 + length
        if end + 4 > len(content):
            raise DataError(path, f"{len(content)} bytes that end before the image does", "a whole PNG file")
        if zlib.crc32(content[position + 4 : end]) != struct.unpack_from(">I", content, end)[0]:
            raise DataError(path, f"a wrong checksum in chunk {kind.decode('latin1')}", "an intact PNG file")
        if kind == b"IHDR":
            width, height = struct.unpack_from(">II", content, position + 8)
            if max(width, height) > LARGEST:
                raise DataError(path, f"an image of {height}x{width}", f"at most {LARGEST}x{LARGEST}")
        position = end + 4
