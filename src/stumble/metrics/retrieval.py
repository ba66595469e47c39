"""Recognition by the nearest gallery sequence: scores of identities, decisions, and rank-1 tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from stumble.errors import DataError
from stumble.metrics.distances import Distance, Expanded, pairwise_distances

__all__ = ["Decisions", "EmbeddedSequences", "RankTable", "identity_scores", "nearest", "rank1_table"]


@dataclass(frozen=True)
class EmbeddedSequences:
    """Embeddings with who they show and from where.

    Attributes:
        embeddings: (N, P, D)
        subjects: N identities
        views: N camera views
    """

    embeddings: Float[Tensor, "n p d"]
    subjects: Sequence[str]
    views: Sequence[str]

    def __post_init__(self) -> None:
        if not len(self.embeddings) == len(self.subjects) == len(self.views) > 0:
            found = f"{len(self.embeddings)} embeddings, {len(self.subjects)} subjects, {len(self.views)} views"
            raise DataError("embedded sequences", found, "as many of each, at least one")
        if self.embeddings.is_inference():  # autograd refuses them where a probe's gradient is wanted
            with torch.inference_mode(False):
                object.__setattr__(self, "embeddings", self.embeddings.clone())

    def __len__(self) -> int:
        return len(self.subjects)

    @cached_property
    def identities(self) -> tuple[str, ...]:
        """The subjects that occur, sorted."""
        return tuple(sorted(set(self.subjects)))

    @cached_property
    def angles(self) -> tuple[str, ...]:
        """The views that occur, sorted."""
        return tuple(sorted(set(self.views)))

    def pooled(self) -> EmbeddedSequences:
        """The same as if all were seen from one view called "all": one decision per probe."""
        return EmbeddedSequences(self.embeddings, self.subjects, ("all",) * len(self))


def identity_scores(
    probes: Float[Tensor, "b p d"], gallery: EmbeddedSequences, distance: Distance | Expanded
) -> Float[Tensor, "b v i"]:
    """How near each identity is in each gallery view; differentiable, unless the gallery was expanded beforehand.

    Returns:
        (B, V, I) minus the distance to the nearest gallery sequence of identity i in view v, in the order of
        `gallery.angles` and `gallery.identities`; -inf where the gallery has none.
    """
    shape = (len(gallery.angles), len(gallery.identities))
    cell = _positions(gallery.views, gallery.angles) * shape[1] + _positions(gallery.subjects, gallery.identities)
    if isinstance(distance, Expanded):
        distances = distance.distances(probes)
    else:
        distances = pairwise_distances(probes, gallery.embeddings, distance)
    index = cell.to(distances.device).expand(len(probes), -1)
    scores = distances.new_full((len(probes), shape[0] * shape[1]), -torch.inf)
    return scores.scatter_reduce(1, index, -distances, "amax").reshape(len(probes), *shape)


@dataclass(frozen=True)
class Decisions:
    """For each probe and gallery view, whom the nearest sequence of that view shows.

    Attributes:
        scores: (P, V, I) minus the distance to the nearest gallery sequence of identity i in view v; -inf if none.
        identities: the I names.
        views: the V gallery views.
        subjects: (P,) the probe's position in `identities`; -1 where the gallery does not have the person.
        probe_views: the P views of the probes.
        counted: (P, V) whether the protocol counts the decision: with identical views excluded, false where
            the gallery view is the probe's own.
    """

    scores: Float[Tensor, "p v i"]
    identities: tuple[str, ...]
    views: tuple[str, ...]
    subjects: Int[Tensor, " p"]
    probe_views: tuple[str, ...]
    counted: Bool[Tensor, "p v"]

    def __len__(self) -> int:
        return len(self.subjects)

    def select(self, index: Sequence[int] | Int[Tensor, " q"]) -> Decisions:
        """The decisions on the probes at the given positions, such as those of one condition."""
        index = torch.as_tensor(index, dtype=torch.int64)
        return replace(
            self,
            scores=self.scores[index],
            subjects=self.subjects[index],
            probe_views=tuple(self.probe_views[i] for i in index.tolist()),
            counted=self.counted[index],
        )

    @property
    def predicted(self) -> Int[Tensor, "p v"]:
        """Position in `identities` of the nearest identity; of equals, the first."""
        return self.scores.argmax(2)

    @property
    def correct(self) -> Bool[Tensor, "p v"]:
        """Whether the nearest sequence shows the probe's subject, counted or not."""
        return self.predicted == self.subjects[:, None]

    @property
    def own(self) -> Float[Tensor, "p v"]:
        """Distance to the nearest sequence of the probe's own identity; inf where the view has none."""
        own = self.scores.gather(2, self.subjects.clamp_min(0)[:, None, None].expand(-1, len(self.views), 1))[:, :, 0]
        return (-own).where(self.subjects[:, None] >= 0, torch.inf)

    @property
    def other(self) -> Float[Tensor, "p v"]:
        """Distance to the nearest sequence of anybody else; inf where the view has none."""
        theirs = torch.arange(len(self.identities)) == self.subjects[:, None]
        return -self.scores.masked_fill(theirs[:, None], -torch.inf).amax(2)


