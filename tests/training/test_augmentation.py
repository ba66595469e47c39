from __future__ import annotations

import numpy as np
import pytest
import torch

from stumble.seeds import stream
from stumble.training.augmentation import Augmentation, rotated


@pytest.fixture
def clips() -> torch.Tensor:
    return torch.rand(6, 3, 64, 44, generator=torch.Generator().manual_seed(0)) + 0.1


def test_flipped_clips_are_mirror_images(clips: torch.Tensor) -> None:
    assert torch.equal(Augmentation(flip=1.0)(clips, stream(0, "", "test")), clips.flip(3))


def test_without_augmentation_nothing_changes(clips: torch.Tensor) -> None:
    assert torch.equal(Augmentation()(clips, stream(0, "", "test")), clips)


def test_the_same_chance_gives_the_same_clips_and_about_so_many_change(clips: torch.Tensor) -> None:
    many, half = clips[:1].expand(400, -1, -1, -1), Augmentation(erase=0.5)
    once = half(many, stream(0, "", "test"))
    assert torch.equal(once, half(many, stream(0, "", "test")))
    assert not torch.equal(once, half(many, stream(1, "", "test")))
    changed = (once != many).flatten(1).any(1).float().mean()
    assert abs(float(changed) - 0.5) < 4 * (0.25 / 400) ** 0.5


def test_one_rectangle_of_5_to_20_percent_is_erased_from_all_frames_of_a_clip(clips: torch.Tensor) -> None:
    many = clips[:1].expand(100, -1, -1, -1)
    empty = Augmentation(erase=1.0)(many, stream(0, "", "test")) == 0
    assert torch.equal(empty[:, 0], empty[:, 1]) and torch.equal(empty[:, 0], empty[:, 2])
    for mask in empty[:, 0]:
        rows, columns = mask.any(1).nonzero(), mask.any(0).nonzero()
        top, bottom, left, right = rows.min(), rows.max() + 1, columns.min(), columns.max() + 1
        assert bool(mask[top:bottom, left:right].all()) and int(mask.sum()) == int((bottom - top) * (right - left))
        assert 0.04 < float(mask.float().mean()) < 0.21


def test_a_quarter_turn_of_a_square_is_exact() -> None:
    square = torch.rand(1, 2, 20, 20, generator=torch.Generator().manual_seed(0))
    turned = rotated(square, torch.tensor([np.pi / 2], dtype=torch.float32))
    torch.testing.assert_close(turned, square.rot90(-1, (2, 3)), rtol=0, atol=1e-4)


def test_a_turned_bar_stands_at_the_angle() -> None:
    """In pixels, though the image is not square."""
    bar = torch.zeros(1, 1, 64, 44)
    bar[..., 20:24] = 1
    angle = np.deg2rad(10)
    turned = rotated(bar, torch.tensor([angle], dtype=torch.float32))[0, 0]
    columns = torch.arange(44, dtype=torch.float32)
    middles = (turned * columns).sum(1) / turned.sum(1)
    slope = float((middles[52] - middles[12]) / 40)
    assert slope == pytest.approx(-np.tan(angle), rel=0.02)  # clockwise: the feet go left
