"""Writers that are independent of the package's own readers."""

from __future__ import annotations

import pickle
import struct
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

Encode = Callable[[np.ndarray], bytes]
Walk = Callable[..., np.ndarray]
WriteImages = Callable[[Path, str, np.ndarray], None]
SkeletonText = Callable[..., str]
WritePair = Callable[..., None]


@pytest.fixture(scope="session")
def png() -> Encode:
    """An 8-bit grey PNG file, by the letter of the specification."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    def encode(image: np.ndarray) -> bytes:
        height, width = image.shape
        header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
        rows = b"".join(b"\0" + row.tobytes() for row in image)
        return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")

    return encode


@pytest.fixture(scope="session")
def walk() -> Walk:
    """Raw silhouettes (n, 120, 160): an upright ellipse with two legs that open and close."""

    def render(frames: int = 6, seed: int = 0) -> np.ndarray:
        random = np.random.default_rng(seed)
        rows, columns = np.mgrid[:120, :160]
        stack = np.zeros((frames, 120, 160), np.uint8)
        for frame in range(frames):
            middle, stride = random.integers(50, 110), random.integers(2, 12)
            trunk = ((rows - 45) / 30) ** 2 + ((columns - middle) / 10) ** 2 <= 1
            legs = (rows >= 70) & (rows < 105) & (abs(abs(columns - middle) - stride * (rows - 70) / 35) < 4)
            stack[frame] = 255 * (trunk | legs)
        return stack

    return render


@pytest.fixture(scope="session")
def write_images(png: Encode) -> WriteImages:
    """Writes frames as PREFIX-001.png and so on into a folder."""

    def write(folder: Path, prefix: str, frames: np.ndarray) -> None:
        folder.mkdir(parents=True)
        for number, frame in enumerate(frames, start=1):
            (folder / f"{prefix}-{number:03d}.png").write_bytes(png(frame))

    return write


@pytest.fixture(scope="session")
def skeleton_text() -> SkeletonText:
    """An NTU .skeleton file, by the letter of the format: bodies of each frame as body ID to joints (25, 3)."""

    def text(frames: Sequence[Mapping[int, np.ndarray]], end: str = "\r\n") -> str:
        lines = [str(len(frames))]
        for bodies in frames:
            lines.append(str(len(bodies)))
            for identity, joints in bodies.items():
                lines.append(f"{identity} 0 1 1 1 1 0 -0.1 0.2 2")
                lines.append(str(len(joints)))
                for x, y, z in joints.tolist():
                    lines.append(f"{x!r} {y!r} {z!r} 277.4 191.8 NaN -Infinity 0.2 0 0.9 0 2")
        return end.join([*lines, ""])

    return text


@pytest.fixture(scope="session")
def write_pair() -> WritePair:
    """An array with its pickle of names and labels."""

    def write(folder: Path, part: str, array: np.ndarray, names: list[str], labels: object, ending: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        np.save(folder / f"{part}{ending}", array)
        (folder / f"{part}_label.pkl").write_bytes(pickle.dumps((names, labels), protocol=2))

    return write
