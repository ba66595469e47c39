"""Recognisers of gait energy images (Han and Bhanu, PAMI 2006): of a sequence they see the mean silhouette alone."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from stumble.interfaces import Features, Output, SilhouetteInput
from stumble.sequences import Silhouettes

__all__ = ["GEI", "OnEnergyImages"]


class OnEnergyImages(nn.Module, ABC):
    """A recogniser of the mean silhouette.

    A sum over frames, with their number, is pooled; so it satisfies `interfaces.SetPooled`, and an attack on K of N
    frames costs no more when N grows.
    """

    takes = SilhouetteInput(64, 44)

    @abstractmethod
    def embed(self, images: Float[Tensor, "b 64 44"]) -> Float[Tensor, "b p d"]:
        """From mean silhouettes in [0, 1] to embeddings."""

    def forward(self, batch: Silhouettes) -> Output:
        """The embedding of each sequence. Raises TargetError for other frame sizes."""
        self.takes.check(batch)
        return self.aggregate(self.encode(batch.floating().packed()), batch.lengths)

    def encode(self, frames: Float[Tensor, "f 64 44"]) -> Features:
        """The frames (F, 64, 44) as they are, and a one (F) for each."""
        return frames, frames.new_ones(len(frames))

    def pool(self, features: Features, lengths: Int[Tensor, " b"]) -> Features:
        """The sum of each sequence's frames (B, 64, 44), and their number (B)."""
        sizes = lengths.tolist()
        return tuple(torch.stack([part.sum(0) for part in x.split(sizes)]) for x in features)

    def merge(self, first: Features, second: Features) -> Features:
        """Pool two pooled sets."""
        return tuple(a + b for a, b in zip(first, second, strict=True))

    def head(self, pooled: Features) -> Output:
        """From sums and numbers of frames to the embedding."""
        total, count = pooled
        return Output(embedding=self.embed(total / count[:, None, None]))

    def aggregate(self, features: Features, lengths: Int[Tensor, " b"]) -> Output:
        """From the frames of all sequences to the embedding of each."""
        return self.head(self.pool(features, lengths))


class GEI(OnEnergyImages):
    """The energy image itself as one part of 2816 dimensions: nearest neighbours on pixels. Nothing in it is learnt."""

    def embed(self, images: Float[Tensor, "b 64 44"]) -> Float[Tensor, "b 1 2816"]:
        return images.flatten(1)[:, None]
