"""`stumble attack actions`"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

import stumble.attacks  # noqa: F401  (what --attack can name)
from stumble.campaign.action_summary import ActionSummary, summarise_actions
from stumble.campaign.batching import MEMORY
from stumble.campaign.choices import classifier, readable_actions, tested_actions, weights
from stumble.campaign.records import provenance, write_attack
from stumble.cli.progress import progress
from stumble.data.action_opening import open_actions
from stumble.data.whole_files import whole_folder
from stumble.interfaces import SkeletonAttack, Weights

__all__ = ["attack_actions"]


def attack_actions(
    *,
    model: str,
    data: Path,
    attack: SkeletonAttack,
    out: Path,
    goal: str = "least-likely",
    split: str | None = None,
    subjects: str | None = None,
    limit: int | None = None,
    seed: int = 1,
    memory: float = MEMORY / 2**30,
    command_line: str,
) -> None:
    """Attack an action recogniser on one data set, store what the attack made, and judge what was stored.

    OUT gets verdicts.parquet (a row per attacked clip), samples/*.npz, and attack.json with the specification and the
    figures; it is either whole afterwards or not there.

    Example:
        stumble attack actions --model stgcn-synthetic-xsub --data actions --split synthetic-xsub --limit 64 \\
            --out out/basic --attack CIASA --attack.prior bone-angles-synthetic
        stumble attack actions --model mine.pt --data ntu60 --split ntu60-xview --out out/legs \\
            --attack CIASA --attack.budget.epsilon '{hip: 0.01, knee: 0.05, ankle: 0.15, foot: 0.25}'
        stumble attack actions --model mine.pt --data ntu60 --split ntu60-xview --out out/arm \\
            --attack CIASA --attack.budget.epsilon 0.04 --attack.budget.region 'left arm'
        stumble attack actions --model mine.pt --data ntu60 --split ntu60-xview --out out/paper \\
            --attack CIASA --attack.projection paper --attack.prior TrainedAlong --attack.prior.poses ntu60
        stumble attack actions --model mine.pt --data kinetics --out out/step --goal untargeted --attack OneStep
        stumble attack actions --attack.help CIASA

    Args:
        model: name of shipped weights, or a checkpoint of ST-GCN (ours, the original's, PYSKL's or MMAction2's), of
            2s-AGCN (ours or the original's) or of PA-LSTM (ours); of several, with + between, their mean logits count.
        data: folder or file of skeleton actions.
        attack: which; its fields follow it, such as --attack.iterations 50. --attack.prior also takes the name of
            shipped weights or a file of a discriminator; for one that is TrainedAlong, --attack.prior.poses takes a
            folder or file of skeleton actions to draw clean poses from.
        out: folder to write to; new, or empty.
        goal: "least-likely", to be taken for the class that the clean clip is least likely of; "untargeted", to be
            taken for another than the clean clip is; or the name of a class.
        split: attack the clips that this split tests, such as ntu60-xsub; all by default.
        subjects: whose clips, such as 75-94; all by default.
        limit: attack so many clips, drawn at random, always the same ones; all by default.
        seed: of the attack.
        memory: GiB that the graph of one batch may take; results do not depend on it.
    """
    began = time.perf_counter()
    reference, source = weights(model), open_actions(data)
    target, chosen = classifier(reference), tested_actions(source, split, subjects)
    prior = getattr(getattr(attack, "prior", None), "weights", None)
    digests = {"model": reference.digest} | ({"prior": prior.digest} if isinstance(prior, Weights) else {})
    specification: dict[str, object] = {
        "model": reference,
        "digests": digests,
        "data": {"name": source.name, "synthetic": source.synthetic, "format": source.format},
        "attack": attack,
        "goal": goal,
        "split": split,
        "subjects": subjects,
        "limit": limit,
        "seed": seed,
    }
    with whole_folder(out) as folder:
        with progress("reading") as report:
            evaluation, left_out = readable_actions(target, chosen, limit, report)
        evaluation = replace(evaluation, memory=int(memory * 2**30))
        with progress("attack") as report:
            verdicts = evaluation.attack(attack, goal, folder / "samples", seed=seed, progress=report)
        summary = summarise_actions(verdicts)
        write_attack(
            folder,
            verdicts,
            specification,
            provenance(command_line, began),
            summary=asdict(summary),
            left_out=left_out,
        )
    kind = "synthetic" if source.synthetic else "real"
    print(f"{type(attack).__name__}, {goal}, on {source.name} ({kind} data), {summary.n} clips")
    Console().print(_table(summary))
    print(f"{out}: attack.json, verdicts.parquet, samples")


def _table(summary: ActionSummary) -> Table:
    table = Table(show_header=False)
    table.add_column("measure")
    table.add_column("value", justify="right", no_wrap=True)
    for name, shown in _ROWS:
        table.add_row(name, shown(summary))
    return table


_ROWS: tuple[tuple[str, Callable[[ActionSummary], str]], ...] = (
    ("clips attacked", lambda s: str(s.n)),
    ("accuracy, clean", lambda s: f"{s.accuracy_clean:.1f} %"),
    ("accuracy, attacked", lambda s: f"{s.accuracy:.1f} %"),
    ("prediction changed", lambda s: f"{s.fooling:.1f} %"),
    ("goal reached (95 %)", lambda s: f"{s.success:.1f} % ({s.ci95[0]:.1f}–{s.ci95[1]:.1f})"),
    ("joints moved, mean", lambda s: f"{s.joint_mm:.1f} mm"),
    ("joints moved, most", lambda s: f"{s.joint_max_mm:.1f} mm"),
    ("bones changed, mean", lambda s: f"{s.bone_pct:.3f} %"),
    ("bones changed, most", lambda s: f"{s.bone_max_pct:.3f} %"),
    ("acceleration changed", lambda s: f"{s.accel:.1f} %"),
    ("outside the box, most", lambda s: f"{s.violations.get('box', 0.0):.2g}"),
    ("values changed elsewhere", lambda s: f"{s.violations.get('untouched', 0.0):g}"),
)
