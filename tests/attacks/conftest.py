"""A target and a generator small enough to know the best frames by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor, nn

from stumble.interfaces import Features, Goal, Output, SetPooled, SilhouetteInput, Weights
from stumble.sequences import Silhouettes


class LinearPrior(nn.Module):
    """A generator that paints latent i as the brightness of pixel i, and a critic that likes dark frames."""

    latent_dim = 12

    def generate(self, latents: Tensor) -> Tensor:
        return torch.sigmoid(latents).reshape(-1, 4, 3)

    def to_prior(self, latents: Tensor) -> Tensor:
        return latents * (12**0.5 / latents.norm(dim=1, keepdim=True))

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

    takes = SilhouetteInput(4, 3)

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


@pytest.fixture(scope="session")
def target() -> SetPooled:
    return MaximumTarget()


@pytest.fixture(scope="session")
def held() -> Callable[[nn.Module], Weights]:
    """Weights that hold a network."""
    return Here


@pytest.fixture(scope="session")
def prior() -> Weights:
    return Here(LinearPrior())


@pytest.fixture(scope="session")
def walks() -> Silhouettes:
    """Three black sequences whose first pixel alone is bright, by an amount that varies from frame to frame."""
    frames = [torch.zeros(n, 4, 3, dtype=torch.uint8) for n in (10, 7, 10)]
    for row, sequence in enumerate(frames):
        sequence[:, 0, 0] = 250 - 3 * row - torch.arange(len(sequence))
    return Silhouettes.pad(frames, [f"{i:03d}/nm-01/090" for i in range(3)])


@pytest.fixture(scope="session")
def untargeted(target: SetPooled) -> Callable[[Silhouettes], Goal]:
    """To leave the clean embedding."""
    return lambda batch: Goal("untargeted", torch.arange(len(batch)), None, target(batch).embedding)


@pytest.fixture(scope="session")
def similarity(target: SetPooled) -> Callable[[Silhouettes, Goal], Tensor]:
    """Cosine of each sequence's embedding with the goal's reference."""

    def cosine(batch: Silhouettes, goal: Goal) -> Tensor:
        embedding = target(batch).embedding
        assert embedding is not None and goal.reference is not None
        return nn.functional.cosine_similarity(embedding.flatten(1), goal.reference.flatten(1))

    return cosine
