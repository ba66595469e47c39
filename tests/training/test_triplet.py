from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from stumble.training.triplet import batch_all_triplet


def test_one_triplet_by_hand() -> None:
    embedding = torch.tensor([[[0.0]], [[1.0]], [[1.1]]])
    loss, share = batch_all_triplet(embedding, torch.tensor([0, 0, 1]), margin=0.2)
    # anchor 0: 0.2 + 1.0 - 1.1 = 0.1; anchor 1: 0.2 + 1.0 - 0.1 = 1.1
    torch.testing.assert_close(loss, torch.tensor(0.6))
    assert share == 1


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 2), min_size=2, max_size=7), st.integers(0, 1000))
def test_equals_a_slow_loop(labels: list[int], seed: int) -> None:
    torch.manual_seed(seed)
    embedding = torch.randn(len(labels), 3, 2)
    per_part, nonzero, triplets = [], 0, 0
    for part in range(3):
        terms = []
        for a, first in enumerate(labels):
            for p, second in enumerate(labels):
                for n, third in enumerate(labels):
                    if a != p and first == second and first != third:
                        x = embedding[:, part]
                        terms.append(max(0.0, 0.2 + float((x[a] - x[p]).norm()) - float((x[a] - x[n]).norm())))
        positive = [t for t in terms if t > 0]
        per_part.append(sum(positive) / len(positive) if positive else 0.0)
        nonzero, triplets = nonzero + len(positive), triplets + len(terms)
    loss, share = batch_all_triplet(embedding, torch.tensor(labels), margin=0.2)
    torch.testing.assert_close(loss, torch.tensor(sum(per_part) / 3), rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(share, torch.tensor(nonzero / max(triplets, 1)), rtol=1e-3, atol=1e-3)


def test_equal_sequences_have_a_finite_gradient() -> None:
    embedding = torch.ones(4, 1, 8, requires_grad=True)
    loss, _ = batch_all_triplet(embedding, torch.tensor([0, 0, 1, 1]), margin=0.2)
    loss.backward()
    torch.testing.assert_close(loss, torch.tensor(0.2))
    assert embedding.grad.isfinite().all()
