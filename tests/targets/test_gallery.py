from __future__ import annotations

import pytest
import torch

from stumble.errors import TargetError
from stumble.interfaces import Goal
from stumble.metrics.retrieval import EmbeddedSequences
from stumble.targets.gallery import Gallery

ENROLLED = EmbeddedSequences(
    torch.tensor([0.0, 10.0, 1.0, 12.0])[:, None, None], ("ann", "bob", "ann", "bob"), ("000", "000", "090", "090")
)


def test_scores_are_what_a_goal_takes() -> None:
    gallery = Gallery(ENROLLED)
    scores = gallery.scores(torch.tensor([[[4.0]], [[9.0]]]))
    assert scores.tolist() == [[[-4, -6], [-3, -8]], [[-9, -1], [-8, -3]]]

    goal = Goal("untargeted", label=gallery.labels(["ann", "ann"]))
    assert goal.margin(scores[:, gallery.views.index("090")]).tolist() == [-5, 5]


def test_names_of_the_axes() -> None:
    gallery = Gallery(ENROLLED)
    assert gallery.identities == ("ann", "bob")
    assert gallery.views == ("000", "090")
    assert gallery.labels(["bob", "ann"]).tolist() == [1, 0]
    with pytest.raises(TargetError, match="subject eve is not among the 2 people"):
        gallery.labels(["bob", "eve"])


def test_decisions_are_those_of_the_scores() -> None:
    gallery = Gallery(ENROLLED, "flattened")
    probes = EmbeddedSequences(
        torch.randn(50, 1, 1, generator=torch.Generator().manual_seed(0)), ["ann"] * 50, ["000"] * 50
    )
    decisions = gallery.decide(probes)
    torch.testing.assert_close(decisions.scores, gallery.scores(probes.embeddings))
    assert decisions.counted[:, 0].any().item() is False


def test_scores_are_the_same_with_gradients_and_without() -> None:
    generator = torch.Generator().manual_seed(0)
    embeddings = torch.randn(6, 3, 5, generator=generator)
    gallery = Gallery(EmbeddedSequences(embeddings, list("aabbcc"), ["000", "090"] * 3))
    probes = embeddings[:4] + 0.1
    differentiated = gallery.scores(probes.requires_grad_())
    assert differentiated.requires_grad
    torch.testing.assert_close(gallery.scores(probes.detach()), differentiated)


def test_a_margin_can_be_descended() -> None:
    gallery = Gallery(ENROLLED)
    embedding = torch.tensor([[[4.0]]], requires_grad=True)
    goal = Goal("untargeted", label=gallery.labels(["ann"]))
    goal.margin(gallery.scores(embedding)[:, 0]).sum().backward()
    assert embedding.grad is not None
    assert embedding.grad.item() == 2  # a step right: nearer to bob, farther from ann


def test_embeddings_made_in_inference_mode_still_give_gradients() -> None:
    with torch.inference_mode():
        made = EmbeddedSequences(torch.zeros(2, 1, 1), ("ann", "bob"), ("000", "000"))
    embedding = torch.ones(1, 1, 1, requires_grad=True)
    Gallery(made).scores(embedding).sum().backward()
    assert embedding.grad is not None


def test_embeddings_of_another_network_are_refused() -> None:
    with pytest.raises(TargetError, match=r"embeds into \(parts, dimensions\) \(1, 2\); the gallery holds \(1, 1\)"):
        Gallery(ENROLLED).scores(torch.zeros(1, 1, 2))
