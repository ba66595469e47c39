"""Attacks that see one recogniser and are judged on another."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch

from stumble import zoo
from stumble.attacks import OneStep
from stumble.campaign.action_bench import ActionBench
from stumble.campaign.choices import classifier, weights
from stumble.campaign.store import read_skeletons
from stumble.constraints import JointBudget
from stumble.interfaces import Output, SkeletonInput, SkeletonTarget, Weights
from stumble.layouts import NTU25
from stumble.models import STGCN
from stumble.objectives import logits_of
from stumble.preprocess import StGcn
from stumble.sequences import Skeletons
from stumble.spec import from_plain, to_plain
from stumble.synth.action_library import ACTIONS

ATTACK = OneStep(JointBudget(0.1))


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("networks") / "other.safetensors"
    with torch.random.fork_rng():
        torch.manual_seed(1)
        network = STGCN(tuple(ACTIONS), NTU25, StGcn(frames=64, people=1))
        zoo.save(network, file, zoo.Card(data="nothing", command="none", seed=0, metrics={}))
    return file


def attacked(bench: ActionBench, folder: Path, goal: str = "untargeted") -> tuple[pa.Table, dict[str, Any]]:
    """The verdicts, and what was stored by sample."""
    tested = bench.open(2**30)
    tested.check(goal)
    table = tested.attack(ATTACK, goal, 1, tested.samples, folder, lambda done, total: None)
    if len(table):
        again = tested.judge(ATTACK, goal, 1, folder, table)
        assert again.sort_by("sample").equals(table.sort_by("sample"))
    batches = [read_skeletons(file, NTU25) for file in sorted(folder.glob("*.npz"))]
    return table, {name: batch.joints[k] for batch in batches for k, name in enumerate(batch.ids)}


def test_what_is_made_on_the_source_is_judged_on_the_model(
    clips: Path, stgcn: Path, other: Path, tmp_path: Path
) -> None:
    source = ActionBench(str(stgcn), clips, limit=4)
    transfer = replace(source, model=str(other), source=str(stgcn))
    _, white = attacked(source, tmp_path / "white")
    table, black = attacked(transfer, tmp_path / "black")
    assert white.keys() == black.keys() and all(torch.equal(white[name], black[name]) for name in white)
    tested = transfer.open(2**30)
    network = classifier(weights(str(other)))
    named = {clip.id: clip for clip in tested.source.clips}
    for row in table.to_pylist():
        clean = tested.source.batch([named[row["sample"]]])
        moved = black[row["sample"]][None, :, : clean.joints.shape[2]]
        before, after = (network(batch).logits for batch in (clean, clean.moved(moved)))
        assert before is not None and after is not None
        was = int(before.argmax())
        assert row["predicted_before"] == tuple(ACTIONS)[was]
        rest = after[0].clone()
        rest[was] = -torch.inf
        assert row["margin_after"] == pytest.approx(float(rest.max() - after[0, was]), rel=1e-4, abs=1e-4)
        assert row["fooled"] == (int(after.argmax()) != was)


def test_the_source_is_part_of_what_a_result_depends_on(clips: Path, stgcn: Path, other: Path) -> None:
    alone = ActionBench(str(other), clips, limit=2)
    transfer = replace(alone, source=str(stgcn))
    assert transfer.open(2**30).facts == {**alone.open(2**30).facts, "source": weights(str(stgcn)).digest}
    assert from_plain(to_plain(transfer), ActionBench) == transfer


def test_a_source_of_several_is_their_ensemble(clips: Path, stgcn: Path, other: Path, tmp_path: Path) -> None:
    """A step against both is a step against neither alone."""
    bench = ActionBench(str(stgcn), clips, limit=2)
    _, both = attacked(replace(bench, source=f"{stgcn}+{other}"), tmp_path / "both")
    _, one = attacked(bench, tmp_path / "one")
    _, two = attacked(replace(bench, source=str(other)), tmp_path / "two")
    _, same = attacked(replace(bench, source=f"{stgcn} + {stgcn}"), tmp_path / "same")
    for name, joints in both.items():
        assert not torch.equal(joints, one[name]) and not torch.equal(joints, two[name])
        assert float((same[name] - one[name]).abs().gt(1e-6).float().mean()) < 0.01  # signs of rounding's size


def test_nobody_is_aimed_at_what_either_takes_the_clip_for_already(
    clips: Path, stgcn: Path, other: Path, tmp_path: Path
) -> None:
    transfer = ActionBench(str(other), clips, limit=6, source=str(stgcn))
    tested = transfer.open(2**30)
    answers = [
        {clip.id: int(evaluation.logits([clip])[0].argmax()) for clip in tested.source.clips}
        for evaluation in (tested.evaluation, tested.crafting)  # type: ignore[attr-defined]
    ]
    for taken in {label for answer in answers for label in answer.values()}:
        left = {name for name in tested.samples if all(answer[name] != taken for answer in answers)}
        table, _ = attacked(transfer, tmp_path / str(taken), tuple(ACTIONS)[taken])
        assert set(table["sample"].to_pylist()) == left


def test_what_the_model_says_already_is_not_aimed_at(clips: Path, stgcn: Path, tmp_path: Path) -> None:
    """What is least likely to the source is what its opposite says of every clip unattacked."""
    opposite = STGCN(tuple(ACTIONS), NTU25, StGcn(frames=64, people=1))
    source = classifier(weights(str(stgcn)))
    assert isinstance(source, STGCN)
    opposite.load_state_dict(source.state_dict())
    with torch.no_grad():
        for parameter in opposite.fcn.parameters():
            parameter.neg_()
    zoo.save(opposite, tmp_path / "opposite.safetensors", zoo.Card(data="nothing", command="none", seed=0, metrics={}))
    bench = ActionBench(str(tmp_path / "opposite.safetensors"), clips, limit=3, source=str(stgcn))
    table, _ = attacked(bench, tmp_path / "black", "least-likely")
    assert len(table) == 0
    white, _ = attacked(replace(bench, source=None), tmp_path / "white", "least-likely")
    assert len(white) == 3


@dataclass(frozen=True)
class Noisy:
    """Answers at random about what another target answers."""

    inner: SkeletonTarget

    @property
    def takes(self) -> SkeletonInput:
        return self.inner.takes

    def __call__(self, batch: Skeletons) -> Output:
        logits = logits_of(self.inner(batch))
        return Output(logits=logits + torch.rand_like(logits) * logits.abs().amax())


def test_a_target_that_answers_at_random_is_found_though_the_source_does_not(
    clips: Path, stgcn: Path, other: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = weights(str(other)).digest

    def planted(reference: Weights) -> SkeletonTarget:
        return Noisy(classifier(reference)) if reference.digest == random else classifier(reference)

    monkeypatch.setattr("stumble.campaign.action_bench.classifier", planted)
    for model, source, varying in ((other, stgcn, 2), (stgcn, other, 2), (stgcn, stgcn, 0)):
        bench = ActionBench(str(model), clips, limit=2, source=str(source))
        assert bench.open(2**30).sanity().varying == varying


def test_held_in_memory_it_is_the_same(clips: Path, stgcn: Path, other: Path, tmp_path: Path) -> None:
    tested = ActionBench(str(other), clips, limit=2, source=str(stgcn)).open(2**30)
    results = [
        bench.attack(ATTACK, "untargeted", 1, tested.samples, tmp_path / str(k), lambda done, total: None)
        for k, bench in enumerate((tested, tested.held()))
    ]
    assert results[0].equals(results[1])
    assert np.all(results[0]["steps"].to_numpy() == 1)
