from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from stumble.data import layout_of, open_gait, write_frames
from stumble.errors import DataError

Walk = Callable[..., np.ndarray]
WriteImages = Callable[[Path, str, np.ndarray], None]
FRAMES = np.full((3, 64, 64), 255, np.uint8)


def test_every_layout_is_recognised(tmp_path: Path, walk: Walk, write_images: WriteImages) -> None:
    write_frames(tmp_path / "arrays" / "001" / "nm-01" / "000" / "000.npz", FRAMES)
    pickled = tmp_path / "opengait" / "001" / "nm-01" / "000" / "000.pkl"
    pickled.parent.mkdir(parents=True)
    pickled.write_bytes(pickle.dumps(FRAMES))
    write_images(tmp_path / "casia-b" / "001" / "nm-01" / "000", "001-nm-01-000", walk(3))
    write_images(tmp_path / "casia-a" / "silhouettes" / "fyc" / "00_1", "fyc-00_1", walk(3))

    for layout in ("arrays", "opengait", "casia-b", "casia-a"):
        assert layout_of(tmp_path / layout) == layout
        data = open_gait(tmp_path / layout)
        assert [len(data.load(key)) for key in data.keys] == [3]


def test_what_does_not_fit_is_described(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="found an empty folder; expected SUBJECT/CONDITION/VIEW"):
        open_gait(tmp_path)
    for name in ("001", "002", "003", "004"):
        (tmp_path / name).mkdir()
        (tmp_path / f"{name}.tar.gz").touch()
    with pytest.raises(DataError, match=r"found 4 folders \(001, 002, 003, \.\.\.\) and 4 \.gz files; expected"):
        open_gait(tmp_path)
    with pytest.raises(DataError, match="found nothing; expected a folder"):
        open_gait(tmp_path / "nowhere")
    with pytest.raises(DataError, match="found a file; expected a folder"):
        open_gait(tmp_path / "001.tar.gz")
