"""A gait recogniser and probe sequences as a bench."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any, ClassVar, Literal, cast, get_args

import pyarrow as pa
import torch
from torch import Tensor

from stumble.attacks.temporal_sparse import prior_of
from stumble.campaign.bench import EXAMINED, Bench, Held, Modality, Progress, Tested
from stumble.campaign.choices import kinds_of, listed, people, recogniser, trained, weights
from stumble.campaign.drawing import Contents, drawn
from stumble.campaign.gait import GaitEvaluation
from stumble.campaign.reference import fit_plausibility, split_reference
from stumble.campaign.sanity import Sanity, sanity_of_recogniser
from stumble.campaign.store import check_whole, read_samples
from stumble.constraints import Kept
from stumble.data import PROTOCOLS, GaitData, SequenceKey, open_gait
from stumble.errors import DataError, SpecError
from stumble.interfaces import Attack, AttackResult, SilhouettePrior, Target, Weights
from stumble.judge import GaitJudge, Probe
from stumble.metrics.distances import Distance
from stumble.metrics.plausibility import Plausibility
from stumble.spec import identity

__all__ = ["GaitBench", "plausibility_of", "realness_of"]

Kind = Literal["untargeted", "targeted"]


@dataclass(frozen=True)
class GaitBench(Bench):
    """A gait recogniser, its gallery, and the probes to attack.

    Attributes:
        model: name of shipped weights; gei, for energy images; or a checkpoint of GaitSet, GaitBase or SelfGait
            (theirs or ours), GEINet or GaitGAN (ours).
        data: folder of gait data.
        kinds: which probes, such as "NM" or "NM,BG,CL".
        views: whose views, such as "000,090"; all by default.
        subjects: whom to test, such as "75-124"; by default those that the protocol tests.
        limit: so many probes, drawn at random, always the same ones; all by default.
        frames: the first so many frames of each sequence; None for all.
        source: recognisers that the attack sees instead, named likewise, several with + between: what is made on them
            is judged on the model.
        distance: "per-part", the mean distance of the parts (OpenGait); "flattened", of the whole vector (GaitSet).
        pooled: one decision for each probe, on the gallery of all views together, whatever the protocol says.
    """

    model: str
    data: Path
    kinds: str = "NM"
    views: str | None = None
    subjects: str | None = None
    limit: int | None = None
    frames: int | None = 40
    source: str | None = None
    distance: Distance = "per-part"
    pooled: bool = False

    modality: ClassVar[Modality] = "gait"

    def open(self, memory: int, progress: Progress = lambda done, total: None) -> Tested:
        reference, source = weights(self.model), open_gait(self.data)
        protocol = PROTOCOLS[source.protocol]
        chosen = set(protocol.tested(source) if self.subjects is None else people(source, self.subjects))
        gallery, probes = protocol.split(source, chosen)
        probes = probes.select(
            kinds=listed(self.kinds, kinds_of(protocol), "kind"), views=listed(self.views, source.views, "view")
        )
        attacked = drawn(probes.keys, self.limit, "limited probes")
        contents, left_out, whole = Contents(), dict[str, str](), list[SequenceKey]()
        wanted = replace(source, keys=tuple(sorted({*gallery.keys, *attacked})))
        for key, frames in wanted.sequences(lambda key, error: left_out.update({key.id: str(error)})):
            contents.add(key.id, [frames])
            whole.append(key)
            progress(len(whole) + len(left_out), len(wanted))
        readable = set(whole)
        keys = tuple(key for key in attacked if key in readable)
        if not keys:
            raise DataError(source.name, f"none of {len(attacked)} probes that can be read", "at least one")
        seen = None if self.source is None else weights(self.source)
        facts = {
            "model": reference.digest,
            "sequences": contents.digest,
            "protocol": f"{source.protocol}, pooled" if self.pooled and not protocol.pooled else source.protocol,
            "frames": self.frames,
            "distance": self.distance,
            "reference": _reference(source),
            **({} if seen is None else {"source": seen.digest}),
        }
        tested = replace(source, keys=tuple(whole))
        return _Tested(self, reference, seen, source, tested, keys, chosen, memory, facts, left_out)


@dataclass(frozen=True)
class _Tested(Tested):
    bench: GaitBench
    reference: Weights
    seen: Weights | None
    source: GaitData
    readable: GaitData
    keys: tuple[SequenceKey, ...]
    chosen: set[str]
    memory: int
    facts: dict[str, Any]
    left_out: dict[str, str]

    @property
    def samples(self) -> tuple[str, ...]:  # type: ignore[override]
        return tuple(key.id for key in self.keys)

    @cached_property
    def evaluation(self) -> GaitEvaluation:
        return self._prepared(self.reference)

    @cached_property
    def crafting(self) -> GaitEvaluation:
        """What the attack sees."""
        return self.evaluation if self.seen is None else self._prepared(self.seen)

    def _prepared(self, reference: Weights) -> GaitEvaluation:
        target: Target = recogniser(reference)
        evaluation = GaitEvaluation.prepare(
            target,
            self.readable,
            subjects=self.chosen,
            frames=self.bench.frames,
            distance=self.bench.distance,
            pooled=self.bench.pooled,
        )
        return replace(evaluation, probes=self.keys, memory=self.memory)

    @cached_property
    def plausibility(self) -> Plausibility | None:
        return plausibility_of(self.source)

    def check(self, goal: str) -> None:
        if goal not in get_args(Kind):
            raise SpecError(f"found goal {goal!r} for gait; expected 'untargeted' or 'targeted'")

    def sanity(self) -> Sanity:
        batch = self.readable.batch(self.keys[:EXAMINED], self.bench.frames)
        judge = sanity_of_recogniser(recogniser(self.reference), batch)
        return judge if self.seen is None else sanity_of_recogniser(recogniser(self.seen), batch).judged_by(judge)

    def attack(
        self, attack: Any, goal: str, seed: int, samples: Sequence[str], folder: Path, progress: Progress
    ) -> pa.Table:
        wanted = set(samples)
        crafting = replace(self.crafting, probes=tuple(key for key in self.keys if key.id in wanted))
        return crafting.attack(
            attack,
            cast(Kind, goal),
            folder,
            constraint=_kept(attack),
            judge=self._judge(attack),
            seed=seed,
            progress=progress,
        )

    def judge(self, attack: Any, goal: str, seed: int, folder: Path, verdicts: pa.Table) -> pa.Table:
        judge, named = self._judge(attack), {key.id: key for key in self.keys}
        effort = {row["sample"]: row for row in verdicts.to_pylist()}
        batches, tables = [read_samples(file) for file in sorted(folder.glob("*.npz"))], []
        check_whole(folder, (name for stored, _ in batches for name in stored.ids), effort)
        for stored, edited in batches:
            keys = [named[name] for name in stored.ids]
            clean = self.readable.batch(keys, self.bench.frames)
            rows = [effort[name] for name in stored.ids]
            result = AttackResult(
                stored,
                edited,
                torch.tensor([row["steps"] for row in rows]),
                torch.tensor([row["queries"] for row in rows]),
                tuple(row["stopped"] for row in rows),
            )
            probes = [Probe(key.subject, key.condition, key.view) for key in keys]
            aim = self.crafting.goal(cast(Kind, goal), keys, seed)
            tables.append(judge(clean, stored, result, aim, probes, _kept(attack)))
        return pa.concat_tables(tables, promote_options="permissive") if tables else verdicts

    def prepare(self) -> None:
        self.evaluation, self.crafting, self.plausibility  # noqa: B018  (each is kept)

    def held(self) -> Tested:
        data = replace(self.readable, read=Held(dict(self.readable.sequences())))
        copy = replace(self, source=replace(data, keys=()), readable=data)
        copy.__dict__["evaluation"] = replace(self.evaluation, data=data)
        copy.__dict__["crafting"] = replace(self.crafting, data=data)
        copy.__dict__["plausibility"] = self.plausibility
        return copy

    def _judge(self, attack: Attack) -> GaitJudge:
        return self.evaluation.judge(self.plausibility, realness_of(attack))


def plausibility_of(data: GaitData) -> Plausibility | None:
    """What plausible frames are, from the people whom the protocol trains; None where they are fewer than 3."""
    names = trained(data)
    return None if len(names) < 3 else fit_plausibility(*split_reference(data, names))


def _reference(data: GaitData) -> str:
    """What `plausibility_of` goes by: the sequences of the people whom the protocol trains, by their names."""
    return identity([key.id for key in data.select(subjects=trained(data)).keys])


def realness_of(attack: Attack) -> Callable[[Tensor], Tensor] | None:
    """The probability that a frame is real by the critic of the attack's own generator, where it has one."""
    generator: Weights | None = getattr(attack, "prior", None)
    return None if generator is None else partial(_realness, prior_of(generator))


def _realness(prior: SilhouettePrior, frames: Tensor) -> Tensor:
    return torch.sigmoid(prior.plausibility_logit(frames))


def _kept(attack: Attack) -> Kept:
    return Kept(getattr(attack, "edit", "alter"))