def nearest(
    probes: EmbeddedSequences,
    gallery: EmbeddedSequences,
    distance: Distance = "per-part",
    *,
    identical_views: bool = False,
    chunk: int = 512,
) -> Decisions:
    """Compares every probe with every gallery sequence.

    Args:
        identical_views: count decisions in the probe's own view. CASIA-A's protocol is
            `nearest(probes, gallery.pooled())`, whose only view is no probe's own.
        chunk: probes compared at once; bounds the memory, changes nothing else.

    Raises:
        DataError: an embedding is not finite, or probes and gallery differ in parts or dimensions.
    """
    for name, sequences in (("probes", probes), ("gallery", gallery)):
        finite = sequences.embeddings.flatten(1).isfinite().all(1)
        if not bool(finite.all()):
            first = int(finite.int().argmin())
            where = f"{name}: {sequences.subjects[first]} at {sequences.views[first]}"
            raise DataError(where, "an embedding with NaN or infinite numbers", "finite numbers")
    if probes.embeddings.shape[1:] != gallery.embeddings.shape[1:]:
        found, expected = tuple(probes.embeddings.shape[1:]), tuple(gallery.embeddings.shape[1:])
        raise DataError("probes", f"parts and dimensions {found}", f"the gallery's {expected}")
    with torch.no_grad():
        chunks = (probes.embeddings[start : start + chunk] for start in range(0, len(probes), chunk))
        scores = torch.cat([identity_scores(part, gallery, distance) for part in chunks]).cpu()
    own_view = torch.tensor([[view == own for view in gallery.angles] for own in probes.views])
    return Decisions(
        scores=scores,
        identities=gallery.identities,
        views=gallery.angles,
        subjects=_positions(probes.subjects, gallery.identities),
        probe_views=tuple(probes.views),
        counted=torch.ones_like(own_view) if identical_views else ~own_view,
    )


@dataclass(frozen=True)
class RankTable:
    """Rank-1 by probe view and gallery view.

    Attributes:
        probe_views, gallery_views: the names of rows and columns.
        correct: (R, C) decisions that are right.
        total: (R, C) decisions.
        counted: (R, C) whether the cell enters the means: not on identical views, where these are excluded.
    """

    probe_views: tuple[str, ...]
    gallery_views: tuple[str, ...]
    correct: Int[np.ndarray, "r c"]
    total: Int[np.ndarray, "r c"]
    counted: Bool[np.ndarray, "r c"]

    @property
    def percent(self) -> Float[np.ndarray, "r c"]:
        """Rank-1 of every cell in percent, identical views included; NaN where there is no decision."""
        return _percent(self.correct, self.total)

    @property
    def per_view(self) -> Float[np.ndarray, " r"]:
        """The row that papers print: for each probe view the mean over the counted gallery views, in percent."""
        counted = self.counted & (self.total > 0)
        return _percent(np.where(counted, self.percent / 100, 0).sum(1), counted.sum(1))

    @property
    def mean(self) -> float:
        """The headline: the mean over probe views, in percent."""
        return float(np.mean(self.per_view))


def rank1_table(decisions: Decisions) -> RankTable:
    """The rank-1 table of decisions: 11 x 11 for CASIA-B, one column for a pooled gallery.

    A decision in a view where the gallery has no sequence of the probe's subject counts as wrong.
    """
    rows = tuple(sorted(set(decisions.probe_views)))
    at = torch.nn.functional.one_hot(_positions(decisions.probe_views, rows), len(rows)).T  # (R, P)
    total = at.sum(1, keepdim=True).expand(-1, len(decisions.views))
    return RankTable(
        probe_views=rows,
        gallery_views=decisions.views,
        correct=(at @ decisions.correct.long()).numpy(),
        total=total.numpy(),
        counted=(at @ decisions.counted.long()).numpy() > 0,
    )


def _positions(names: Sequence[str], among: Sequence[str]) -> Int[Tensor, " n"]:
    """Where each name stands; -1 where it does not."""
    position = {name: index for index, name in enumerate(among)}
    return torch.tensor([position.get(name, -1) for name in names], dtype=torch.int64)


def _percent(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    percent = np.full(whole.shape, np.nan)
    np.divide(100 * part, whole, out=percent, where=whole > 0)
    return percent
