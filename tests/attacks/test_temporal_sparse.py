"""The attack on a target and a generator whose optimum is known."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
import torch
from torch import Tensor, nn

from stumble.attacks import TemporalSparse
from stumble.constraints import Even, Given, Kept, RandomPositions, Sparsity
from stumble.errors import SpecError
from stumble.interfaces import Features, Goal, InputSpec, Output, Weights
from stumble.sequences import Silhouettes


class LinearPrior(nn.Module):
    """A generator that paints latent i as the brightness of pixel i, and a critic that likes dark frames."""

    latent_dim = 12

    def generate(self, latents: Tensor) -> Tensor:
        return torch.sigmoid(latents).reshape(-1, 4, 3)

    def critic(self, frames: Tensor) -> Tensor:
        return -frames.mean((1, 2))

    def plausibility_logit(self, frames: Tensor) -> Tensor:
        return 10 * self.critic(frames)


@dataclass(frozen=True)
class Here(Weights):
    """A network that is already in memory."""

    network: nn.Module

    @property
    def digest(self) -> str:
        return "0" * 64

    def load(self) -> nn.Module:
        return self.network


class MaximumTarget:
    """Embeds a sequence as the maximum of each pixel over its frames."""

    takes = InputSpec(4, 3)

    def __call__(self, batch: Silhouettes) -> Output:
        return self.aggregate(self.encode(batch.floating().packed()), batch.lengths)

    def encode(self, frames: Tensor) -> Features:
        return (frames.flatten(1),)

    def pool(self, features: Features, lengths: Tensor) -> Features:
        return (torch.stack([part.max(0).values for part in features[0].split(lengths.tolist())]),)

    def merge(self, first: Features, second: Features) -> Features:
        return (torch.where(first[0] >= second[0], first[0], second[0]),)

    def head(self, pooled: Features) -> Output:
        return Output(embedding=pooled[0][:, None])

    def aggregate(self, features: Features, lengths: Tensor) -> Output:
        return self.head(self.pool(features, lengths))


TARGET = MaximumTarget()
PRIOR = Here(LinearPrior())


def walks(lengths: tuple[int, ...] = (10, 7, 10)) -> Silhouettes:
    """Black sequences whose first pixel alone is bright, by an amount that varies from frame to frame."""
    frames = [torch.zeros(n, 4, 3, dtype=torch.uint8) for n in lengths]
    for row, sequence in enumerate(frames):
        sequence[:, 0, 0] = 250 - 3 * row - torch.arange(len(sequence))
    return Silhouettes.pad(frames, [f"{i:03d}/nm-01/090" for i in range(len(lengths))])


def untargeted(batch: Silhouettes) -> Goal:
    return Goal("untargeted", torch.arange(len(batch)), None, TARGET(batch).embedding)


def similarity(batch: Silhouettes, goal: Goal) -> Tensor:
    assert goal.reference is not None
    return nn.functional.cosine_similarity(TARGET(batch).embedding.flatten(1), goal.reference.flatten(1))


def test_one_frame_leaves_the_clean_embedding() -> None:
    batch = walks()
    result = TemporalSparse(PRIOR, plausibility=0.0)(TARGET, batch, untargeted(batch), seed=0)
    assert result.edited.sum(1).tolist() == [1, 1, 1]
    assert bool((similarity(result.adversarial, untargeted(batch)) < 0.4).all())


def test_it_reaches_the_known_optimum() -> None:
    """The similarity is least where every pixel but the first is white; the latent sphere bounds how white.

    On the sphere of radius sqrt(12) with the first coordinate at -2 (the clip) the others share what remains.
    """
    batch = walks((10,))
    goal = untargeted(batch)
    others = torch.sigmoid(torch.tensor((12 / 11) ** 0.5))
    best = torch.full((1, 1, 12), float(others))
    best[0, 0, 0] = 250 / 255
    assert goal.reference is not None
    optimum = nn.functional.cosine_similarity(best.flatten(1), goal.reference.flatten(1))
    result = TemporalSparse(PRIOR, plausibility=0.0, step=0.02)(TARGET, batch, goal, seed=0)
    assert float(similarity(result.adversarial, goal) - optimum) < 0.02


def test_targeted_approaches_the_wanted_embedding() -> None:
    batch = walks()
    wanted = torch.zeros(3, 1, 12)
    wanted[:, :, 5] = 1
    goal = Goal("targeted", torch.arange(3), torch.tensor([1, 2, 0]), wanted)
    before = similarity(batch, goal)
    after = similarity(TemporalSparse(PRIOR, plausibility=0.0)(TARGET, batch, goal, seed=0).adversarial, goal)
    assert bool((after > before + 0.3).all())


def test_the_plausibility_term_makes_frames_that_the_critic_likes() -> None:
    batch = walks()

    def realness(weight: float) -> float:
        result = TemporalSparse(PRIOR, plausibility=weight)(TARGET, batch, untargeted(batch), seed=0)
        return float(LinearPrior().critic(result.adversarial.frames[result.edited]).mean())

    darkest = -float(torch.sigmoid(torch.tensor(-1.0)))  # all latents equal and negative, on the sphere
    assert realness(0.0) < realness(0.3) - 0.05
    assert realness(0.3) == pytest.approx(darkest, abs=1e-3)


@pytest.mark.parametrize("edit", ["alter", "insert"])
@pytest.mark.parametrize("positions", [Even(), Given((1, 4)), RandomPositions()])
def test_nothing_but_the_chosen_frames_changes(edit: str, positions: object) -> None:
    batch = walks()
    attack = TemporalSparse(PRIOR, edit, Sparsity(frames=2), positions, iterations=3)  # type: ignore[arg-type]
    result = attack(TARGET, batch, untargeted(batch), seed=0)
    stored = result.adversarial.quantised()
    assert Kept(edit).violation(stored, batch, result.edited).tolist() == [0, 0, 0]  # type: ignore[arg-type]
    assert stored.lengths.tolist() == [n + (2 if edit == "insert" else 0) for n in (10, 7, 10)]


@pytest.mark.parametrize("edit", ["alter", "insert"])
def test_incremental_evaluation_is_exact(edit: str) -> None:
    batch = walks()
    attack = TemporalSparse(PRIOR, edit, Sparsity(0.2), Even(), iterations=20)  # type: ignore[arg-type]
    fast = attack(TARGET, batch, untargeted(batch), seed=0)
    slow = replace(attack, incremental=False)(TARGET, batch, untargeted(batch), seed=0)
    torch.testing.assert_close(fast.adversarial.frames, slow.adversarial.frames, atol=1e-6, rtol=0)
    torch.testing.assert_close(fast.trace["objective"], slow.trace["objective"], atol=1e-6, rtol=0)


def test_a_sample_does_not_depend_on_its_batch() -> None:
    batch = walks()
    attack = TemporalSparse(PRIOR, iterations=20)
    together = attack(TARGET, batch, untargeted(batch), seed=5).adversarial.unpadded()
    order = [2, 0, 1]
    shuffled = batch.select(order)
    apart = attack(TARGET, shuffled, untargeted(shuffled), seed=5).adversarial.unpadded()
    for place, row in enumerate(order):
        torch.testing.assert_close(apart[place], together[row], atol=1e-6, rtol=0)


def test_black_and_white_frames_are_rounded_and_still_optimised() -> None:
    batch = walks()
    goal = untargeted(batch)
    result = TemporalSparse(PRIOR, plausibility=0.0, black_and_white=True)(TARGET, batch, goal, seed=0)
    assert set(result.adversarial.frames[result.edited].unique().tolist()) <= {0.0, 1.0}
    assert bool((result.trace["objective"][-1] < result.trace["objective"][0]).all())


def test_more_steps_and_more_frames_do_not_do_worse() -> None:
    batch = walks()
    goal = untargeted(batch)

    def reached(frames: int, iterations: int) -> Tensor:
        attack = TemporalSparse(PRIOR, "alter", Sparsity(frames=frames), plausibility=0.0, step=0.02, iterations=iterations)
        return similarity(attack(TARGET, batch, goal, seed=0).adversarial, goal)

    assert bool((reached(1, 100) <= reached(1, 10) + 1e-3).all())
    assert bool((reached(3, 100) <= reached(1, 100) + 1e-3).all())


def test_weights_that_are_no_generator_are_refused() -> None:
    batch = walks()
    with pytest.raises(SpecError, match="Linear; the attack needs a generator"):
        TemporalSparse(Here(nn.Linear(2, 2)))(TARGET, batch, untargeted(batch), seed=0)
