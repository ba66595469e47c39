"""`stumble defend`"""

from __future__ import annotations

import time
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa

import stumble.attacks  # noqa: F401  (what --attack can name)
from stumble import __version__
from stumble.attacks import TemporalSparse
from stumble.campaign import GaitEvaluation
from stumble.campaign.batching import MEMORY
from stumble.campaign.cell import specified
from stumble.campaign.choices import described, kinds_of, listed, people, usable, weights
from stumble.campaign.defence_names import GAIT_DEFENCES, DefenceName, defence_names
from stumble.campaign.defence_parts import Measure, Part, all_decisions, defence_parts
from stumble.campaign.drawing import Contents, drawn
from stumble.campaign.gait_lineup import GaitLineup, false_alarms, fitting_sequences
from stumble.campaign.records import provenance, write_defences
from stumble.certify import Sampling
from stumble.cli.defence_table import show_defences
from stumble.cli.progress import progress
from stumble.constraints import Sparsity
from stumble.data import PROTOCOLS, open_gait
from stumble.data.whole_files import resumed_folder, vacant
from stumble.errors import SpecError
from stumble.interfaces import Attack, Target
from stumble.metrics.distances import Distance
from stumble.report.defences import defences_page
from stumble.spec import identity
from stumble.zoo import Shipped

__all__ = ["defend"]


