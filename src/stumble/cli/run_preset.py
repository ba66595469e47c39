"""`stumble run preset:NAME`"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from stumble import zoo
from stumble.campaign.actions import ActionEvaluation
from stumble.campaign.choices import classifier, readable_actions, tested_actions, weights
from stumble.campaign.preset_run import Outcome, PresetRun
from stumble.campaign.presets import Preset, Setting, preset_named
from stumble.campaign.published import column_for
from stumble.campaign.records import provenance
from stumble.cli.progress import progress
from stumble.data.action_opening import open_actions
from stumble.data.pose_pool import FolderPoses
from stumble.data.whole_files import whole_file
from stumble.layouts import OPENPOSE18, Layout
from stumble.metrics.naturalness import Discriminator
from stumble.priors.bone_angles import BoneAngleDiscriminator
from stumble.priors.discriminators import Frozen
from stumble.report.preset_figures import curve_svg, missed, missed_samples, strips_svg
from stumble.report.preset_tables import PresetTable, markdown_table
from stumble.spec import to_plain

__all__ = ["run_preset"]

_PRIOR, _JUDGE = "bone-angles-synthetic", "bone-angles-judge-synthetic"
_POOLED_CLIPS = 512
_DRAWN = 4
"""Clips in the figure of failures."""


def run_preset(
    name: str,
    *,
    model: str,
    data: Path,
    out: Path,
    split: str | None,
    subjects: str | None,
    limit: int | None,
    iterations: int,
    seed: int,
    memory: float,
    command_line: str,
) -> None:
    """Regenerate a table or a figure of the CIASA paper; see `stumble run`."""
    began = time.perf_counter()
    make = preset_named(name)
    reference, source = weights(model), open_actions(data)
    target, chosen = classifier(reference), tested_actions(source, split, subjects)
    prior, judge = (_discriminator(name, source.layout) for name in (_PRIOR, _JUDGE))
    poses = FolderPoses(data, split or "", clips=_POOLED_CLIPS)
    preset = make(Setting(source.layout, poses, None if prior is None else Frozen(prior), iterations))
    with progress("reading") as report:
        evaluation, left_out = readable_actions(target, chosen, limit, report)
    evaluation = replace(evaluation, memory=int(memory * 2**30))
    specification = {
        "model": reference,
        "judge": judge,
        "digests": {
            "model": reference.digest,
            **{used.name: used.digest for used in (prior, judge) if used is not None},
        },
        "data": {"name": source.name, "synthetic": source.synthetic, "format": source.format},
        "clips": {"number": len(evaluation.clips), "digest": _digest(evaluation)},
        "split": split,
        "subjects": subjects,
        "limit": limit,
    }
    rows = PresetRun(evaluation, evaluation.judge(_realness(judge)), out / "rows", specification, seed)
    outcomes = tuple(_outcomes(rows, preset, provenance(command_line)))
    unit = "" if source.layout == OPENPOSE18 else "m"
    table = PresetTable(preset, outcomes, source.name, source.synthetic, column_for(split, source.layout), unit)
    failures = {o.row.name: missed(o) for o in outcomes} if preset.figure == "failures" else {}
    result = {
        "preset": preset.name,
        "title": preset.title,
        "synthetic": source.synthetic,
        "sources": list(table.sources),
        "column": table.column,
        "specification": to_plain({**specification, "seed": seed}),
        "rows": table.rows(),
        **({"failures": failures} if failures else {}),
        "notes": list(preset.notes),
        "left_out": left_out,
        "provenance": provenance(command_line, began),
    }
    document = table.markdown() + "".join(_failure_list(o) for o in outcomes if o.row.name in failures)
    written = {
        "result.json": json.dumps(result, indent=2, allow_nan=False) + "\n",
        "table.md": document + "\n",
        **_figure(rows, table),
    }
    for name, text in written.items():
        with whole_file(out / name) as temporary:
            temporary.write_text(text, encoding="utf-8")
    print("\n".join(table.sources))
    Console().print(table.terminal())
    print("\n".join(f"· {note}" for note in preset.notes))
    print(f"{out}: {', '.join(written)}, rows")


def _discriminator(name: str, layout: Layout) -> zoo.Shipped | None:
    """A shipped discriminator of such skeletons, or None where there is none."""
    if name not in zoo.names():
        return None
    network = zoo.Shipped(name).load()
    return zoo.Shipped(name) if isinstance(network, BoneAngleDiscriminator) and network.layout == layout else None


def _realness(judge: zoo.Shipped | None) -> Discriminator | None:
    network = None if judge is None else judge.load()
    return network.realness if isinstance(network, BoneAngleDiscriminator) else None


def _digest(evaluation: ActionEvaluation) -> str:
    """Which clips are attacked."""
    return hashlib.sha256("\n".join(clip.id for clip in evaluation.clips).encode()).hexdigest()


def _outcomes(rows: PresetRun, preset: Preset, made: dict[str, object]) -> Iterator[Outcome]:
    """Every row, those of an earlier run first looked at, so that nothing runs where one does not fit."""
    stored = [rows.stored(row) for row in preset.rows]
    for number, (row, there) in enumerate(zip(preset.rows, stored, strict=True), 1):
        if there is not None:
            yield there
            continue
        with progress(f"{number}/{len(preset.rows)} {row.label}") as report:
            yield rows.attack(row, report, made)


def _figure(rows: PresetRun, table: PresetTable) -> dict[str, str]:
    """The name and the text of the preset's figure, where it has one."""
    ours, _ = table.sources
    if table.preset.figure == "curve":
        return {"figure.svg": curve_svg(table.outcomes, table.column, table.unit, ours)}
    if table.preset.figure == "failures":
        samples = [sample for outcome in table.outcomes for sample in missed_samples(rows, outcome, _DRAWN)]
        return {"figure.svg": strips_svg(samples, ours)} if samples else {}
    return {}


def _failure_list(outcome: Outcome) -> str:
    clips = missed(outcome)
    heading = f"\n\n## {outcome.row.label}: {len(clips)} of {outcome.summary.n} clips held out\n\n"
    lines = [[f"{v:.3f}" if isinstance(v, float) else str(v) for v in clip.values()] for clip in clips]
    return heading + markdown_table(list(clips[0]), lines) if clips else heading.rstrip()
