"""The attack on a target and a generator whose optimum is known."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import cast

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from stumble.attacks import TemporalSparse
from stumble.attacks.temporal_sparse import within_reach
from stumble.constraints import Coherence, Even, Given, Kept, RandomPositions, Sparsity
from stumble.errors import SpecError
from stumble.interfaces import Goal, SetPooled, SilhouettePrior, Weights
from stumble.metrics.retrieval import EmbeddedSequences
from stumble.seeds import normal
from stumble.sequences import Silhouettes
from stumble.targets import Gallery, identifier

Leaving = Callable[[Silhouettes], Goal]
Similarity = Callable[[Silhouettes, Goal], Tensor]


def test_one_frame_leaves_the_clean_embedding(
    target: SetPooled, prior: Weights, walks: Silhouettes, untargeted: Leaving, similarity: Similarity
) -> None:
    goal = untargeted(walks)
    result = TemporalSparse(prior, plausibility=0.0)(target, walks, goal, seed=0)
    assert result.edited.sum(1).tolist() == [1, 1, 1]
    assert bool((similarity(result.adversarial, goal) < 0.4).all())


def test_it_reaches_the_known_optimum(
    target: SetPooled, prior: Weights, walks: Silhouettes, untargeted: Leaving, similarity: Similarity
) -> None:
    """The similarity is least where every pixel but the first is white; the latent sphere bounds how white.

    The clean frames keep the first pixel bright, so its latent is best at 0 and the other eleven share the sphere of
    radius sqrt(12).
    """
    batch = walks.select([0])
    goal = untargeted(batch)
    best = torch.full((1, 12), float(torch.sigmoid(torch.tensor((12 / 11) ** 0.5))))
    best[0, 0] = 250 / 255
    assert goal.reference is not None
    optimum = nn.functional.cosine_similarity(best, goal.reference.flatten(1))
    result = TemporalSparse(prior, plausibility=0.0, step=0.02)(target, batch, goal, seed=0)
    assert 0 <= float(similarity(result.adversarial, goal) - optimum) < 0.02


def test_targeted_approaches_the_wanted_embedding(
    target: SetPooled, prior: Weights, walks: Silhouettes, similarity: Similarity
) -> None:
    wanted = torch.zeros(3, 1, 12)
    wanted[:, :, 5] = 1
    goal = Goal("targeted", torch.arange(3), torch.tensor([1, 2, 0]), wanted)
    result = TemporalSparse(prior, plausibility=0.0)(target, walks, goal, seed=0)
    assert bool((similarity(result.adversarial, goal) > similarity(walks, goal) + 0.3).all())


def test_the_plausibility_term_makes_frames_that_the_critic_likes(
    target: SetPooled, prior: Weights, walks: Silhouettes, untargeted: Leaving
) -> None:
    def brightness(weight: float) -> float:
        attack = TemporalSparse(prior, plausibility=weight)
        result = attack(target, walks, untargeted(walks), seed=0)
        return float(result.adversarial.frames[result.edited].mean())

    darkest = float(torch.sigmoid(torch.tensor(-1.0)))  # all latents equal and negative, on the sphere
    assert brightness(0.0) > brightness(0.3) + 0.05
    assert brightness(0.3) == pytest.approx(darkest, abs=1e-3)


@pytest.mark.parametrize("goal_kind", ["untargeted", "targeted"])
def test_every_step_is_the_published_one(
    goal_kind: str, target: SetPooled, prior: Weights, walks: Silhouettes, untargeted: Leaving
) -> None:
    """Eq. 3 to 7 for one sequence at a time, with the whole sequence in every forward pass."""
    goal = untargeted(walks)
    if goal_kind == "targeted":
        reference = torch.rand(3, 1, 12, generator=torch.Generator().manual_seed(0))
        goal = Goal("targeted", torch.arange(3), torch.tensor([1, 2, 0]), reference)
    network = cast(SilhouettePrior, prior.load())
    attack = TemporalSparse(prior, budget=Sparsity(frames=2), iterations=12, step=0.4, momentum=0.7, clip=1.1)
    attack = replace(attack, plausibility=0.05)
    result = attack(target, walks, goal, seed=3)
    for row, name in enumerate(walks.ids):
        sequence = walks.floating().unpadded()[row]
        latents = normal(3, (name,), "latents 0", (2, 12))[0]
        latents = latents * 12**0.5 / latents.norm(dim=1, keepdim=True)
        accumulated, clipped = torch.zeros(2, 12), False
        for step in range(12):
            latents = latents.detach().requires_grad_()
            frames = network.generate(latents)
            output = target(Silhouettes(torch.cat([frames, sequence[2:]])[None], walks.lengths[[row]], (name,)))
            assert output.embedding is not None and goal.reference is not None
            similarity = nn.functional.cosine_similarity(output.embedding.flatten(), goal.reference[row].flatten(), 0)
            loss = similarity if goal_kind == "untargeted" else -similarity
            torch.testing.assert_close(result.trace["objective"][step, row], loss.detach())
            implausibility = -torch.sigmoid(network.plausibility_logit(frames)).log().mean()
            torch.testing.assert_close(result.trace["implausibility"][step, row], implausibility.detach())
            (gradient,) = torch.autograd.grad(loss + 0.05 * implausibility, latents)
            accumulated = 0.7 * accumulated + gradient / gradient.abs().sum()
            moved = latents.detach() - 0.4 * accumulated.sign()
            clipped |= bool((moved.abs() > 1.1).any())
            latents = moved.clamp(-1.1, 1.1)
            latents = latents * 12**0.5 / latents.norm(dim=1, keepdim=True)
        assert clipped
        torch.testing.assert_close(result.adversarial.frames[row, :2], network.generate(latents), atol=1e-5, rtol=0)


def test_without_steps_it_is_a_random_generated_frame(
    target: SetPooled, prior: Weights, walks: Silhouettes, untargeted: Leaving
) -> None:
    result = TemporalSparse(prior, iterations=0)(target, walks, untargeted(walks), seed=0)
    assert result.trace == {} and result.steps.tolist() == result.queries.tolist() == [0, 0, 0]
    other = TemporalSparse(prior, iterations=0)(target, walks, untargeted(walks), seed=1)
    assert not torch.equal(result.adversarial.frames, other.adversarial.frames)


@pytest.mark.parametrize("edit", ["alter", "insert"])
@pytest.mark.parametrize("positions", [Even(), Given((1, 4)), RandomPositions()])
def test_nothing_but_the_chosen_frames_changes(
    edit: str, positions: object, target: SetPooled, prior: Weights, walks: Silhouettes, untargeted: Leaving
) -> None:
    attack = TemporalSparse(prior, edit, Sparsity(frames=2), positions, iterations=3)  # type: ignore[arg-type]
    result = attack(target, walks, untargeted(walks), seed=0)
    stored = result.adversarial.quantised()
    assert Kept(edit).violation(stored, walks, result.edited).tolist() == [0, 0, 0]  # type: ignore[arg-type]
    assert stored.lengths.tolist() == [n + (2 if edit == "insert" else 0) for n in (10, 7, 10)]


@pytest.mark.parametrize("edit", ["alter", "insert"])
def test_incremental_evaluation_is_exact(
    edit: str, target: SetPooled, prior: Weights, walks: Silhouettes, untargeted: Leaving
) -> None:
    attack = TemporalSparse(prior, edit, Sparsity(0.2), Even(), iterations=20)  # type: ignore[arg-type]
    fast = attack(target, walks, untargeted(walks), seed=0)
    slow = replace(attack, incremental=False)(target, walks, untargeted(walks), seed=0)
    torch.testing.assert_close(fast.adversarial.frames, slow.adversarial.frames, atol=1e-6, rtol=0)
    torch.testing.assert_close(fast.trace["objective"], slow.trace["objective"], atol=1e-6, rtol=0)


def test_a_sample_does_not_depend_on_its_batch(
    target: SetPooled, prior: Weights, walks: Silhouettes, untargeted: Leaving
) -> None:
    attack = TemporalSparse(prior, iterations=20)
    together = attack(target, walks, untargeted(walks), seed=5).adversarial.unpadded()
    order = [2, 0, 1]
    shuffled = walks.select(order)
    apart = attack(target, shuffled, untargeted(shuffled), seed=5).adversarial.unpadded()
    for place, row in enumerate(order):
        torch.testing.assert_close(apart[place], together[row], atol=1e-6, rtol=0)


def test_black_and_white_frames_are_rounded_and_still_optimised(
    target: SetPooled, prior: Weights, walks: Silhouettes, untargeted: Leaving, similarity: Similarity
) -> None:
    """On grey frames a white pixel exceeds the clean maximum and passes its gradient; on black ones black would tie."""
    grey = replace(walks, frames=torch.where(walks.mask[:, :, None, None], 60 + walks.frames // 2, walks.frames))
    goal = untargeted(grey)
    attack = TemporalSparse(prior, plausibility=0.0, black_and_white=True)
    result, start = (a(target, grey, goal, seed=0) for a in (attack, replace(attack, iterations=0)))
    frames = result.adversarial.frames[result.edited]
    assert set(frames.unique().tolist()) == {0.0, 1.0}
    assert bool((similarity(result.adversarial, goal) <= similarity(start.adversarial, goal)).all())
    assert bool((similarity(result.adversarial, goal) < similarity(start.adversarial, goal)).any())


def test_more_steps_and_more_frames_do_not_do_worse(
    target: SetPooled, prior: Weights, walks: Silhouettes, untargeted: Leaving, similarity: Similarity
) -> None:
    goal = untargeted(walks)

    def reached(frames: int, iterations: int) -> Tensor:
        budget = Sparsity(frames=frames)
        attack = TemporalSparse(prior, "alter", budget, plausibility=0.0, step=0.02, iterations=iterations)
        return similarity(attack(target, walks, goal, seed=0).adversarial, goal)

    assert bool((reached(1, 100) <= reached(1, 10) + 1e-3).all())
    assert bool((reached(3, 100) <= reached(1, 100) + 1e-3).all())


def test_weights_that_are_no_generator_are_refused(
    target: SetPooled, held: Callable[[nn.Module], Weights], walks: Silhouettes, untargeted: Leaving
) -> None:
    with pytest.raises(SpecError, match="Linear; the attack needs a generator"):
        TemporalSparse(held(nn.Linear(2, 2)))(target, walks, untargeted(walks), seed=0)


def test_of_several_starts_the_best_is_taken(
    target: SetPooled, prior: Weights, walks: Silhouettes, untargeted: Leaving, similarity: Similarity
) -> None:
    goal = untargeted(walks)

    def reached(starts: int) -> Tensor:
        attack = TemporalSparse(prior, iterations=0, plausibility=0.0, starts=starts)
        return similarity(attack(target, walks, goal, seed=0).adversarial, goal)

    assert bool((reached(1) >= reached(4)).all() and (reached(4) >= reached(16)).all())
    assert bool((reached(16) < reached(1)).any())


@given(st.integers(0, 10**6), st.floats(1, 170))
def test_nothing_leaves_its_reach(seed: int, degrees: float) -> None:
    generator = torch.Generator().manual_seed(seed)
    latents, origin = torch.randn(2, 5, 12, generator=generator, dtype=torch.float64)
    held = within_reach(latents, origin, degrees)
    angle = torch.rad2deg(torch.nn.functional.cosine_similarity(held, origin).clamp(-1, 1).acos())
    assert float(angle.max()) <= degrees + 1e-6
    torch.testing.assert_close(held.norm(dim=1), latents.norm(dim=1))
    near = torch.nn.functional.cosine_similarity(latents, origin) >= math.cos(math.radians(degrees))
    torch.testing.assert_close(held[near], latents[near])


def test_a_longer_reach_hurts_more(
    target: SetPooled, prior: Weights, walks: Silhouettes, untargeted: Leaving, similarity: Similarity
) -> None:
    goal = untargeted(walks)

    def reached(degrees: float | None) -> float:
        attack = TemporalSparse(prior, plausibility=0.0, step=0.02, reach=degrees)
        return float(similarity(attack(target, walks, goal, seed=0).adversarial, goal).mean())

    assert reached(None) < reached(40.0) < reached(10.0)


@pytest.fixture
def bright() -> Silhouettes:
    """Three sequences whose upper half is white."""
    frames = torch.zeros(3, 7, 4, 3, dtype=torch.uint8)
    frames[:, :, :2] = 255
    return Silhouettes(frames, torch.tensor([7, 5, 7]), ("a", "b", "c"))


@pytest.mark.parametrize("edit", ["alter", "insert"])
def test_coherent_frames_keep_to_their_neighbours_and_hurt_less(
    edit: str, target: SetPooled, prior: Weights, bright: Silhouettes, untargeted: Leaving, similarity: Similarity
) -> None:
    bright = replace(bright, frames=bright.frames * bright.mask[:, :, None, None])
    goal = untargeted(bright)
    attack = TemporalSparse(prior, edit, Sparsity(frames=2), Even(), plausibility=0.0, step=0.02)  # type: ignore[arg-type]
    free, held = (a(target, bright, goal, seed=1) for a in (attack, replace(attack, coherence=0.7)))
    least = Coherence(0.7)
    assert float(least.violation(free.adversarial.quantised(), bright, free.edited).min()) > 0.1
    assert least.violation(held.adversarial.quantised(), bright, held.edited).tolist() == [0, 0, 0]
    assert bool((similarity(held.adversarial, goal) >= similarity(free.adversarial, goal)).all())
    assert bool((similarity(held.adversarial, goal) < 0.999).all())
    lacking = held.trace["incoherence"]
    assert bool((lacking[-10:].mean(0) < 0.5 * lacking[0]).all()), "the descent goes there by itself"


def test_what_is_finished_is_so_with_the_frames_that_are_allowed(
    target: SetPooled, prior: Weights, bright: Silhouettes, untargeted: Leaving
) -> None:
    bright = replace(bright, frames=bright.frames * bright.mask[:, :, None, None])
    embedding = target(bright).embedding
    assert embedding is not None
    darker = embedding + 0.5 * (embedding < 0.5)
    gallery = Gallery(EmbeddedSequences(torch.cat([embedding[:1], darker[:1]]), ["own", "other"], ["090"] * 2))
    known = identifier(target, gallery)
    goal = replace(untargeted(bright), label=torch.tensor([1, 1, 1]))
    assert gallery.identities == ("other", "own")
    attack = TemporalSparse(prior, budget=Sparsity(frames=1), plausibility=0.0, stop=0.0, coherence=0.6)
    result = attack(known, bright, goal, seed=0)
    logits = known(result.adversarial.quantised()).logits
    assert logits is not None
    finished = [why == "reached" for why in result.stopped]
    assert (goal.margin(logits) > 0).tolist() == finished and True in finished
    assert Coherence(0.6).violation(result.adversarial.quantised(), bright, result.edited).tolist() == [0, 0, 0]


def test_an_impossible_coherence_is_refused(prior: Weights) -> None:
    with pytest.raises(SpecError, match="least is 2"):
        TemporalSparse(prior, coherence=2.0)