def defend(
    model: str,
    *,
    data: Path,
    out: Path,
    defences: str = "none,partition:5,trimmed",
    attack: Attack = TemporalSparse(Shipped("wgan-synthetic"), iterations=40, plausibility=0.0),
    sparsities: str = "0.025,0.05,0.1",
    kinds: str = "NM",
    views: str | None = None,
    subjects: str | None = None,
    limit: int | None = 20,
    frames: int | None = 40,
    distance: Distance = "per-part",
    critic: str = "wgan-synthetic",
    calibrate: str | None = None,
    votes: int = 25,
    sampling: Sampling = Sampling(),
    seed: int = 1,
    memory: float = MEMORY / 2**30,
    command_line: str,
) -> int:
    """Defences of a gait recogniser in one table: right answers on clean probes, after the attack as it is, after the
    same attack by who knows the defence, and proven; and what an answer costs.

    All rows are about the same probes. OUT gets defences.html (the table), defences.json (figures and what was run),
    defences.parquet (a row per defence, sparsity and decision) and the adversarial sequences. Until it is whole it is
    called OUT.unfinished-…, and the same command goes on with that. Where an answer certified for sure was broken, or
    more are certified than left, the row is red and the exit status is 1.

    Example:
        stumble defend gaitset-synthetic --data walkers --out out/defences
        stumble defend gaitset-synthetic --data walkers --out out/filtered --defences none,filter --calibrate 125-134
        stumble defend gaitset-synthetic --data walkers --out out/more --sparsities 0.025 --defences \\
            none,partition:4,partition:5@few.safetensors,ablation:8,trimmed,trimmed:3,none@hardened.safetensors
        stumble defend gaitset-synthetic --data walkers --out out/inserted --defences none,content:5 \\
            --attack TemporalSparse --attack.prior wgan-synthetic --attack.edit insert

    Args:
        model: name of shipped weights, or a checkpoint of a recogniser that sees one frame at a time, such as GaitSet.
        data: folder of gait data.
        out: folder to write to; new, or empty.
        defences: which, as NAME, NAME:NUMBER or NAME:NUMBER@WEIGHTS for other weights behind it. "none"; "partition",
            votes of so many groups of frames, and "content", the same for inserted frames; "ablation", votes of random
            subsets of so many frames; "trimmed", set pooling by the mean of so many values behind the largest, 1 for
            the second-largest; "filter", implausible frames are not seen, and so many percent of clean ones;
            it needs `calibrate`.
        attack: of frames; its budget is that of `sparsities`.
        sparsities: shares of the frames that are attacked.
        kinds: which probes, such as NM or NM,BG,CL.
        views: whose views, such as 000,090; all by default.
        subjects: whom to test, such as 75-124; by default those that the protocol tests.
        limit: so many probes, drawn at random, always the same ones; null for all.
        frames: use the first so many frames of each sequence; null for all.
        distance: "per-part", the mean distance of the parts (OpenGait); "flattened", of the whole vector (GaitSet).
        critic: of the filter: shipped weights or a file of a generator with its critic.
        calibrate: people whose clean frames say what the filter refuses, others than those tested.
        votes: random subsets that answer.
        sampling: of certificates by random subsets.
        seed: of attacks and random subsets.
        memory: GiB that the graph of one batch may take.
    """
    began = time.perf_counter()
    chosen = defence_names(defences, GAIT_DEFENCES)
    shares = _shares(sparsities)
    if not isinstance(getattr(attack, "budget", None), Sparsity):
        raise SpecError(f"attack {type(attack).__name__}: found no budget of frames; expected an attack that has one")
    source = open_gait(data)
    protocol = PROTOCOLS[source.protocol]
    tested = set(protocol.tested(source) if subjects is None else people(source, subjects))
    fitting = fitting_sequences(source, chosen, calibrate, tested)
    gallery, probes = protocol.split(source, tested)
    probes = probes.select(kinds=listed(kinds, kinds_of(protocol), "kind"), views=listed(views, source.views, "view"))
    references = {name.weights: weights(name.weights or model) for name in chosen}
    critic_weights = weights(critic, "wgan-gp")
    specification: dict[str, object] = {
        "model": weights(model),
        "digests": {str(r): r.digest for r in references.values()} | {"critic": critic_weights.digest},
        "data": {"name": source.name, "synthetic": source.synthetic, "protocol": source.protocol},
        "subjects": sorted(tested),
        "calibrate": calibrate,
        "defences": defences,
        "attack": attack,
        "sparsities": list(shares),
        "kinds": kinds,
        "views": views,
        "limit": limit,
        "frames": frames,
        "distance": distance,
        "votes": votes,
        "sampling": sampling,
        "seed": seed,
    }
    vacant(out)
    keys, contents = gallery.keys + tuple(drawn(probes.keys, limit, "limited probes")), Contents()
    with progress("reading") as report:
        readable, left_out = usable(source, keys, report, contents)
    for number, own in enumerate(fitting):
        contents.add(f"fitting {number}", [own])
    specification["sequences"] = contents.digest

    def prepare(target: Target) -> GaitEvaluation:
        with progress("gallery") as report:
            evaluation = GaitEvaluation.prepare(
                target, readable, subjects=tested, frames=frames, distance=distance, progress=report
            )
        return replace(evaluation, memory=int(memory * 2**30))

    lineup = GaitLineup(references, prepare, critic_weights, fitting, votes, sampling, getattr(attack, "edit", "alter"))

    def opened(name: DefenceName) -> Measure:
        defence = lineup(name)

        @cache
        def proven() -> pa.Table | None:
            with progress(f"{name.text}: certificates"):
                return defence.certificates(attack, seed=seed)

        def measure(share: float, samples: Path) -> Part:
            certificates = proven()
            with progress(f"{name.text}, {share:g}: attacks") as report:
                verdicts = defence.attacked(_sized(attack, share), samples, seed=seed, progress=report)
            part = defence.part(f"S = {share:g}", verdicts, certificates)
            return replace(part, refused=false_alarms(defence))

        return measure

    with resumed_folder(
        out, identity({**specification, "version": __version__, "attack": specified(attack)})
    ) as folder:
        parts = defence_parts(folder, chosen, shares, opened)
        rows = [part.row(name.text) for name, _, part in parts]
        refused = {name.text: part.refused for name, _, part in parts if part.refused is not None}
        what = f"{model} on {described(source, tuple(sorted(tested)))}"
        page = defences_page(rows, what, source.synthetic, refused, command_line)
        (folder / "defences.html").write_text(page, encoding="utf-8")
        write_defences(
            folder,
            all_decisions(parts, "sparsity"),
            specification,
            provenance(command_line, began),
            rows=[row.figures() for row in rows],
            false_alarms={name: asdict(share) for name, share in refused.items()},
            left_out=left_out,
        )
    status = show_defences(rows, what)
    for text, alarm in refused.items():
        shown = f"{alarm.percent:.2f} % ({alarm.ci95[0]:.2f}–{alarm.ci95[1]:.2f})"
        print(f"{text}: refuses {shown} of the clean frames of the people tested")
    print(f"{out}: defences.html, defences.json, defences.parquet, samples")
    return status


def _sized(attack: Any, share: float) -> Attack:
    sized: Attack = replace(attack, budget=Sparsity(share, rounding=attack.budget.rounding))
    return sized


def _shares(text: str) -> tuple[float, ...]:
    try:
        return tuple(Sparsity(float(part)).share for part in text.split(","))
    except ValueError as error:
        raise SpecError(f"sparsities {text}: expected numbers in (0, 1], such as 0.025,0.05") from error
