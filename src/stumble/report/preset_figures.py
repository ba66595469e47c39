"""The figures of a paper as SVG documents that stand alone: a curve over epsilon, and the clips that held out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from jinja2 import Environment, PackageLoader, StrictUndefined

from stumble.campaign.actions import ActionEvaluation
from stumble.campaign.presets.ciasa_outcome import SkeletonOutcome
from stumble.campaign.presets.ciasa_printed import Printed
from stumble.campaign.store import read_skeletons
from stumble.layouts import Layout
from stumble.report.action_charts import fooling_against_epsilon
from stumble.report.action_wording import epsilon_axis
from stumble.report.actions import ActionRow, ActionSample
from stumble.report.preset_tables import PresetTable, markdown_table
from stumble.report.skeleton_figures import pose_strip
from stumble.report.wording import number
from stumble.sequences import Skeletons

__all__ = ["curve_svg", "failure_list", "missed_samples", "preset_figure", "strips_svg"]

_FRAMES_PER_SECOND = 30.0
_DRAWN = 4
"""Clips of each row in the figure of failures."""


@dataclass(frozen=True)
class _Level:
    """What the paper says of the curve from `start` on, in percent of the plot's width and, from the top, height."""

    start: float
    y: float
    text: str


def preset_figure(table: PresetTable, evaluation: ActionEvaluation) -> str | None:
    """The figure of a preset, where it has one."""
    source, _ = table.sources
    if table.preset.figure == "curve":
        return curve_svg(table.outcomes, table.column, table.unit, source)
    if table.preset.figure == "failures":
        samples = [sample for outcome in table.outcomes for sample in missed_samples(evaluation, outcome, _DRAWN)]
        return strips_svg(samples, source) if samples else None
    return None


def failure_list(outcome: SkeletonOutcome) -> str:
    """The clips that held out, in Markdown."""
    clips = outcome.missed()
    heading = f"\n\n## {outcome.row.label}: {len(clips)} of {outcome.summary.n} clips held out\n\n"
    lines = [[f"{v:.3f}" if isinstance(v, float) else str(v) for v in clip.values()] for clip in clips]
    return heading + markdown_table(list(clips[0]), lines) if clips else heading.rstrip()


def curve_svg(outcomes: Sequence[SkeletonOutcome], column: str | None, unit: str, source: str) -> str:
    """Success against epsilon, and how high the paper says that it is.

    Args:
        outcomes: attacks on all joints with one epsilon each.
        column: the paper's.
        unit: of the joints.
        source: which data the curve is from, for the reader.
    """
    rows = [ActionRow("one-step", "basic", o.goal, o.row.epsilon, o.height, o.summary) for o in outcomes]
    chart = fooling_against_epsilon(rows, unit)
    assert chart is not None
    (series,) = chart.series
    places = {row.epsilon: point.x for row, point in zip(_by_epsilon(rows), series.points, strict=True)}
    entries = {places[o.row.epsilon]: o.row.printed[column] for o in outcomes if column and column in o.row.printed}
    level = _level(entries, f"paper, {column}") if entries else None
    axis = epsilon_axis(rows, unit)
    return (
        _environment()
        .get_template("epsilon.svg")
        .render(chart=chart, series=series, level=level, axis=axis, source=source)
    )


def missed_samples(evaluation: ActionEvaluation, outcome: SkeletonOutcome, count: int) -> Iterator[ActionSample]:
    """The first of those that missed their goal, clean and adversarial, as stored."""
    verdicts = {row["sample"]: row for row in outcome.missed()[:count]}
    clips = {clip.id: clip for clip in evaluation.clips}
    for name, moved in _stored(outcome.samples, tuple(verdicts), evaluation.data.layout):
        clip, verdict, clean = clips[name], verdicts[name], evaluation.data.batch([clips[name]])
        with torch.inference_mode():
            after = evaluation.target(moved).logits
        assert after is not None
        yield ActionSample(
            title=name,
            caption=f"{outcome.row.label}: wanted {verdict['wanted']}, taken for {verdict['predicted_after']}",
            layout=clean.layout,
            clean=clean.joints[0].numpy(),
            adversarial=moved.joints[0, : clean.joints.shape[1]].numpy(),
            visible=clean.visible[0].numpy(),
            attacked=outcome.row.attack.budget.active(clean.layout).numpy(),
            frames_per_second=_FRAMES_PER_SECOND,
            classes=evaluation.data.classes,
            label=clip.label,
            before=evaluation.logits([clip])[0].softmax(0).numpy(),
            after=after[0].softmax(0).numpy(),
            wanted=evaluation.data.classes.index(verdict["wanted"]),
        )


def strips_svg(samples: Sequence[ActionSample], source: str) -> str:
    """One strip of poses below the other, clean in green and adversarial in red.

    Args:
        source: which data the clips are from, for the reader.
    """
    strips = [(sample, pose_strip(sample)) for sample in samples]
    return _environment().get_template("strips.svg").render(strips=strips, source=source)


def _stored(folders: Sequence[Path], names: Sequence[str], layout: Layout) -> Iterator[tuple[str, Skeletons]]:
    """Each of the named adversarial sequences as it lies on disk, file by file."""
    for file in (file for folder in folders for file in sorted(folder.glob("*.npz"))) if names else ():
        batch = read_skeletons(file, layout)
        for row, name in enumerate(batch.ids):
            if name in names:
                yield name, batch.select([row])


def _by_epsilon(rows: Sequence[ActionRow]) -> list[ActionRow]:
    return sorted(rows, key=lambda row: row.epsilon)


def _level(entries: dict[float, Printed], who: str) -> _Level:
    """The one thing that the paper says of several places."""
    (entry,) = set(entries.values())
    text = f"{who}: {'above ' if entry.above else ''}{number(entry.fooling)} %"
    return _Level(min(entries), 100 - entry.fooling, text)


def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("stumble.report", "assets"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
