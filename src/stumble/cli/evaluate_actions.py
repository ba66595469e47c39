"""`stumble evaluate actions`"""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from rich.console import Console
from rich.table import Table
from rich.text import Text

from stumble.campaign.action_summary import CleanSummary, summarise_clean
from stumble.campaign.actions import ActionEvaluation
from stumble.campaign.choices import classifier, readable_actions, tested_actions, weights
from stumble.campaign.records import provenance
from stumble.cli.progress import progress
from stumble.data.action_opening import open_actions
from stumble.data.action_splits import split_named
from stumble.data.actions import ActionData
from stumble.data.whole_files import whole_file
from stumble.errors import DataError
from stumble.metrics.nearest_pose import nearest_clips, pose_signature
from stumble.spec import to_plain

__all__ = ["evaluate_actions"]


def evaluate_actions(
    *,
    model: str,
    data: Path,
    split: str | None = None,
    subjects: str | None = None,
    limit: int | None = None,
    baseline: Literal["nearest", "none"] = "nearest",
    out: Path | None = None,
    command_line: str,
) -> None:
    """Top-1 and top-5 on clean skeleton clips, over all and by class.

    The interval is a bootstrap over people where the data tells them. Clips that cannot be read are listed, and left
    out.

    Example:
        stumble evaluate actions --model stgcn-synthetic-xsub --data actions --split synthetic-xsub
        stumble evaluate actions --model st_gcn.ntu-xview.pt --data ntu60 --split ntu60-xview --out clean.json
        stumble evaluate actions --model ntu_cv_agcn_joint.pt+ntu_cv_agcn_bone.pt --data ntu60 --split ntu60-xview

    Args:
        model: name of shipped weights, or a checkpoint of ST-GCN (ours, the original's, PYSKL's or MMAction2's), of
            2s-AGCN (ours or the original's) or of PA-LSTM (ours); of several, with + between, their mean logits count.
        data: folder or file of skeleton actions.
        split: evaluate the clips that this split tests, such as ntu60-xsub; all by default.
        subjects: whose clips, such as 75-124; all by default.
        limit: so many clips, drawn at random, always the same ones; all by default.
        baseline: "nearest" puts beside the model the class of the nearest clip that the split trains on, by joint
            positions; needs a split.
        out: JSON file for the figures.
    """
    reference, source = weights(model), open_actions(data)
    target, chosen = classifier(reference), tested_actions(source, split, subjects)
    with progress("reading") as report:
        evaluation, left_out = readable_actions(target, chosen, limit, report)
    with progress("clean clips") as report:
        rows = evaluation.clean(report)
    overall = summarise_clean(rows)
    classes = {
        name: summarise_clean(rows.filter(pc.equal(rows["label"], pa.scalar(name))))
        for name in dict.fromkeys(rows["label"].to_pylist())
    }
    nearest = None
    if baseline == "nearest" and split is not None:
        with progress("nearest clips"):
            nearest = _nearest(split_named(split, source).apply(source)[0], evaluation)
    kind = "synthetic" if source.synthetic else "real"
    print(f"Accuracy in percent: {model} on {source.name} ({kind} data), {overall.n} clips")
    Console().print(_table(overall, classes))
    if nearest is not None:
        print(f"nearest training clip by joint positions: {nearest:.1f} %")
    if out is not None:
        result = {
            "data": source.name,
            "synthetic": source.synthetic,
            "split": split,
            "subjects": subjects,
            "model": to_plain(reference),
            "digest": reference.digest,
            "clean": asdict(overall),
            "nearest": nearest,
            "classes": {name: asdict(summary) for name, summary in classes.items()},
            "left_out": left_out,
            "provenance": provenance(command_line),
        }
        with whole_file(out) as temporary:
            temporary.write_text(json.dumps(result, indent=2, allow_nan=False) + "\n", encoding="utf-8")


def _table(overall: CleanSummary, classes: dict[str, CleanSummary]) -> Table:
    table = Table()
    table.add_column("class")
    for name in ("clips", "top-1", "(95 %)", "top-5"):
        table.add_column(name, justify="right", no_wrap=True)
    for name, summary in (*classes.items(), ("all", overall)):
        low, high = summary.ci95
        table.add_row(Text(name), str(summary.n), f"{summary.top1:.1f}", f"{low:.1f}–{high:.1f}", f"{summary.top5:.1f}")
    return table


def _nearest(train: ActionData, evaluation: ActionEvaluation) -> float:
    """Top-1 in percent of the nearest training clip's class."""

    def signatures(data: ActionData) -> tuple[np.ndarray, np.ndarray]:
        rows, labels = [], []
        for clip, joints in data.sequences(on_damage=lambda clip, error: None):
            rows.append(pose_signature(joints.positions, data.layout.root))
            labels.append(clip.label)
        if not rows:
            raise DataError(data.name, f"none of {len(data)} training clips that can be read", "at least one")
        return np.stack(rows), np.array(labels)

    known, classes = signatures(train)
    asked, label = signatures(replace(evaluation.data, clips=evaluation.clips))
    return float(100 * (classes[nearest_clips(known, asked)] == label).mean())
