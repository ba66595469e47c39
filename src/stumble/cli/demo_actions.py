"""The demo's actions: synthetic people, ST-GCN, CIASA in its three modes and what it is compared with."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import pyarrow as pa

from stumble.attacks.ciasa import CIASA
from stumble.attacks.one_step import OneStep
from stumble.campaign.action_summary import CleanSummary, summarise_actions, summarise_clean
from stumble.campaign.actions import ActionEvaluation
from stumble.campaign.store import read_skeletons
from stumble.cli.demo_stages import Stages, provenance
from stumble.constraints import LEGS_ADVANCED, JointBudget, height
from stumble.data.actions import ActionData, Clip, Joints
from stumble.interfaces import SkeletonTarget
from stumble.priors.bone_angles import BoneAngleDiscriminator
from stumble.priors.discriminators import Frozen
from stumble.report import ActionReport, ActionRow, ActionSample
from stumble.synth.actors import Actors
from stumble.synth.gait import FRAMES_PER_SECOND
from stumble.zoo import Shipped

__all__ = ["action_report"]

_TESTED = range(75, 95)
_CLEAN = 480
_TARGETS = {"xsub": "stgcn-synthetic-xsub", "xview": "stgcn-synthetic-xview"}
_PRIOR, _JUDGE = "bone-angles-synthetic", "bone-angles-judge-synthetic"
_ITERATIONS = 40


@dataclass(frozen=True)
class _Entry:
    """One line of the demo's table."""

    name: str
    attack: CIASA | OneStep
    epsilon: float
    goal: str = "least-likely"
    mode: str = "basic"
    region: str = ""
    note: str = ""

    @property
    def folder(self) -> str:
        return "-".join(filter(None, (self.name, self.region.replace(" ", "-"), self.goal, f"{self.epsilon:g}")))


def action_report(out: Path, clips: int, seed: int, stages: Stages) -> ActionReport:
    """Attack ST-GCN; the adversarial samples are kept below `out`."""
    began = time.perf_counter()
    data = _loaded(Actors().data(_TESTED), stages)
    clean = {}
    with stages("clean clips") as report:
        for protocol in _TARGETS:
            clean[protocol] = _clean(protocol, data, report)
    evaluation = ActionEvaluation.prepare(_target("xsub"), data).select(limit=clips)
    discriminator = Shipped(_JUDGE).load()
    assert isinstance(discriminator, BoneAngleDiscriminator)
    judge = evaluation.judge(discriminator.realness)
    tall = float(height(data.batch(evaluation.clips)).mean())
    rows, tables = [], {}
    for entry in _entries():
        with stages(f"{entry.name} {entry.region or entry.mode} {entry.epsilon:.3g}") as report:
            tables[entry.folder] = evaluation.attack(
                entry.attack, entry.goal, out / "samples" / entry.folder, judge=judge, seed=seed, progress=report
            )
        summary = summarise_actions(tables[entry.folder])
        rows.append(
            ActionRow(entry.name, entry.mode, entry.goal, entry.epsilon, tall, summary, entry.region, entry.note)
        )
    return ActionReport(
        title="ST-GCN under CIASA",
        data=f"synthetic actions of people {_TESTED[0]}–{_TESTED[-1]}, 3 cameras, clips of up to 64 frames",
        synthetic=True,
        clean=clean,
        clean_baseline=None,
        attacks=tuple(rows),
        samples=tuple(_samples(evaluation, out / "samples", tables)),
        provenance=provenance(
            f"stumble demo --only skeleton --out {out} --clips {clips} --seed {seed}",
            seed,
            (*_TARGETS.values(), _PRIOR, _JUDGE),
            time.perf_counter() - began,
        ),
        notes=(
            f"{len(evaluation.clips)} clips drawn at random from those of people {_TESTED[0]}–{_TESTED[-1]}, against "
            "the network trained across subjects; the networks were trained on people 1–74. Intervals are bootstrapped "
            "over people.",
            f"CIASA takes {_ITERATIONS} steps here; the paper does not state its number.",
            "Realness is judged by a discriminator that no attack optimised against. Every figure is judged on the "
            "stored sample by a fresh forward pass.",
        ),
    )


