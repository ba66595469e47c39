from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from stumble.metrics.distances import Distance, Expanded, pairwise_distances


@pytest.mark.parametrize(("distance", "expected"), [("flattened", 13.0), ("per-part", (5 + 12) / 2)])
def test_two_parts_by_hand(distance: Distance, expected: float) -> None:
    probe = torch.tensor([[[3.0, 4.0], [0.0, 12.0]]])
    assert pairwise_distances(probe, torch.zeros(1, 2, 2), distance).tolist() == [[expected]]


def loop(probes: Tensor, gallery: Tensor, distance: Distance) -> Tensor:
    """One number after the other, in Python's float64."""
    table = torch.zeros(len(probes), len(gallery), dtype=torch.float64)
    for row, probe in enumerate(probes.double().tolist()):
        for column, other in enumerate(gallery.double().tolist()):
            squares = [sum((a - b) ** 2 for a, b in zip(p, q, strict=True)) for p, q in zip(probe, other, strict=True)]
            if distance == "flattened":
                table[row, column] = math.sqrt(sum(squares))
            else:
                table[row, column] = sum(math.sqrt(square) for square in squares) / len(squares)
    return table


@pytest.mark.parametrize("distance", ["flattened", "per-part"])
@pytest.mark.parametrize("count", [3, 50], ids=["few", "many"])
@pytest.mark.parametrize("far", [0.0, 300.0], ids=["centred", "far from the origin"])
def test_agrees_with_a_loop_even_where_a_square_would_cancel(distance: Distance, count: int, far: float) -> None:
    generator = torch.Generator().manual_seed(0)
    probes = far + torch.randn(count, 4, 8, generator=generator)
    gallery = far + torch.randn(9, 4, 8, generator=generator)
    gallery[0] = probes[0] + 1e-3 * torch.randn(4, 8, generator=generator)
    expected = loop(probes, gallery, distance)
    for found in (pairwise_distances(probes, gallery, distance), Expanded.of(gallery, distance).distances(probes)):
        torch.testing.assert_close(found.double(), expected, rtol=1e-4, atol=0)


@pytest.mark.parametrize("distance", ["flattened", "per-part"])
def test_gradients_are_those_of_finite_differences(distance: Distance) -> None:
    generator = torch.Generator().manual_seed(1)
    probes = torch.randn(40, 2, 3, generator=generator, dtype=torch.float64, requires_grad=True)
    gallery = torch.randn(4, 2, 3, generator=generator, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda p: pairwise_distances(p, gallery, distance), (probes,))


def test_an_embedding_at_no_distance_has_no_gradient_rather_than_nan() -> None:
    probe = torch.ones(1, 2, 3, requires_grad=True)
    pairwise_distances(probe, torch.ones(1, 2, 3), "per-part").sum().backward()
    assert probe.grad is not None
    assert probe.grad.abs().max() == 0
