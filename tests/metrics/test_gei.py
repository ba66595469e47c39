from __future__ import annotations

import numpy as np
import pytest
import torch

from stumble.metrics.gei import gait_energy_images
from stumble.metrics.retrieval import EmbeddedSequences, nearest
from stumble.sequences import Silhouettes


def test_the_energy_of_a_pixel_is_how_often_it_is_white() -> None:
    frames = np.zeros((4, 2, 3), np.uint8)
    frames[:3, 0, 0] = 255
    batch = Silhouettes.pad([frames, frames[:1]], ["long", "short"])  # padding is no frame
    energy = gait_energy_images(batch)
    assert energy[:, 0, 0].tolist() == [0.75, 1]
    assert energy.sum().item() == pytest.approx(1.75)


def test_padding_that_is_not_black_does_not_count() -> None:
    batch = Silhouettes(torch.ones(1, 5, 2, 2), torch.tensor([2]), ("a",))
    assert gait_energy_images(batch).tolist() == [[[1, 1], [1, 1]]]


def test_nearest_neighbours_on_pixels() -> None:
    generator = np.random.default_rng(0)
    people = generator.random((3, 1, 8, 6)) < 0.5
    walks = [
        255 * (person ^ (generator.random((6, 8, 6)) < 0.1)).astype(np.uint8) for person in people for _ in range(2)
    ]
    energy = gait_energy_images(Silhouettes.pad(walks, [str(i) for i in range(6)]))
    gallery = EmbeddedSequences(energy[::2], ("a", "b", "c"), ("000",) * 3)
    probes = EmbeddedSequences(energy[1::2], ("a", "b", "c"), ("090",) * 3)
    decisions = nearest(probes, gallery, "flattened")
    assert decisions.correct.all()
    expected = np.linalg.norm((energy[1] - energy[0]).numpy())
    assert decisions.own[0, 0].item() == pytest.approx(expected, rel=1e-5)
