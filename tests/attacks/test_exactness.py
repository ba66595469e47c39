"""To encode clean frames once changes nothing: GaitSet at full size in float64, random frames, which do not tie.

In float32 both paths round differently, by the last digits of an embedding; sign steps make more of it.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from stumble.attacks import PixelAttack, TemporalSparse
from stumble.attacks.frame_edit import FrameEdit
from stumble.campaign import GaitEvaluation
from stumble.constraints import Even, Sparsity
from stumble.constraints.frames import Edit
from stumble.data import open_gait
from stumble.interfaces import Goal
from stumble.models import GaitSet
from stumble.seeds import uniform
from stumble.sequences import Silhouettes
from stumble.synth import write_walkers
from stumble.zoo import Shipped


@pytest.fixture(scope="module")
def network() -> GaitSet:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return GaitSet().double().requires_grad_(False).eval()


def walkers(count: int, frames: int = 4) -> Silhouettes:
    """Every other one is a frame shorter."""
    names = tuple(f"walker {k}" for k in range(count))
    lengths = torch.tensor([frames - k % 2 for k in range(count)])
    drawn = uniform(0, names, "frames", (frames, 64, 44)).double()
    there = torch.arange(frames) < lengths[:, None]
    return Silhouettes(drawn * there[:, :, None, None], lengths, names)


def answer(
    network: GaitSet, batch: Silhouettes, frames: Tensor, incremental: bool, edit: Edit
) -> tuple[Tensor, Tensor]:
    """The embeddings with these frames in place, and the gradient of a weighted sum of them."""
    frames = frames.clone().requires_grad_()
    embedding = FrameEdit(network, batch, edit, Sparsity(frames=1), Even(), 0, incremental).output(frames).embedding
    assert embedding is not None
    weights = uniform(1, batch.ids, "weights", tuple(embedding.shape[1:])).double()
    (gradient,) = torch.autograd.grad((weights * embedding).sum(), frames)
    return embedding.detach(), gradient


@pytest.mark.parametrize("edit", ["alter", "insert"])
def test_embeddings_and_gradients_are_equal(edit: Edit, network: GaitSet) -> None:
    batch = walkers(3)
    frames = uniform(2, batch.ids, "edited", (64, 44)).double()
    fast, slow = (answer(network, batch, frames, incremental, edit) for incremental in (True, False))
    for a, b in zip(fast, slow, strict=True):
        torch.testing.assert_close(a, b, atol=1e-9, rtol=0)


@pytest.mark.parametrize("size", [1, 7, 64])
def test_they_do_not_depend_on_the_batch_or_its_order(size: int, network: GaitSet) -> None:
    batch = walkers(size)
    order = torch.randperm(size, generator=torch.Generator().manual_seed(0))
    frames = uniform(2, batch.ids, "edited", (64, 44)).double()
    embedding, gradient = answer(network, batch, frames, True, "alter")
    shuffled = answer(network, batch.select(order), frames[order], True, "alter")
    first = answer(network, batch.select([0]), frames[:1], False, "alter")
    for mine, others, plain in zip((embedding, gradient), shuffled, first, strict=True):
        torch.testing.assert_close(mine[order], others, atol=1e-9, rtol=0)
        torch.testing.assert_close(mine[:1], plain, atol=1e-9, rtol=0)


def test_after_twenty_steps_the_frames_are_the_same(network: GaitSet) -> None:
    batch = walkers(2)
    attack = PixelAttack(Sparsity(frames=1), Even(), iterations=20, step=0.02)
    reference = network(batch).embedding
    goal = Goal("untargeted", torch.zeros(2, dtype=torch.int64), None, reference)
    fast, slow = (
        replace(attack, incremental=incremental)(network, batch, goal, seed=0).adversarial.frames
        for incremental in (True, False)
    )
    torch.testing.assert_close(fast, slow, atol=1e-6, rtol=0)
    assert float((fast - batch.frames).abs().max()) > 0.1


def test_in_single_precision_embeddings_differ_by_rounding() -> None:
    network = Shipped("gaitset-synthetic").load()
    assert isinstance(network, GaitSet)
    batch = walkers(3)
    batch = replace(batch, frames=batch.frames.float())
    frames = uniform(2, batch.ids, "edited", (64, 44))
    fast, slow = (
        FrameEdit(network, batch, "alter", Sparsity(frames=1), Even(), 0, incremental).output(frames).embedding
        for incremental in (True, False)
    )
    assert fast is not None and slow is not None
    torch.testing.assert_close(fast, slow, atol=1e-5, rtol=0)


@pytest.mark.slow
def test_in_single_precision_the_same_samples_fall(tmp_path: Path) -> None:
    """On at least 98 % of the decisions; 100 steps in the latent space, of which each takes signs of a gradient."""
    root = tmp_path / "walkers"
    write_walkers(root, range(125, 131), conditions=("nm-01", "nm-05", "nm-06"), views=("000", "054", "090", "126"))
    network = Shipped("gaitset-synthetic").load()
    assert isinstance(network, GaitSet)
    data = open_gait(root)
    evaluation = GaitEvaluation.prepare(network, data, subjects=data.subjects, frames=20)
    attack = TemporalSparse(Shipped("wgan-synthetic"), budget=Sparsity(frames=1))
    fast, slow = (
        evaluation.attack(replace(attack, incremental=incremental), "untargeted", tmp_path / str(incremental))
        for incremental in (True, False)
    )
    pairs = list(zip(fast["correct_after"].to_pylist(), slow["correct_after"].to_pylist(), strict=True))
    assert len(pairs) == 6 * 2 * 4 * 3
    assert sum(a != b for a, b in pairs) <= 0.02 * len(pairs)
