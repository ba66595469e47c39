"""The demo's gait: synthetic walkers, GaitSet, the temporal sparse attack and what it is compared with."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pyarrow as pa
import torch

from stumble.attacks import BestReal, RandomFrames, RealFrames, TemporalSparse, bounded, fgsm, mi_fgsm, pgd
from stumble.campaign import GaitEvaluation, summarise
from stumble.campaign.reference import fit_plausibility
from stumble.campaign.store import read_samples
from stumble.cli.demo_stages import Stage, Stages, provenance
from stumble.constraints import Sparsity
from stumble.data import GaitData, open_gait
from stumble.data.frame_pool import LoadedFrames, draw_frames
from stumble.interfaces import Attack, SilhouettePrior, Target
from stumble.metrics.gei import gait_energy_images
from stumble.metrics.plausibility import Plausibility
from stumble.metrics.retrieval import EmbeddedSequences, RankTable, nearest, rank1_table
from stumble.report import AttackRow, GaitReport, Strip
from stumble.report.gait import told
from stumble.synth.dataset import write_walkers
from stumble.zoo import Shipped

__all__ = ["gait_report"]

_VIEWS = ("000", "054", "090", "126")
_TESTED = range(75, 95)
_POOL = range(1, 21)
_LIMITS = range(125, 135)
_CLIP = 40
_TARGET, _PRIOR = "gaitset-synthetic", "wgan-synthetic"
Kind = Literal["untargeted", "targeted"]


@dataclass(frozen=True)
class _Entry:
    """One line of the demo's table."""

    name: str
    attack: Attack
    sparsity: float
    goal: Kind = "untargeted"
    note: str = ""


def gait_report(out: Path, probes: int, seed: int, stages: Stages) -> GaitReport:
    """Attack GaitSet; the walkers and the adversarial samples are kept below `out`."""
    began = time.perf_counter()
    tested, pool, limits = _walkers(out / "walkers", stages("rendering walkers"))
    target, prior = Shipped(_TARGET).load(), Shipped(_PRIOR).load()
    assert isinstance(target, Target)
    assert isinstance(prior, SilhouettePrior)
    with stages("gallery") as report:
        evaluation = GaitEvaluation.prepare(target, tested, subjects=tested.subjects, frames=_CLIP, progress=report)
    with stages("clean probes") as report:
        clean = _clean(evaluation, report)
    plausibility = fit_plausibility(pool, limits)
    attacked = evaluation.select(kinds=["NM"], limit=probes)
    judge = attacked.judge(plausibility, lambda frames: torch.sigmoid(prior.plausibility_logit(frames)))
    others = draw_frames(tested.select(conditions=["nm-01", "nm-02", "nm-03", "nm-04"]), per_sequence=2, seed=seed)
    rows, tables = [], {}
    for entry in _entries(others):
        name = f"{entry.name}-{entry.goal}-{entry.sparsity:g}"
        with stages(f"{entry.name} {entry.goal} {entry.sparsity:.3g}") as report:
            tables[name] = attacked.attack(
                entry.attack,
                entry.goal,
                out / "samples" / name,
                judge=judge,
                seed=seed,
                progress=report,
            )
        rows.append(AttackRow(entry.name, "NM", entry.sparsity, summarise(tables[name]), entry.note))
    return GaitReport(
        title="GaitSet under temporal sparse attack",
        data=f"synthetic walkers {_TESTED[0]}–{_TESTED[-1]}, views {', '.join(_VIEWS)}, clips of {_CLIP} frames",
        synthetic=True,
        clean=clean,
        clean_baseline=_energy_images(evaluation),
        attacks=tuple(rows),
        strips=tuple(_strips(attacked, out / "samples", tables)),
        plausibility={name: getattr(plausibility, name) for name in ("overlap", "component", "coherence")},
        provenance=provenance(
            f"stumble demo --only gait --out {out} --probes {probes} --seed {seed}",
            seed,
            (_TARGET, _PRIOR),
            time.perf_counter() - began,
        ),
        notes=_notes(attacked, plausibility),
    )


def _walkers(root: Path, stage: Stage) -> tuple[GaitData, GaitData, GaitData]:
    """Tested people, people whose frames are the plausibility pool, people whose frames set its thresholds."""
    jobs = [
        (_TESTED, ("nm-01", "nm-02", "nm-03", "nm-04", "nm-05", "nm-06", "bg-01", "bg-02", "cl-01", "cl-02")),
        (_POOL, ("nm-01", "bg-01", "cl-01")),
        (_LIMITS, ("nm-01", "bg-01", "cl-01")),
    ]
    total = sum(len(people) * len(conditions) for people, conditions in jobs)
    done = 0
    with stage as report:
        for people, conditions in jobs:
            write_walkers(
                root,
                people,
                conditions=conditions,
                views=_VIEWS,
                progress=lambda walks, base=done: report(base + walks, total),  # type: ignore[misc]
            )
            done += len(people) * len(conditions)
    data = open_gait(root)
    tested, pool, limits = (data.select(subjects=[f"{s:03d}" for s in people]) for people, _ in jobs)
    return tested, pool, limits


