"""A recogniser of small pictures that pools a set by maximum, walks of three people, and their gallery."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from stumble.interfaces import Features, Output, SilhouetteInput
from stumble.metrics.retrieval import EmbeddedSequences
from stumble.sequences import Silhouettes
from stumble.targets import Gallery


@dataclass(frozen=True)
class Outline:
    """How far each pixel is ever filled."""

    takes: SilhouetteInput = SilhouetteInput(8, 6)

    def __call__(self, batch: Silhouettes) -> Output:
        self.takes.check(batch)
        return self.aggregate(self.encode(batch.floating().packed()), batch.lengths)

    def encode(self, frames: Tensor) -> Features:
        return (frames.flatten(1), frames.mean((1, 2))[:, None, None])

    def pool(self, features: Features, lengths: Tensor) -> Features:
        return tuple(torch.stack([part.max(0).values for part in x.split(lengths.tolist())]) for x in features)

    def merge(self, first: Features, second: Features) -> Features:
        return tuple(torch.where(a >= b, a, b) for a, b in zip(first, second, strict=True))

    def head(self, pooled: Features) -> Output:
        return Output(embedding=torch.cat([pooled[0], pooled[1][:, 0]], 1)[:, None])

    def aggregate(self, features: Features, lengths: Tensor) -> Output:
        return self.head(self.pool(features, lengths))


class Darkness(torch.nn.Module):
    """A critic that likes dark frames; it generates none."""

    latent_dim = 48

    def generate(self, latents: Tensor) -> Tensor:
        return torch.sigmoid(latents).reshape(-1, 8, 6)

    def to_prior(self, latents: Tensor) -> Tensor:
        return latents

    def critic(self, frames: Tensor) -> Tensor:
        return 1 - frames.mean((1, 2))

    def plausibility_logit(self, frames: Tensor) -> Tensor:
        return 10 * self.critic(frames)


def walks(*lengths: int, seed: int = 0) -> Silhouettes:
    """Everybody has a width of their own, and noise."""
    generator = torch.Generator().manual_seed(seed)
    sequences = []
    for number, length in enumerate(lengths):
        frames = 0.2 * torch.rand(length, 8, 6, generator=generator)
        frames[:, :, : 1 + number % 3] += 0.6
        sequences.append(frames)
    return Silhouettes.pad(sequences, [f"{k}" for k in range(len(lengths))]).quantised()


@pytest.fixture(scope="session")
def outline() -> Outline:
    return Outline()


@pytest.fixture(scope="session")
def darkness() -> Darkness:
    return Darkness()


@pytest.fixture(scope="session")
def batch() -> Silhouettes:
    return walks(10, 12, 11)


@pytest.fixture(scope="session")
def gallery() -> Gallery:
    embedding = Outline()(walks(6, 7, 8, 9, 10, 11, seed=1)).embedding
    assert embedding is not None
    return Gallery(EmbeddedSequences(embedding, ("001", "002", "003") * 2, ("000",) * 3 + ("090",) * 3))
