"""`stumble evaluate`"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rich.console import Console
from rich.table import Table
from rich.text import Text

from stumble.campaign import GaitEvaluation
from stumble.campaign.choices import described, kinds_of, listed, people, recogniser, usable, weights
from stumble.campaign.records import provenance
from stumble.cli.progress import progress
from stumble.data import PROTOCOLS, GaitData, open_gait
from stumble.data.whole_files import whole_file
from stumble.interfaces import Target
from stumble.metrics.distances import Distance
from stumble.metrics.intervals import subject_bootstrap
from stumble.metrics.retrieval import RankTable, rank1_table
from stumble.models import GEI
from stumble.spec import to_plain

__all__ = ["evaluate"]


def evaluate(
    *,
    model: str,
    data: Path,
    subjects: str | None = None,
    views: str | None = None,
    frames: int | None = None,
    distance: Distance = "per-part",
    baseline: Literal["gei", "none"] = "gei",
    out: Path | None = None,
    command_line: str,
) -> None:
    """Rank-1 on clean sequences, by view and condition, as the data set's protocol counts it.

    On CASIA-B and what is made like it, identical views are excluded, and the mean is over the views of the probes.
    The interval is a bootstrap over people. Sequences that cannot be read are listed and left out.

    Example:
        stumble evaluate --model gaitset-synthetic --data walkers
        stumble evaluate --model GaitSet_CASIA-B.pt --data CASIA-B-pkl --distance flattened --out clean.json

    Args:
        model: name of shipped weights; gei, for energy images; or a checkpoint of GaitSet, GaitBase or SelfGait
            (theirs or ours), GEINet or GaitGAN (ours).
        data: folder of gait data.
        subjects: whom to test, such as 75-124; by default those that the protocol tests.
        views: which views, such as 000,090, of gallery and probes; all by default.
        frames: use the first so many frames of each sequence; all by default.
        distance: "per-part", the mean distance of the parts (OpenGait); "flattened", of the whole vector (GaitSet).
        baseline: "gei" puts the nearest neighbour among gait energy images beside the model.
        out: JSON file for the figures.
    """
    reference = weights(model)
    target = recogniser(reference)
    source = open_gait(data)
    protocol = PROTOCOLS[source.protocol]
    names = protocol.tested(source) if subjects is None else people(source, subjects)
    wanted = source.select(
        subjects=set(names), conditions=protocol.conditions, views=listed(views, source.views, "view")
    )
    with progress("reading") as report:
        tested, left_out = usable(wanted, wanted.keys, report)
    measured = _measured("model", target, tested, names, frames, distance)
    energy = {}
    if baseline == "gei":
        energy = _measured("energy images", GEI(), tested, names, frames, "flattened")
    print(f"Rank-1 in percent: {model} on {described(source, tested.subjects)}")
    Console().print(_table(measured, energy))
    if out is not None:
        result = {
            "data": source.name,
            "synthetic": source.synthetic,
            "protocol": source.protocol,
            "identical_views": protocol.pooled,
            "subjects": list(tested.subjects),
            "model": to_plain(reference),
            "digest": reference.digest,
            "distance": distance,
            "frames": frames,
            "clean": {kind: _plain(rank, energy.get(kind)) for kind, rank in measured.items()},
            "left_out": left_out,
            "provenance": provenance(command_line),
        }
        with whole_file(out) as temporary:
            temporary.write_text(json.dumps(result, indent=2, allow_nan=False) + "\n", encoding="utf-8")


@dataclass(frozen=True)
class _Rank:
    """Rank-1 on the probes of one kind, and its 95 % interval in percent."""

    table: RankTable
    ci95: tuple[float, float]
    probes: int
    decisions: int


def _measured(
    what: str, target: Target, data: GaitData, names: tuple[str, ...], frames: int | None, distance: Distance
) -> dict[str, _Rank]:
    with progress(f"{what}: gallery") as report:
        evaluation = GaitEvaluation.prepare(
            target, data, subjects=set(names), frames=frames, distance=distance, progress=report
        )
    with progress(f"{what}: probes") as report:
        decisions = evaluation.clean(report)
    ranks = {}
    for kind in kinds_of(PROTOCOLS[data.protocol]):
        rows = [i for i, key in enumerate(evaluation.probes) if key.kind == kind]
        if rows:
            own = decisions.select(rows)
            right, counted = (own.correct & own.counted).sum(1).numpy(), own.counted.sum(1).numpy()
            interval = subject_bootstrap(right, counted, [evaluation.probes[i].subject for i in rows])
            ranks[kind] = _Rank(rank1_table(own), interval, len(rows), int(counted.sum()))
    return ranks


def _table(measured: dict[str, _Rank], energy: dict[str, _Rank]) -> Table:
    """A column per kind of probe, a line per view."""
    table = Table()
    table.add_column("probe view")
    for kind in measured:
        table.add_column(kind, justify="right", no_wrap=True)
    views = sorted({view for rank in measured.values() for view in rank.table.probe_views})
    per_view = {kind: dict(zip(r.table.probe_views, r.table.per_view, strict=True)) for kind, r in measured.items()}
    for view in views:
        table.add_row(Text(view), *(f"{per_view[kind].get(view, math.nan):.1f}" for kind in measured))
    table.add_section()
    table.add_row("mean", *(f"{rank.table.mean:.1f}" for rank in measured.values()), style="bold")
    table.add_row("95 %", *(f"{rank.ci95[0]:.1f}–{rank.ci95[1]:.1f}" for rank in measured.values()))
    if energy:
        table.add_row("energy images", *(f"{energy[kind].table.mean:.1f}" for kind in measured))
    table.add_row("probes", *(str(rank.probes) for rank in measured.values()))
    table.add_row("decisions", *(str(rank.decisions) for rank in measured.values()))
    return table


def _plain(rank: _Rank, energy: _Rank | None) -> dict[str, object]:
    """Percentages; None where there is no decision."""
    table = rank.table
    return {
        "rank1": _number(table.mean),
        "ci95": [_number(bound) for bound in rank.ci95],
        "per_view": {v: _number(x) for v, x in zip(table.probe_views, table.per_view.tolist(), strict=True)},
        "gallery_views": list(table.gallery_views),
        "cells": [[_number(x) for x in row] for row in table.percent.tolist()],
        "probes": rank.probes,
        "decisions": rank.decisions,
        "energy_images": None if energy is None else _number(energy.table.mean),
    }


def _number(value: float) -> float | None:
    return round(value, 4) if math.isfinite(value) else None
