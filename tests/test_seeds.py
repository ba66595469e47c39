from __future__ import annotations

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from stumble import seeds

names = st.text(st.characters(exclude_characters="\x1f", exclude_categories=["Cs"]), max_size=8)


def test_a_sample_draws_the_same_numbers_whatever_else_is_in_the_batch() -> None:
    alone = seeds.normal(7, ("a",), "latent", (3, 2))
    batch = seeds.normal(7, ("b", "a", "c"), "latent", (3, 2))
    assert torch.equal(batch[1], alone[0])
    assert not torch.equal(batch[0], alone[0])


@given(st.tuples(st.integers(), names, names), st.tuples(st.integers(), names, names))
def test_streams_agree_exactly_where_all_three_keys_do(one: tuple[int, str, str], other: tuple[int, str, str]) -> None:
    first, second = (seeds.stream(*key).integers(2**63, size=2) for key in (one, other))
    assert np.array_equal(first, second) == (one == other)
    assert np.array_equal(first, seeds.stream(*one).integers(2**63, size=2))


def test_seeds_that_agree_in_their_low_32_bits_differ() -> None:
    assert not torch.equal(seeds.uniform(1, ("a",), "x", (4,)), seeds.uniform(1 + 2**32, ("a",), "x", (4,)))


def test_numbers_are_those_of_any_machine() -> None:
    assert seeds.stream(0, "001-nm-01-090", "positions").integers(1000, size=4).tolist() == [129, 271, 221, 516]


def test_numbers_have_the_distribution_they_claim() -> None:
    samples = tuple(map(str, range(200)))
    normal, uniform = (draw(0, samples, "x", (50,)) for draw in (seeds.normal, seeds.uniform))
    assert normal.dtype == uniform.dtype == torch.float32
    assert normal.shape == uniform.shape == (200, 50)
    assert 0 <= float(uniform.min()) <= float(uniform.max()) < 1
    # 10,000 numbers; the 1 % point of Kolmogorov and Smirnov's statistic is 1.63 / sqrt(n)
    assert stats.kstest(normal.flatten().numpy(), "norm").statistic < 0.0163
    assert stats.kstest(uniform.flatten().numpy(), "uniform").statistic < 0.0163
    # one number per sample: streams of different samples are independent of each other too
    assert stats.kstest(uniform[:, 0].numpy(), "uniform").statistic < 1.63 / 200**0.5
