from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cosine

from stumble.errors import TargetError
from stumble.interfaces import Goal, Output
from stumble.objectives import Cosine, Margin, Objective
from stumble.spec import from_plain, to_plain

DRAW = torch.Generator().manual_seed(0)
EMBEDDING, REFERENCE = torch.randn(4, 3, 5, generator=DRAW), torch.randn(4, 3, 5, generator=DRAW)
LABEL = torch.arange(4)
LEAVE = Goal("untargeted", LABEL, None, REFERENCE)
APPROACH = Goal("targeted", LABEL, (LABEL + 1) % 4, REFERENCE)


def test_untargeted_is_the_cosine_and_targeted_its_negative() -> None:
    expected = [
        1 - cosine(a.numpy(), b.numpy()) for a, b in zip(EMBEDDING.flatten(1), REFERENCE.flatten(1), strict=True)
    ]
    np.testing.assert_allclose(Cosine()(Output(EMBEDDING), LEAVE), expected, atol=1e-6)
    np.testing.assert_allclose(Cosine()(Output(EMBEDDING), APPROACH), np.negative(expected), atol=1e-6)


def test_parts_are_compared_together_not_one_by_one() -> None:
    """A large part outweighs a small one: f is the flattened embedding."""
    embedding = torch.tensor([[[10.0, 0.0], [0.0, 1.0]]])
    reference = torch.tensor([[[10.0, 0.0], [0.0, -1.0]]])
    value = Cosine()(Output(embedding), Goal("untargeted", LABEL[:1], None, reference))
    assert float(value) == pytest.approx(99 / 101)


def test_only_directions_count() -> None:
    torch.testing.assert_close(Cosine()(Output(7 * EMBEDDING), LEAVE), Cosine()(Output(EMBEDDING), LEAVE))


def test_each_sample_has_a_gradient_of_its_own() -> None:
    embedding = EMBEDDING.clone().requires_grad_()
    Cosine()(Output(embedding), LEAVE)[2].backward()
    assert embedding.grad is not None
    assert [bool(row.any()) for row in embedding.grad] == [False, False, True, False]


@pytest.mark.parametrize(
    ("output", "goal"), [(Output(logits=torch.zeros(4, 2)), LEAVE), (Output(EMBEDDING), Goal("untargeted", LABEL))]
)
def test_without_embedding_or_reference_there_is_no_cosine(output: Output, goal: Goal) -> None:
    with pytest.raises(
        TargetError, match="the cosine needs an embedding from the target and one in the goal's reference"
    ):
        Cosine()(output, goal)


def test_the_margin_is_what_is_missing_of_the_goal_down_to_enough() -> None:
    output = Output(logits=torch.tensor([[5.0, 2.0, 1.0], [0.0, 2.0, 1.0]]))
    goal = Goal("untargeted", torch.tensor([0, 0]))
    assert Margin()(output, goal).tolist() == [3, -2]
    assert Margin(1.5)(output, goal).tolist() == [3, -1.5]


@pytest.mark.parametrize("objective", [Margin(), Margin(1.5)])
def test_a_margin_can_be_written_down(objective: Margin) -> None:
    assert from_plain(to_plain(objective), Objective) == objective
