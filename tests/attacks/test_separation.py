"""To encode clean frames once is exact for every architecture that says so: small networks in float64."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from stumble.attacks.frame_edit import FrameEdit
from stumble.constraints import RandomPositions, Sparsity
from stumble.constraints.frames import Edit
from stumble.interfaces import FrameSeparable, Target
from stumble.models import GEI, GaitBase, GaitGAN, GEINet, SelfGait
from stumble.seeds import stream, uniform
from stumble.sequences import Silhouettes


def gaitbase() -> nn.Module:
    return GaitBase(3, (3, 4, 5, 6))


def gaitgan() -> nn.Module:
    return GaitGAN(width=2)


def geinet() -> nn.Module:
    return GEINet(3)


def in_double(make: Callable[[], nn.Module]) -> nn.Module:
    """With statistics and scales as after a training."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = make().double().eval().requires_grad_(False)
        for name, value in network.state_dict().items():
            if name.endswith(("running_mean", "running_var", "bias")):
                value.copy_(torch.rand(value.shape) + 0.5)
    return network


def answer(target: Target, batch: Silhouettes, edit: Edit, incremental: bool, frames: Tensor) -> tuple[Tensor, Tensor]:
    """The embeddings with these frames at chosen places, and the gradient of a weighted sum of them."""
    scene = FrameEdit(target, batch, edit, Sparsity(0.4), RandomPositions(), 0, incremental)
    frames = frames[: len(scene.owner)].clone().requires_grad_()
    embedding = scene.output(frames).embedding
    assert embedding is not None
    weights = uniform(1, batch.ids, "weights", tuple(embedding.shape[1:])).double()
    (gradient,) = torch.autograd.grad((weights * embedding).sum(), frames)
    return embedding.detach(), gradient


@pytest.mark.parametrize("make", [gaitbase, GEI, geinet, gaitgan, SelfGait])
@settings(max_examples=3)
@given(
    lengths=st.lists(st.integers(1, 4), min_size=1, max_size=3),
    edit=st.sampled_from(["alter", "insert"]),
    seed=st.integers(0, 99),
)
def test_embeddings_and_gradients_equal_those_of_whole_sequences(
    make: Callable[[], nn.Module], lengths: list[int], edit: Edit, seed: int
) -> None:
    network = in_double(make)
    assert isinstance(network, FrameSeparable)
    drawn = torch.from_numpy(stream(seed, "", "frames").random((2 * sum(lengths), 64, 44)))
    clean, others = drawn.split(sum(lengths))
    batch = Silhouettes.pad(clean.split(lengths), [f"{seed}/{k}" for k in range(len(lengths))])
    separated, whole = (answer(network, batch, edit, incremental, others) for incremental in (True, False))
    for fast, slow in zip(separated, whole, strict=True):
        torch.testing.assert_close(fast, slow, atol=1e-9, rtol=0)
    assert all(part.abs().sum() > 0 for part in whole)
