"""An action recogniser and skeleton clips as a bench."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
import torch

from stumble.campaign.actions import ActionEvaluation
from stumble.campaign.bench import EXAMINED, Bench, Held, Modality, Progress, Tested
from stumble.campaign.choices import classifier, tested_actions, weights
from stumble.campaign.drawing import Contents, drawn
from stumble.campaign.sanity import Sanity, sanity_of_classifier
from stumble.campaign.store import check_whole, read_skeletons
from stumble.data.action_opening import open_actions
from stumble.data.actions import ActionData, Clip
from stumble.errors import DataError
from stumble.interfaces import SkeletonAttackResult, Weights
from stumble.judge import SkeletonJudge
from stumble.priors.bone_angles import BoneAngleDiscriminator

__all__ = ["ActionBench", "TestedActions"]


@dataclass(frozen=True)
class ActionBench(Bench):
    """An action recogniser and the clips to attack.

    Attributes:
        model: name of shipped weights, or a checkpoint of ST-GCN, 2s-AGCN or PA-LSTM; of several, with + between, their
            mean logits count.
        data: folder or file of skeleton actions.
        split: the clips that this split tests, such as "ntu60-xsub"; all by default.
        subjects: whose clips, such as "75-94"; all by default.
        limit: so many clips, drawn at random, always the same ones; all by default.
        source: recognisers that the attack sees instead, named likewise: what is made on them is judged on the model.
        judge: a discriminator of poses that no attack optimises against, by name or file; None measures no realness.
    """

    model: str
    data: Path
    split: str | None = None
    subjects: str | None = None
    limit: int | None = None
    source: str | None = None
    judge: str | None = None

    modality: ClassVar[Modality] = "actions"

    def open(self, memory: int, progress: Progress = lambda done, total: None) -> Tested:
        reference, source = weights(self.model), open_actions(self.data)
        tested = tested_actions(source, self.split, self.subjects)
        attacked = replace(tested, clips=tuple(drawn(tested.clips, self.limit, "limited clips")))
        contents, left_out, whole = Contents(), dict[str, str](), list[Clip]()
        for clip, joints in attacked.sequences(lambda clip, error: left_out.update({clip.id: str(error)})):
            contents.add(f"{clip.id} {clip.label}", (joints.positions, joints.confidence))
            whole.append(clip)
            progress(len(whole) + len(left_out), len(attacked))
        if not whole:
            raise DataError(source.name, f"none of {len(attacked)} clips that can be read", "at least one")
        judge = None if self.judge is None else weights(self.judge, "bone-angles")
        seen = None if self.source is None else weights(self.source)
        facts = {
            "model": reference.digest,
            "sequences": contents.digest,
            "layout": source.layout.name,
            "judge": None if judge is None else judge.digest,
            **({} if seen is None else {"source": seen.digest}),
        }
        return TestedActions(reference, seen, replace(tested, clips=tuple(whole)), judge, memory, facts, left_out)


@dataclass(frozen=True)
class TestedActions(Tested):
    """An action recogniser that was looked at, and the clips that can be read."""

    reference: Weights
    seen: Weights | None
    source: ActionData
    discriminator: Weights | None
    memory: int
    facts: dict[str, Any]
    left_out: dict[str, str]

    @property
    def samples(self) -> tuple[str, ...]:  # type: ignore[override]
        return tuple(clip.id for clip in self.source.clips)

    @cached_property
    def evaluation(self) -> ActionEvaluation:
        return replace(ActionEvaluation.prepare(classifier(self.reference), self.source), memory=self.memory)

    @cached_property
    def crafting(self) -> ActionEvaluation:
        """What the attack sees."""
        if self.seen is None:
            return self.evaluation
        return replace(ActionEvaluation.prepare(classifier(self.seen), self.source), memory=self.memory)

    @cached_property
    def judging(self) -> SkeletonJudge:
        network = None if self.discriminator is None else self.discriminator.load()
        assert network is None or isinstance(network, BoneAngleDiscriminator)
        return self.evaluation.judge(None if network is None else network.realness)

    def check(self, goal: str) -> None:
        ActionEvaluation(classifier(self.reference), self.source, self.source.clips).wanted_class(goal)

    def sanity(self) -> Sanity:
        batch = self.source.batch(self.source.clips[:EXAMINED])
        judge = sanity_of_classifier(classifier(self.reference), batch)
        return judge if self.seen is None else sanity_of_classifier(classifier(self.seen), batch).judged_by(judge)

    def attack(
        self, attack: Any, goal: str, seed: int, samples: Sequence[str], folder: Path, progress: Progress
    ) -> pa.Table:
        wanted = set(samples)
        judged = replace(self.evaluation, clips=tuple(c for c in self.source.clips if c.id in wanted))
        crafting = replace(self.crafting, clips=judged.aimable(goal))
        crafting = replace(crafting, clips=self._not_there(goal, crafting.aimable(goal)))
        if not crafting.clips:
            return pa.table({"sample": pa.array([], pa.string())})
        return crafting.attack(attack, goal, folder, judge=self.judging, seed=seed, progress=progress)

    def _not_there(self, goal: str, clips: tuple[Clip, ...]) -> tuple[Clip, ...]:
        """Those that the judged recogniser does not take for the wanted class unattacked: what is least likely to one
        recogniser may be what another says."""
        wanted = self.crafting.goal(goal, clips).wanted if clips else None
        if wanted is None:
            return clips
        said = self.evaluation.logits(clips).argmax(1)
        return tuple(clip for clip, there in zip(clips, (said == wanted).tolist(), strict=True) if not there)

    def judge(self, attack: Any, goal: str, seed: int, folder: Path, verdicts: pa.Table) -> pa.Table:
        named, effort = {c.id: c for c in self.source.clips}, {row["sample"]: row for row in verdicts.to_pylist()}
        files, tables = sorted(folder.glob("*.npz")), []
        batches = [read_skeletons(file, self.source.layout) for file in files]
        check_whole(folder, (name for stored in batches for name in stored.ids), effort)
        for stored in batches:
            clips = [named[name] for name in stored.ids]
            clean, rows = self.source.batch(clips), [effort[name] for name in stored.ids]
            result = SkeletonAttackResult(
                stored,
                torch.tensor([row["steps"] for row in rows]),
                torch.tensor([row["queries"] for row in rows]),
                tuple(row["stopped"] for row in rows),
            )
            aim = self.crafting.goal(goal, clips)
            tables.append(self.judging(clean, stored, result, aim, clips, attack.constraints(clean)))
        return pa.concat_tables(tables, promote_options="permissive") if tables else verdicts

    def prepare(self) -> None:
        self.evaluation, self.crafting, self.judging  # noqa: B018  (each is kept)

    def held(self) -> Tested:
        data = replace(self.source, read=Held(dict(self.source.sequences())))
        copy = replace(self, source=data)
        copy.__dict__["evaluation"] = replace(self.evaluation, data=data)
        copy.__dict__["crafting"] = replace(self.crafting, data=data)
        copy.__dict__["judging"] = self.judging
        return copy
