"""One gait recogniser, its gallery and its probes: clean tables, goals, attacks stored and judged."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Literal

import pyarrow as pa
import torch

from stumble.campaign.batching import MEMORY, Room, ahead, grouped, in_order
from stumble.campaign.drawing import drawn
from stumble.campaign.store import read_samples, write_samples
from stumble.constraints import Kept
from stumble.data.gait import GaitData, SequenceKey
from stumble.data.splits import PROTOCOLS
from stumble.errors import DataError
from stumble.interfaces import Attack, Goal, Target
from stumble.judge import GaitJudge, Probe
from stumble.metrics.distances import Distance
from stumble.metrics.plausibility import Plausibility
from stumble.metrics.retrieval import Decisions, EmbeddedSequences
from stumble.objectives import asks_for_logits
from stumble.seeds import stream
from stumble.sequences import Silhouettes
from stumble.targets.embedding import embed
from stumble.targets.frozen import frozen
from stumble.targets.gallery import Gallery
from stumble.targets.identifier import identifier

__all__ = ["GaitEvaluation"]


@dataclass(frozen=True)
class GaitEvaluation:
    """Everything about the defender that is the same for all attacks.

    Attributes:
        target: the recogniser.
        data: where sequences come from; its `synthetic` flag labels every number.
        gallery: enrolled clean sequences.
        enrolled: the key of each gallery embedding.
        probes: the sequences to attack.
        frames: clip length: the first `frames` frames of each sequence, or None for all.
        pooled: one decision for each probe, on the gallery of all views together, its own included.
        memory: bytes that the graph of one batch may take.
    """

    target: Target
    data: GaitData
    gallery: Gallery
    enrolled: tuple[SequenceKey, ...]
    probes: tuple[SequenceKey, ...]
    frames: int | None = None
    pooled: bool = False
    memory: int = MEMORY

    @classmethod
    def prepare(
        cls,
        target: Target,
        data: GaitData,
        *,
        subjects: Collection[str] | None = None,
        frames: int | None = None,
        distance: Distance = "per-part",
        pooled: bool = False,
        progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> GaitEvaluation:
        """Embed the gallery of the data set's own protocol.

        Args:
            subjects: whom to test; by default those the protocol tests.
            pooled: see `GaitEvaluation`; protocols that are so are so in any case.
            progress: called with sequences done and their number.

        Raises:
            DataError: there are no gallery or no probe sequences of these people.
        """
        gallery, probes = PROTOCOLS[data.protocol].split(data, subjects)
        if not gallery.keys or not probes.keys:
            found = f"{len(gallery.keys)} gallery and {len(probes.keys)} probe sequences"
            raise DataError(
                data.name, found, f"both, of the people that {data.protocol} tests (see `stumble data check`)"
            )
        total = len(gallery.keys)
        embeddings, kept = embed(
            target, data.load, gallery.keys, frames=frames, progress=lambda done: progress(done, total)
        )
        enrolled = EmbeddedSequences(embeddings, [k.subject for k in kept], [k.view for k in kept])
        pooled = pooled or PROTOCOLS[data.protocol].pooled
        if pooled:
            enrolled = enrolled.pooled()
        return cls(target, data, Gallery(enrolled, distance), kept, probes.keys, frames, pooled)

    def select(
        self, kinds: Collection[str] | None = None, views: Collection[str] | None = None, limit: int | None = None
    ) -> GaitEvaluation:
        """The same with fewer probes: of these kinds and views, `limit` drawn at random, always the same ones.

        Raises:
            DataError: there is none.
        """
        keys = [k for k in self.probes if (kinds is None or k.kind in kinds) and (views is None or k.view in views)]
        keys = drawn(keys, limit, "limited probes")
        if not keys:
            chosen = "".join(f", {n} {', '.join(v)}" for n, v in (("kinds", kinds), ("views", views)) if v is not None)
            raise DataError(self.data.name, f"no probe{chosen}", "at least one")
        return replace(self, probes=tuple(keys))

    def clean(self, progress: Callable[[int, int], None] = lambda done, total: None) -> Decisions:
        """Decisions on the clean probes, in the order of `probes`."""
        total = len(self.probes)
        embeddings, kept = embed(
            self.target, self.data.load, self.probes, frames=self.frames, progress=lambda done: progress(done, total)
        )
        probes = EmbeddedSequences(embeddings, [k.subject for k in kept], [k.view for k in kept])
        return self.gallery.decide(probes, identical_views=self.pooled)

    def goal(self, kind: Literal["untargeted", "targeted"], keys: Sequence[SequenceKey], seed: int) -> Goal:
        """What the adversary wants of these probes.

        Untargeted: to leave the clean embedding. Targeted: an identity drawn per sample, never the true one, and the
        embedding of one of its gallery sequences in the probe's own view, which judging excludes.
        """
        label = self.gallery.labels([k.subject for k in keys])
        counted = torch.tensor([[self.pooled or view != key.view for view in self.gallery.views] for key in keys])
        if kind == "untargeted":
            with torch.no_grad():
                reference = self.target(self.data.batch(keys, self.frames)).embedding
            return Goal("untargeted", label, None, reference, counted)
        wanted, references = [], []
        for key, own in zip(keys, label.tolist(), strict=True):
            rng = stream(seed, key.id, "wanted")
            others = [i for i in range(len(self.gallery.identities)) if i != own]
            wanted.append(int(rng.choice(others)))
            subject = self.gallery.identities[wanted[-1]]
            theirs = [i for i, k in enumerate(self.enrolled) if k.subject == subject]
            same_view = [i for i in theirs if self.enrolled[i].view == key.view] or theirs
            references.append(int(rng.choice(same_view)))
        reference = self.gallery.enrolled.embeddings[torch.tensor(references)]
        return Goal("targeted", label, torch.tensor(wanted), reference, counted)

    def batches(self) -> Iterator[tuple[tuple[SequenceKey, ...], Silhouettes]]:
        """The probes in batches that fit into the memory, those of similar length together."""
        loaded = ((key, self.data.load(key)[: self.frames]) for key in self.probes)
        for chosen in grouped(loaded, lambda item: (len(item[1]),), self._room):
            keys, arrays = zip(*chosen, strict=True)
            yield keys, Silhouettes.pad(arrays, [key.id for key in keys])

    @cached_property
    def _room(self) -> Room:
        one = self.data.batch(self.probes[:1], self.frames).floating()
        moved = replace(one, frames=one.frames.requires_grad_())
        with frozen(self.target):
            return Room.measured(lambda: self.target(moved).embedding, len(moved.frames[0]), self.memory)

    def _asked_by(self, attack: Attack) -> Target:
        """The target; with the gallery behind it for an attack that wants to know whom sequences are taken for."""
        return identifier(self.target, self.gallery) if asks_for_logits(attack) else self.target

    def judge(
        self,
        plausibility: Plausibility | None = None,
        critic: Callable[[torch.Tensor], torch.Tensor] | None = None,
    ) -> GaitJudge:
        """The judge of attacks on these probes."""
        return GaitJudge(self.target, self.gallery, self.pooled, plausibility, critic)

    def attack(
        self,
        attack: Attack,
        kind: Literal["untargeted", "targeted"],
        samples: Path,
        *,
        judge: GaitJudge | None = None,
        constraint: Kept = Kept(),
        seed: int = 0,
        progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> pa.Table:
        """Attack every probe, store the adversarial sequences, read them back and judge them.

        Args:
            samples: folder for the adversarial sequences, one file per batch; made if needed.
            judge: from `judge`, to be shared by several attacks; by default one that does not judge plausibility.
            constraint: must agree with the attack's kind of edit.
            progress: called with probes done and their number.

        Returns:
            The judge's table, a row per decision.
        """
        judge = judge or self.judge()
        tables, done = [], 0
        for number, (keys, clean) in enumerate(ahead(self.batches())):
            goal = self.goal(kind, keys, seed)
            result = attack(self._asked_by(attack), clean, goal, seed=seed)
            file = samples / f"{number:04d}.npz"
            write_samples(file, result)
            stored, edited = read_samples(file)
            probes = [Probe(k.subject, k.condition, k.view) for k in keys]
            tables.append(judge(clean, stored, replace(result, edited=edited), goal, probes, constraint))
            done += len(keys)
            progress(done, len(self.probes))
        return in_order(tables, [key.id for key in self.probes])
