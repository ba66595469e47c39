from __future__ import annotations

import pytest
import torch

from stumble.metrics.classification import Accuracy, top_k
from stumble.metrics.intervals import subject_bootstrap, wilson

LOGITS = torch.tensor([[3.0, 1.0, 2.0], [0.0, 1.0, 2.0], [1.0, 1.0, 0.0]])


def test_top_1_is_the_highest_logit() -> None:
    assert top_k(LOGITS, torch.tensor([0, 1, 2])).tolist() == [True, False, False]


def test_top_2_and_top_all() -> None:
    assert top_k(LOGITS, torch.tensor([1, 1, 2]), 2).tolist() == [False, True, False]
    assert top_k(LOGITS, torch.tensor([1, 0, 2]), 3).all()


def test_a_tie_is_no_recognition() -> None:
    assert not top_k(LOGITS[2:], torch.tensor([0])).any()
    assert not top_k(torch.zeros(4, 3), torch.arange(4) % 3).any()


def test_intervals_are_over_clips_or_over_people() -> None:
    right = torch.tensor([True] * 7 + [False] * 3)
    people = ["a"] * 4 + ["b"] * 6
    for found, interval in (
        (Accuracy.of(right), wilson(7, 10)),
        (Accuracy.of(right, people), subject_bootstrap(right.numpy(), [1] * 10, people)),
    ):
        assert (found.percent, found.clips) == (pytest.approx(70), 10)
        assert (found.low, found.high) == interval