def _loaded(data: ActionData, stages: Stages) -> ActionData:
    """The clips acted out once and kept in memory."""
    kept: dict[Clip, Joints] = {}
    with stages("acting") as report:
        for clip, joints in data.sequences():
            kept[clip] = joints
            report(len(kept), len(data))
    return ActionData(data.name, data.format, data.layout, data.classes, data.clips, kept.__getitem__, synthetic=True)


@cache
def _target(protocol: str) -> SkeletonTarget:
    network = Shipped(_TARGETS[protocol]).load()
    assert isinstance(network, SkeletonTarget)
    return network


def _clean(protocol: str, data: ActionData, report: Callable[[int, int], None]) -> CleanSummary:
    tested = data if protocol == "xsub" else data.select(cameras={"001"})
    evaluation = ActionEvaluation.prepare(_target(protocol), tested).select(limit=_CLEAN)
    return summarise_clean(evaluation.clean(report))


def _entries() -> Iterator[_Entry]:
    def ciasa(epsilon: float | dict[str, float], region: str | None = None) -> CIASA:
        return CIASA(JointBudget(epsilon, region), Frozen(Shipped(_PRIOR)), iterations=_ITERATIONS)

    for epsilon in (0.005, 0.01, 0.02, 0.04):
        attack = OneStep(JointBudget(epsilon))
        yield _Entry("one-step", attack, epsilon, "untargeted", note="box alone: bones change")
    for epsilon in (0.004, 0.008, 0.012):
        yield _Entry("ciasa", ciasa(epsilon), epsilon)
    basic = ciasa(0.012)
    paper = replace(basic, projection="paper", rate=0.01)
    yield _Entry("ciasa-paper", paper, 0.012, note="clip, then realign: leaves the box")
    yield _Entry("ciasa-box", replace(basic, projection="box"), 0.012, note="no realignment: bones change")
    rotations = replace(basic, space="rotations")
    yield _Entry("ciasa-rotations", rotations, 0.012, note="rotations of bones are the variables")
    for region in ("legs", "left arm", "right arm", "trunk"):
        yield _Entry("ciasa", ciasa(0.04, region), 0.04, mode="localized", region=region)
    legs = ciasa(LEGS_ADVANCED)
    note = "hip 0.01, knee 0.05, ankle 0.15, foot 0.25"
    yield _Entry("ciasa", legs, max(LEGS_ADVANCED.values()), mode="advanced", region="legs", note=note)


def _samples(evaluation: ActionEvaluation, samples: Path, tables: dict[str, pa.Table]) -> Iterator[ActionSample]:
    """The first clips of the main attacks, as stored."""
    shown = {
        "ciasa-least-likely-0.012": 4,
        "ciasa-paper-least-likely-0.012": 1,
        "ciasa-legs-least-likely-0.04": 2,
        "ciasa-legs-least-likely-0.25": 3,
        "one-step-untargeted-0.02": 2,
    }
    entries = {entry.folder: entry for entry in _entries()}
    for name, count in shown.items():
        entry = entries[name]
        wanted = dict(zip(tables[name]["sample"].to_pylist(), tables[name]["wanted"].to_pylist(), strict=True))
        stored = read_skeletons(samples / name / "0000.npz", evaluation.data.layout)
        active = entry.attack.budget.active(stored.layout)
        for row, moved in enumerate(stored.unpadded()[:count]):
            clip = next(c for c in evaluation.clips if c.id == stored.ids[row])
            clean = evaluation.data.load(clip).positions
            own = evaluation.data.batch([clip])
            after = _target("xsub")(stored.select([row])).logits
            assert after is not None
            yield ActionSample(
                title=clip.id,
                caption=f"{entry.name}, {entry.region or entry.mode}, {entry.goal}, ε = {entry.epsilon:g} m",
                layout=stored.layout,
                clean=clean,
                adversarial=moved.numpy(),
                visible=own.visible[0].numpy(),
                attacked=active.numpy(),
                frames_per_second=FRAMES_PER_SECOND,
                classes=evaluation.data.classes,
                label=clip.label,
                before=evaluation.logits([clip])[0].double().softmax(0).numpy(),
                after=after[0].detach().double().softmax(0).numpy(),
                wanted=None if wanted[clip.id] is None else evaluation.data.classes.index(wanted[clip.id]),
            )
