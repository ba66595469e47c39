"""From embeddings to identities: the sequences that a probe is compared with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Float, Int
from torch import Tensor

from stumble.errors import TargetError
from stumble.metrics.distances import Distance, Expanded
from stumble.metrics.retrieval import Decisions, EmbeddedSequences, identity_scores, nearest

__all__ = ["Gallery"]


@dataclass(frozen=True)
class Gallery:
    """Clean sequences of known people, and the distance by which probes are compared with them.

    Attributes:
        enrolled: their embeddings, subjects and views.
        distance: "flattened" or "per-part".
    """

    enrolled: EmbeddedSequences
    distance: Distance = "per-part"

    @property
    def identities(self) -> tuple[str, ...]:
        """The people in the gallery: the last axis of `scores`."""
        return self.enrolled.identities

    @property
    def views(self) -> tuple[str, ...]:
        """The views in the gallery: the middle axis of `scores`."""
        return self.enrolled.angles

    def scores(self, embedding: Float[Tensor, "b p d"]) -> Float[Tensor, "b views identities"]:
        """Minus the distance to the nearest sequence of each identity in each view; -inf where there is none.

        Differentiable. Higher is nearer, so a view's (B, identities) is what `Goal.margin` takes.
        """
        if embedding.shape[1:] != self.enrolled.embeddings.shape[1:]:
            found, expected = tuple(embedding.shape[1:]), tuple(self.enrolled.embeddings.shape[1:])
            raise TargetError(f"the target embeds into (parts, dimensions) {found}; the gallery holds {expected}")
        embedding = embedding.to(self.enrolled.embeddings.dtype)
        differentiated = torch.is_grad_enabled() and embedding.requires_grad
        return identity_scores(embedding, self.enrolled, self.distance if differentiated else self._expanded)

    @cached_property
    def _expanded(self) -> Expanded:
        return Expanded.of(self.enrolled.embeddings, self.distance)

    def decide(self, probes: EmbeddedSequences, *, identical_views: bool = False) -> Decisions:
        """Whom each probe is taken for in each gallery view."""
        return nearest(probes, self.enrolled, self.distance, identical_views=identical_views)

    def labels(self, subjects: Sequence[str]) -> Int[Tensor, " b"]:
        """The positions of people in `identities`. Raises TargetError for somebody who is not in the gallery."""
        position = {name: index for index, name in enumerate(self.identities)}
        if absent := [subject for subject in subjects if subject not in position]:
            raise TargetError(f"subject {absent[0]} is not among the {len(position)} people of the gallery")
        return torch.tensor([position[subject] for subject in subjects], dtype=torch.int64)
