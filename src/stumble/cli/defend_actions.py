"""`stumble defend actions`"""

from __future__ import annotations

import time
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa

import stumble.attacks  # noqa: F401  (what --attack can name)
from stumble import __version__
from stumble.attacks import CIASA
from stumble.campaign.actions import ActionEvaluation
from stumble.campaign.actions_defended import DefendedActions
from stumble.campaign.batching import MEMORY
from stumble.campaign.cell import specified
from stumble.campaign.choices import classifier, readable_actions, tested_actions, weights
from stumble.campaign.defence_names import ACTION_DEFENCES, DefenceName, defence_names
from stumble.campaign.defence_parts import Measure, Part, all_decisions, defence_parts
from stumble.campaign.drawing import Contents
from stumble.campaign.records import provenance, write_defences
from stumble.certify import Sampling
from stumble.cli.defence_table import show_defences
from stumble.cli.progress import progress
from stumble.constraints import JointBudget
from stumble.data.action_opening import open_actions
from stumble.data.whole_files import resumed_folder, vacant
from stumble.defenses import ActionDefence, group_vote, smoothing, unprotected
from stumble.errors import SpecError
from stumble.interfaces import SkeletonAttack, SkeletonTarget
from stumble.report.defences import defences_page
from stumble.spec import identity

__all__ = ["defend_actions"]


def defend_actions(
    model: str,
    *,
    data: Path,
    out: Path,
    defences: str = "none,partition:3,smoothing:0.002",
    attack: SkeletonAttack = CIASA(iterations=30),
    epsilons: str = "0.00002,0.001,0.004",
    split: str | None = None,
    subjects: str | None = None,
    limit: int | None = 20,
    votes: int = 25,
    sampling: Sampling = Sampling(portion=64),
    seed: int = 1,
    memory: float = MEMORY / 2**30,
    command_line: str,
) -> int:
    """Defences of an action recogniser in one table: right answers on clean clips, after the attack as it is, after the
    same attack by who knows the defence, and proven; and what an answer costs.

    All rows are about the same clips. A certificate counts where its radius reaches the corner of the attack's box. OUT
    gets defences.html (the table), defences.json (the figures and what was run), defences.parquet (a row per defence,
    epsilon and clip) and the adversarial sequences. Until it is whole it is called OUT.unfinished-…, and the same
    command goes on with that. Where an answer certified for sure was broken, or more are certified than left, the row
    is red and the exit status is 1.

    Example:
        stumble defend actions stgcn-synthetic-xsub --data actions --split synthetic-xsub --out out/defences
        stumble defend actions mine.safetensors --data ntu60 --split ntu60-xsub --out out/hardened --epsilons 0.004 \\
            --defences none,none@hardened.safetensors,smoothing:0.01@hardened.safetensors

    Args:
        model: name of shipped weights, or a checkpoint of ST-GCN (ours, the original's, PYSKL's or MMAction2's), of
            2s-AGCN (ours or the original's) or of PA-LSTM (ours).
        data: folder or file of skeleton actions.
        out: folder to write to; new, or empty.
        defences: which, as NAME, NAME:NUMBER or NAME:NUMBER@WEIGHTS for other weights behind it. "none"; "partition",
            votes of so many groups of frames; "smoothing", votes of versions with noise of this standard deviation.
        attack: of joints; the size of its box is that of `epsilons`.
        epsilons: how far joints may go along each axis, in the units of the joints.
        split: the clips that this split tests, such as ntu60-xsub; all by default.
        subjects: whose clips, such as 75-94; all by default.
        limit: so many clips, drawn at random, always the same ones; null for all.
        votes: noisy versions that answer.
        sampling: of certificates by smoothing.
        seed: of attacks and noise.
        memory: GiB that the graph of one batch may take.
    """
    began = time.perf_counter()
    chosen = defence_names(defences, ACTION_DEFENCES)
    budgets = _budgets(attack, epsilons)
    reference, source = weights(model), open_actions(data)
    references = {name.weights: weights(name.weights or model) for name in chosen}
    clips = tested_actions(source, split, subjects)
    specification: dict[str, object] = {
        "model": reference,
        "digests": {str(each): each.digest for each in references.values()},
        "data": {"name": source.name, "synthetic": source.synthetic, "format": source.format},
        "defences": defences,
        "attack": attack,
        "epsilons": epsilons,
        "split": split,
        "subjects": subjects,
        "limit": limit,
        "votes": votes,
        "sampling": sampling,
        "seed": seed,
    }
    vacant(out)
    contents = Contents()
    with progress("reading") as report:
        evaluation, left_out = readable_actions(classifier(reference), clips, limit, report, contents)
    specification["sequences"] = contents.digest

    def opened(name: DefenceName) -> Measure:
        target = classifier(references[name.weights])
        plain = ActionEvaluation(target, evaluation.data, evaluation.clips, int(memory * 2**30))
        defence = DefendedActions(_defence(name, target, votes, sampling), plain)

        @cache
        def proven() -> pa.Table | None:
            with progress(f"{name.text}: certificates"):
                return defence.certificates(seed=seed)

        def measure(size: float, samples: Path) -> Part:
            certificates, budget = proven(), budgets[size]
            with progress(f"{name.text}, {size:g}: attacks") as report:
                verdicts = defence.attacked(_sized(attack, budget), samples, seed=seed, progress=report)
            return defence.part(budget, verdicts, certificates)

        return measure

    with resumed_folder(
        out, identity({**specification, "version": __version__, "attack": specified(attack)})
    ) as folder:
        parts = defence_parts(folder, chosen, tuple(budgets), opened)
        rows = [part.row(name.text) for name, _, part in parts]
        what = f"{model} on {source.name} ({'synthetic' if source.synthetic else 'real'} data)"
        page = defences_page(rows, what, source.synthetic, {}, command_line)
        (folder / "defences.html").write_text(page, encoding="utf-8")
        write_defences(
            folder,
            all_decisions(parts, "epsilon"),
            specification,
            provenance(command_line, began),
            rows=[row.figures() for row in rows],
            left_out=left_out,
        )
    status = show_defences(rows, what)
    print(f"{out}: defences.html, defences.json, defences.parquet, samples")
    return status


def _defence(name: DefenceName, target: SkeletonTarget, votes: int, sampling: Sampling) -> ActionDefence:
    match name.kind:
        case "partition":
            return group_vote(target, name.whole)
        case "smoothing":
            return smoothing(target, name.number, votes, sampling)
        case _:
            return unprotected(target)


def _budgets(attack: SkeletonAttack, epsilons: str) -> dict[float, JointBudget]:
    budget = getattr(attack, "budget", None)
    if not isinstance(budget, JointBudget):
        raise SpecError(f"attack {type(attack).__name__}: found no budget of joints; expected an attack that has one")
    try:
        return {size: replace(budget, epsilon=size) for size in map(float, epsilons.split(","))}
    except ValueError as error:
        raise SpecError(f"epsilons {epsilons}: expected numbers above 0, such as 0.001,0.004") from error


def _sized(attack: Any, budget: JointBudget) -> SkeletonAttack:
    sized: SkeletonAttack = replace(attack, budget=budget)
    return sized
