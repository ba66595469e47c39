from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from stumble.attacks.steps import accumulate, l1_per_sample


def slow(gradient: Tensor, owner: list[int], samples: int) -> Tensor:
    result = torch.zeros_like(gradient)
    for sample in range(samples):
        rows = [row for row, whose in enumerate(owner) if whose == sample]
        norm = sum(float(gradient[row].abs().sum()) for row in rows)
        for row in rows:
            result[row] = gradient[row] / norm if norm > 0 else 0
    return result


@given(
    st.integers(0, 2**32 - 1), st.lists(st.integers(0, 3), min_size=1, max_size=7), st.sampled_from([1e-12, 1.0, 1e9])
)
def test_each_sample_is_divided_by_its_own_l1_norm(seed: int, owner: list[int], scale: float) -> None:
    draw = torch.Generator().manual_seed(seed)
    gradient = scale * torch.randn(len(owner), 3, 2, generator=draw, dtype=torch.float64)
    gradient[torch.tensor(owner) == 2] = 0  # a sample without a gradient stays where it is
    normalised = l1_per_sample(gradient, torch.tensor(owner), 4)
    torch.testing.assert_close(normalised, slow(gradient, owner, 4), rtol=1e-9, atol=0)


def test_a_gradient_too_small_to_divide_by_does_no_harm() -> None:
    gradient = torch.full((1, 4), 1e-42)  # subnormal
    assert bool(l1_per_sample(gradient, torch.tensor([0]), 1).isfinite().all())


def test_momentum_accumulates_directions_not_lengths() -> None:
    """Eq. 6 by hand: g2 = mu (grad1 / |grad1|) + grad2 / |grad2|."""
    owner = torch.tensor([0, 0, 1])
    first, second = torch.tensor([[3.0], [-1.0], [5.0]]), torch.tensor([[100.0], [300.0], [-0.1]])
    momentum = accumulate(torch.zeros(3, 1), first, 0.5, owner, 2)
    torch.testing.assert_close(momentum, torch.tensor([[0.75], [-0.25], [1.0]]))
    momentum = accumulate(momentum, second, 0.5, owner, 2)
    torch.testing.assert_close(momentum, torch.tensor([[0.625], [0.625], [-0.5]]))
