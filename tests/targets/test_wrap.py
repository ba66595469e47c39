from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from stumble.errors import TargetError
from stumble.interfaces import SilhouetteInput, Target
from stumble.sequences import Silhouettes
from stumble.targets.wrap import wrap


def test_any_network_in_three_lines() -> None:
    net = nn.Sequential(nn.Flatten(), nn.Linear(64 * 44, 16))
    target = wrap(net, takes=SilhouetteInput(64, 44), embed=lambda net, batch: net(batch.frames.mean(1)))
    assert target(walkers()).embedding.shape == (2, 1, 16)

    assert isinstance(target, Target)


def walkers(height: int = 64, width: int = 44) -> Silhouettes:
    generator = np.random.default_rng(0)
    sequences = [generator.integers(0, 256, (n, height, width), np.uint8) for n in (3, 5)]
    return Silhouettes.pad(sequences, ["a", "b"])


class Moody(nn.Module):
    """A network whose answers in training mode depend on chance and on the batch."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Sequential(nn.BatchNorm1d(4), nn.Dropout(0.5), nn.Linear(4, 3))
        self.inner[0].eval()
        self.inner[2].bias.requires_grad_(False)

    def forward(self, frames: Tensor) -> Tensor:
        return self.inner(frames[:, 0, 0, :4])


def mood(module: nn.Module) -> list[object]:
    state = [part.training for part in module.modules()] + [p.requires_grad for p in module.parameters()]
    return state + [value.tolist() for value in module.state_dict().values()]


def test_batch_norm_and_dropout_are_in_inference_mode_and_everything_is_restored() -> None:
    net = Moody()
    target = wrap(net, SilhouetteInput(64, 44), lambda net, batch: net(batch.frames))
    before = mood(net)
    first, second = target(walkers()).embedding, target(walkers()).embedding
    torch.testing.assert_close(first, second, rtol=0, atol=0)
    assert mood(net) == before
    assert True in before[:6]
    assert False in before[:6]


def test_gradients_reach_the_frames_and_no_parameter() -> None:
    net = Moody()
    target = wrap(net, SilhouetteInput(64, 44), lambda net, batch: net(batch.frames))
    clean = walkers().floating()
    frames = clean.frames.clone().requires_grad_()
    target(Silhouettes(frames, clean.lengths, clean.ids)).embedding.sum().backward()
    assert frames.grad is not None
    assert frames.grad.abs().sum() > 0
    assert all(parameter.grad is None for parameter in net.parameters())


def test_everything_is_restored_when_the_network_fails() -> None:
    def fails(net: nn.Module, batch: Silhouettes) -> Tensor:
        raise ValueError("out of order")

    net = Moody()
    before = mood(net)
    with pytest.raises(ValueError, match="out of order"):
        wrap(net, SilhouetteInput(64, 44), fails)(walkers())
    assert mood(net) == before


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (torch.zeros(3, 4), r"embeds 2 sequences into \(3, 4\); expected \(2, dimensions\)"),
        (torch.zeros(2), r"embeds 2 sequences into \(2,\)"),
        (torch.tensor([[1.0], [torch.nan]]), "b: the wrapped network's answer holds NaN"),
    ],
)
def test_answers_that_are_no_embeddings_are_errors(answer: Tensor, complaint: str) -> None:
    with pytest.raises(TargetError, match=complaint):
        wrap(nn.Identity(), SilhouetteInput(64, 44), lambda net, batch: answer)(walkers())


def test_sequences_of_another_size_are_refused() -> None:
    target = wrap(nn.Identity(), SilhouetteInput(64, 44), lambda net, batch: batch.frames.mean((1, 2)))
    with pytest.raises(TargetError, match="takes silhouettes of 64x44; the data has 32x22"):
        target(walkers(32, 22))
