from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from stumble.data import CASIA_A, SequenceKey, open_casia_a, pretreat_stack
from stumble.errors import DataError

Walk = Callable[..., np.ndarray]
WriteImages = Callable[[Path, str, np.ndarray], None]


def test_the_tree_of_casia_a(tmp_path: Path, walk: Walk, write_images: WriteImages) -> None:
    for view in ("00", "45", "90"):
        for number in range(1, 5):
            name = f"{view}_{number}"
            write_images(tmp_path / "silhouettes" / "fyc" / name, f"fyc-{name}", walk(2, seed=int(view) + number))

    data = open_casia_a(tmp_path)
    assert data.protocol == "casia-a"
    assert data.keys == CASIA_A.expected(["fyc"])
    frames = data.load(SequenceKey("fyc", "nm-03", "45"))
    np.testing.assert_array_equal(frames, pretreat_stack(walk(2, seed=48))[0][:, :, 10:54])

    gallery, probes = CASIA_A.split(data)
    assert {key.condition for key in gallery.keys} == {"nm-04"}
    assert len(probes) == 9


def test_the_inner_folder_will_do_and_other_folders_are_left_out(
    tmp_path: Path, walk: Walk, write_images: WriteImages
) -> None:
    write_images(tmp_path / "hy" / "00_1", "hy-00_1", walk(1))
    write_images(tmp_path / "hy" / "00_5", "hy-00_5", walk(1))
    (tmp_path / "hy" / "90_1").mkdir()
    assert open_casia_a(tmp_path).keys == (SequenceKey("hy", "nm-01", "00"),)


def test_a_folder_without_walks(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"found no \.png file; expected silhouettes/PERSON/DIRECTION_NUMBER"):
        open_casia_a(tmp_path)
