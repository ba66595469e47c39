"""`stumble attack`"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Literal

from rich.console import Console
from rich.table import Table

from stumble.campaign import AttackSummary, GaitEvaluation, summarise
from stumble.campaign.batching import MEMORY
from stumble.campaign.choices import described, kinds_of, listed, people, recogniser, usable, weights
from stumble.campaign.gait_bench import plausibility_of, realness_of
from stumble.campaign.records import provenance, write_attack
from stumble.campaign.summary import by_kind
from stumble.cli.progress import progress
from stumble.constraints import Kept
from stumble.data import PROTOCOLS, GaitData, open_gait
from stumble.data.whole_files import whole_folder
from stumble.interfaces import Attack, Weights
from stumble.metrics.distances import Distance
from stumble.metrics.plausibility import Plausibility

__all__ = ["attack"]

Row = tuple[str, Callable[[AttackSummary], str]]


def attack(
    *,
    model: str,
    data: Path,
    attack: Attack,
    out: Path,
    goal: Literal["untargeted", "targeted"] = "untargeted",
    kinds: str = "NM",
    views: str | None = None,
    subjects: str | None = None,
    limit: int | None = None,
    frames: int | None = 40,
    distance: Distance = "per-part",
    seed: int = 1,
    memory: float = MEMORY / 2**30,
    command_line: str,
) -> None:
    """Attack a gait recogniser on one data set, store what the attack made, and judge what was stored.

    OUT gets verdicts.parquet (a row per attacked sequence and gallery view), samples/*.npz, and attack.json with the
    specification and the figures; it is either whole afterwards or not there. What a plausible frame is, is fixed on
    the people that the protocol trains on; where fewer than 3 of them are in the data, plausibility is not judged.

    Example:
        stumble attack --model gaitset-synthetic --data walkers --out out/one --limit 24 \\
            --attack TemporalSparse --attack.prior wgan-synthetic --attack.budget.share 0.025
        stumble attack --model mine.safetensors --data walkers --out out/two --goal targeted \\
            --attack TemporalSparse --attack.prior wgan.safetensors --attack.budget.share 0.1 --attack.positions Even
        stumble attack --model gaitset-synthetic --data walkers --out out/real \\
            --attack RealFrames --attack.pool walkers
        stumble attack --model gaitset-synthetic --data walkers --out out/pgd --attack stumble.attacks.pgd
        stumble attack --model gaitset-synthetic --data walkers --out out/searched --attack TemporalSparse \\
            --attack.prior wgan-synthetic --attack.positions GreedyTrials --attack.coherence 0.7
        stumble attack --model gaitset-synthetic --data walkers --out out/asked --attack EvolvedLatents \\
            --attack.prior wgan-synthetic --attack.queries 1000
        stumble attack --attack.help TemporalSparse
    The same in a file, for `stumble attack --config FILE` (`--print_config` writes one):
        model: gaitset-synthetic
        data: walkers
        out: out/one
        attack:
          class_path: TemporalSparse
          init_args:
            prior: {class_path: Shipped, init_args: {name: wgan-synthetic}}
            budget: {share: 0.025}

    Args:
        model: name of shipped weights; gei, for energy images; or a checkpoint of GaitSet, GaitBase or SelfGait
            (theirs or ours), GEINet or GaitGAN (ours).
        data: folder of gait data.
        attack: which; its fields follow it, such as --attack.iterations 50. --attack.prior also takes the name of
            shipped weights or a file, --attack.pool also a folder of gait data, of which the people that the protocol
            trains on are drawn from.
        out: folder to write to; new, or empty.
        goal: "untargeted", not to be recognised; "targeted", to be taken for a person drawn for each sequence.
        kinds: which probes, such as NM or NM,BG,CL.
        views: whose views, such as 000,090; all by default.
        subjects: whom to test, such as 75-124; by default those that the protocol tests.
        limit: attack so many probes, drawn at random, always the same ones; all by default.
        frames: use the first so many frames of each sequence; null for all.
        distance: "per-part", the mean distance of the parts (OpenGait); "flattened", of the whole vector (GaitSet).
        seed: of the attack.
        memory: GiB that the graph of one batch may take; results do not depend on it.
    """
    began = time.perf_counter()
    reference = weights(model)
    target, source = recogniser(reference), open_gait(data)
    protocol = PROTOCOLS[source.protocol]
    chosen = set(protocol.tested(source) if subjects is None else people(source, subjects))
    gallery, probes = protocol.split(source, chosen)
    probes = probes.select(kinds=listed(kinds, kinds_of(protocol), "kind"), views=listed(views, source.views, "view"))
    generator: Weights | None = getattr(attack, "prior", None)
    critic = realness_of(attack)
    digests = {"model": reference.digest} | ({} if generator is None else {"prior": generator.digest})
    specification: dict[str, object] = {
        "model": reference,
        "digests": digests,
        "data": {"name": source.name, "synthetic": source.synthetic, "protocol": source.protocol},
        "subjects": sorted(chosen),
        "attack": attack,
        "goal": goal,
        "kinds": kinds,
        "views": views,
        "limit": limit,
        "frames": frames,
        "distance": distance,
        "seed": seed,
    }
    with whole_folder(out) as folder:
        with progress("reading") as report:
            tested, left_out = usable(source, gallery.keys + probes.keys, report)
        with progress("gallery") as report:
            evaluation = GaitEvaluation.prepare(
                target, tested, subjects=chosen, frames=frames, distance=distance, progress=report
            )
        evaluation = replace(evaluation.select(limit=limit), memory=int(memory * 2**30))
        plausibility = _plausibility(source)
        with progress("attack") as report:
            verdicts = evaluation.attack(
                attack,
                goal,
                folder / "samples",
                constraint=Kept(getattr(attack, "edit", "alter")),
                judge=evaluation.judge(plausibility, critic),
                seed=seed,
                progress=report,
            )
        summaries = {kind: summarise(part) for kind, part in by_kind(verdicts, kinds_of(protocol)).items()}
        write_attack(
            folder,
            verdicts,
            specification,
            provenance(command_line, began),
            summary={kind: asdict(summary) for kind, summary in summaries.items()},
            plausibility=_thresholds(plausibility),
            left_out=left_out,
        )
    print(f"{type(attack).__name__}, {goal}, on {described(source, tested.subjects)}")
    Console().print(_table(summaries))
    print(f"{out}: attack.json, verdicts.parquet, samples")


def _plausibility(data: GaitData) -> Plausibility | None:
    with progress("what plausible frames are"):
        plausibility = plausibility_of(data)
    if plausibility is None:
        print("stumble: plausibility is not judged: fewer than 3 training people in the data", file=sys.stderr)
    return plausibility


def _thresholds(plausibility: Plausibility | None) -> dict[str, float] | None:
    if plausibility is None:
        return None
    return {name: getattr(plausibility, name) for name in ("overlap", "component", "coherence")}


def _table(summaries: dict[str, AttackSummary]) -> Table:
    """A column per kind of probe."""
    table = Table()
    table.add_column("percent")
    for kind in summaries:
        table.add_column(kind, justify="right", no_wrap=True)
    for name, shown in _ROWS:
        table.add_row(name, *(shown(summary) for summary in summaries.values()))
    return table


def _percent(value: float | None, interval: tuple[float, float] | None = None) -> str:
    shown = "–" if value is None else f"{value:.1f}"
    return shown if interval is None else f"{shown} ({interval[0]:.1f}–{interval[1]:.1f})"


_ROWS: tuple[Row, ...] = (
    ("sequences attacked", lambda s: str(s.sequences)),
    ("frames changed", lambda s: _percent(100 * s.sparsity)),
    ("rank-1, clean", lambda s: _percent(s.rank1_clean)),
    ("rank-1, attacked (95 %)", lambda s: _percent(s.rank1, s.rank1_ci95)),
    ("success (95 %)", lambda s: _percent(s.success, s.ci95)),
    ("  of so many decisions", lambda s: str(s.n)),
    ("  before the attack", lambda s: _percent(s.success_clean)),
    ("  rounded to black and white", lambda s: _percent(s.success_binary)),
    ("plausible success (95 %)", lambda s: _percent(s.plausible, s.plausible_ci95)),
    ("  and coherent", lambda s: _percent(s.plausible_coherent)),
    ("plausible sequences", lambda s: _percent(s.plausible_samples)),
    ("critic's probability of real", lambda s: _percent(None if s.realness is None else 100 * s.realness)),
    ("levels changed elsewhere", lambda s: f"{s.violation:g}"),
)
