from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from stumble.data import SequenceKey, open_casia_b, pretreat_stack
from stumble.errors import DataError

Walk = Callable[..., np.ndarray]
WriteImages = Callable[[Path, str, np.ndarray], None]


def test_the_tree_of_casia_b(tmp_path: Path, walk: Walk, write_images: WriteImages) -> None:
    write_images(tmp_path / "001" / "bg-01" / "018", "001-bg-01-018", walk(6))
    data = open_casia_b(tmp_path)
    assert data.keys == (SequenceKey("001", "bg-01", "018"),)
    assert (data.synthetic, data.protocol) == (False, "casia-b")
    np.testing.assert_array_equal(data.load(data.keys[0]), pretreat_stack(walk(6))[0][:, :, 10:54])


def test_frames_come_in_the_order_of_their_numbers(tmp_path: Path, walk: Walk, write_images: WriteImages) -> None:
    write_images(tmp_path / "001" / "nm-01" / "090", "001-nm-01-090", walk(12, seed=5))
    data = open_casia_b(tmp_path)
    np.testing.assert_array_equal(data.read(data.keys[0]), pretreat_stack(walk(12, seed=5))[0])


def test_a_truncated_image_is_an_error_that_names_it(tmp_path: Path, walk: Walk, write_images: WriteImages) -> None:
    folder = tmp_path / "001" / "nm-01" / "000"
    write_images(folder, "001-nm-01-000", walk(3))
    image = folder / "001-nm-01-000-002.png"
    image.write_bytes(image.read_bytes()[:-30])
    data = open_casia_b(tmp_path)
    with pytest.raises(DataError, match=r"001-nm-01-000-002\.png: found .*; expected a whole PNG file"):
        data.load(data.keys[0])


def test_a_sequence_without_a_person_is_an_error(tmp_path: Path, write_images: WriteImages) -> None:
    write_images(tmp_path / "001" / "nm-01" / "000", "001-nm-01-000", np.zeros((3, 40, 40), np.uint8))
    data = open_casia_b(tmp_path)
    with pytest.raises(DataError, match="found 3 images without a person"):
        data.load(data.keys[0])


def test_empty_folders_are_no_sequences(tmp_path: Path, walk: Walk, write_images: WriteImages) -> None:
    write_images(tmp_path / "001" / "nm-01" / "000", "001-nm-01-000", walk(1))
    (tmp_path / "001" / "nm-01" / "018").mkdir()
    assert len(open_casia_b(tmp_path)) == 1


def test_a_folder_without_images(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"found no \.png file"):
        open_casia_b(tmp_path)
    with pytest.raises(DataError, match="FileNotFoundError"):
        open_casia_b(tmp_path / "nowhere")