def _entries(others: LoadedFrames) -> list[_Entry]:
    prior, one = Shipped(_PRIOR), Sparsity(1 / 40)
    sparse = [_Entry("temporal-sparse", TemporalSparse(prior, budget=Sparsity(s)), s) for s in (1 / 40, 1 / 20, 1 / 10)]
    return [
        *sparse,
        _Entry("temporal-sparse-bounded", bounded(prior, one), 1 / 40, note="128 starts, 15° reach"),
        _Entry("temporal-sparse", TemporalSparse(prior, budget=Sparsity(1 / 10)), 1 / 10, "targeted"),
        _Entry("random", RandomFrames(prior, budget=one), 1 / 40, note="z ~ N(0, I), not optimised"),
        _Entry("real", RealFrames(others, budget=one), 1 / 40, note="random frames of other people"),
        _Entry("best-real", BestReal(others, budget=one), 1 / 40, note="the worst of 200 real frames of other people"),
        _Entry("fgsm", fgsm(one), 1 / 40, note="budget 1, random start"),
        _Entry("pgd", pgd(one), 1 / 40, note="20 steps of 0.05, budget 1, random start"),
        _Entry("mi-fgsm", mi_fgsm(one), 1 / 40, note="20 steps of 0.05, decay 1, random start"),
        _Entry("mi-fgsm-100", mi_fgsm(one, iterations=100), 1 / 40, note="as many steps as the latent attack"),
    ]


def _clean(evaluation: GaitEvaluation, report: Callable[[int, int], None]) -> dict[str, RankTable]:
    decisions = evaluation.clean(report)
    kinds = [key.kind for key in evaluation.probes]
    return {
        kind: rank1_table(decisions.select([i for i, k in enumerate(kinds) if k == kind]))
        for kind in sorted(set(kinds), key=["NM", "BG", "CL"].index)
    }


def _energy_images(evaluation: GaitEvaluation) -> dict[str, float]:
    """Rank-1 of the nearest gait energy image on the same clips: what a method without learning reaches."""

    def images(keys: tuple) -> EmbeddedSequences:  # type: ignore[type-arg]
        templates = torch.cat([gait_energy_images(evaluation.data.batch([k], evaluation.frames)) for k in keys])
        return EmbeddedSequences(templates, [k.subject for k in keys], [k.view for k in keys])

    gallery = images(evaluation.enrolled)
    kinds = dict.fromkeys(key.kind for key in evaluation.probes)
    return {
        kind: rank1_table(nearest(images(evaluation.select(kinds=[kind]).probes), gallery, "flattened")).mean
        for kind in kinds
    }


def _strips(attacked: GaitEvaluation, samples: Path, tables: dict[str, pa.Table]) -> Iterator[Strip]:
    """The first sequences of the main attacks and of the comparisons, as stored."""
    shown = {
        "temporal-sparse-untargeted-0.025": 6,
        "temporal-sparse-bounded-untargeted-0.025": 6,
        "temporal-sparse-untargeted-0.1": 3,
        "temporal-sparse-targeted-0.1": 3,
        "best-real-untargeted-0.025": 3,
        "random-untargeted-0.025": 2,
        "mi-fgsm-untargeted-0.025": 2,
    }
    for name, count in shown.items():
        table = tables[name].to_pylist()
        stored, edited = read_samples(samples / name / "0000.npz")
        for row in range(min(count, len(stored))):
            verdicts = [v for v in table if v["sample"] == stored.ids[row]]
            key = next(k for k in attacked.probes if k.id == stored.ids[row])
            length = int(stored.lengths[row])
            yield Strip(
                title=key.id,
                caption=f"{name.rsplit('-', 2)[0]}, {told(verdicts, int(edited[row].sum()), length)}",
                clean=attacked.data.load(key)[: attacked.frames],
                adversarial=stored.frames[row, :length].numpy(),
                edited=edited[row, :length].numpy(),
                plausible=verdicts[0]["plausible"],
                coherent=verdicts[0]["coherent"],
            )


def _notes(attacked: GaitEvaluation, plausibility: Plausibility) -> tuple[str, ...]:
    return (
        f"{len(attacked.probes)} normal-walking probes of people {_TESTED[0]}–{_TESTED[-1]}; the networks were trained "
        "on people 1–74. Identical views are excluded; intervals are bootstrapped over people.",
        f"Plausible: overlap with the nearest of {len(plausibility.pool)} real frames of people {_POOL[0]}–{_POOL[-1]} "
        f"and share of the largest component no lower than the 1st percentile of real frames of people "
        f"{_LIMITS[0]}–{_LIMITS[-1]}; fixed before any attack, and not optimised by any.",
        "Every figure is judged on the stored 8-bit sample by a fresh forward pass.",
    )
