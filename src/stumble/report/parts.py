"""The parts of the page: each modality's sections, and what the page's head and foot say about it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from jinja2 import Environment, PackageLoader, StrictUndefined

from stumble.report import action_wording, sprites
from stumble.report.action_charts import fooling_against_epsilon, predictions
from stumble.report.action_wording import action_appearance, action_groups, action_headline
from stumble.report.actions import ActionReport
from stumble.report.charts import accuracy_against_sparsity
from stumble.report.gait import GaitReport
from stumble.report.skeleton_figures import pose_strip, recording
from stumble.report.tables import clean_lines, clean_views, groups
from stumble.report.wording import (
    MEASURES,
    appearance,
    headline,
    main_row,
    number,
    peers,
    percent,
    plausible_scale,
    scope,
    sparsity,
    violations,
)

__all__ = ["Part", "environment", "part"]


@dataclass(frozen=True)
class Part:
    """One modality on the page.

    Attributes:
        title, data, synthetic, provenance, notes: as in the report.
        headline: the result in sentences; may be empty.
        sections: (anchor, name) of those that are there.
        body: they, as HTML in which everything is escaped.
    """

    title: str
    data: str
    synthetic: bool
    provenance: dict[str, str]
    notes: tuple[str, ...]
    headline: tuple[str, ...]
    sections: tuple[tuple[str, str], ...]
    body: str


def environment() -> Environment:
    """Templates that escape everything they are not told to trust."""
    made = Environment(
        loader=PackageLoader("stumble.report", "assets"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"number": number, "percent": percent, "sparsity": sparsity, "appearance": appearance}
    made.filters |= {name: getattr(action_wording, name) for name in ("goal_name", "protocol", "region", "significant")}
    made.filters["action"] = action_appearance
    return made


def part(report: GaitReport | ActionReport) -> Part:
    """The part that a report makes."""
    return _gait(report) if isinstance(report, GaitReport) else _actions(report)


def _gait(report: GaitReport) -> Part:
    main = main_row(report.attacks)
    body = environment().get_template("gait.html")
    return _part(
        report,
        (*headline(report.attacks), *((scope(main),) if main else ())),
        {
            "clean": ("Without an attack", report.clean),
            "attacks": ("Attacks", report.attacks),
            "sequences": ("Sequences", report.strips),
            "definitions": ("What the numbers mean", True),
        },
        body.render(
            report=report,
            main=main,
            peers=peers(main, report.attacks) if main else {},
            views=clean_views(report),
            clean=clean_lines(report),
            groups=groups(report.attacks),
            critic=any(row.summary.realness is not None for row in report.attacks),
            violations=violations(report.attacks),
            scale=plausible_scale(report.attacks),
            measures=MEASURES,
            explained=list({row.attack: appearance(row.attack) for row in report.attacks}.values()),
            chart=accuracy_against_sparsity(report.attacks),
            film=sprites.film,
            pair=sprites.pair,
            gap=sprites.GAP,
            piece=sprites.PIECE,
        ),
    )


def _actions(report: ActionReport) -> Part:
    made = environment()
    made.filters["distance"] = partial(action_wording.length, unit=report.unit)
    made.filters["excess"] = partial(action_wording.excess, unit=report.unit)
    return _part(
        report,
        action_headline(report.attacks, report.unit),
        {
            "actions-clean": ("Actions without an attack", report.clean),
            "actions-attacks": ("Attacks on actions", report.attacks),
            "actions-samples": ("Clips", report.samples),
            "actions-definitions": ("What the numbers on actions mean", True),
        },
        made.get_template("actions.html").render(
            report=report,
            groups=action_groups(report.attacks),
            realness=any(row.summary.realness is not None for row in report.attacks),
            kept=action_wording.kept(report.attacks, report.unit),
            explained=list({row.attack: action_appearance(row.attack) for row in report.attacks}.values()),
            chart=fooling_against_epsilon(report.attacks, report.unit),
            axis=action_wording.epsilon_axis(report.attacks, report.unit),
            predictions=predictions,
            strip=pose_strip,
            recordings=[recording(sample) for sample in report.samples],
        ),
    )


def _part(
    report: GaitReport | ActionReport,
    sentences: tuple[str, ...],
    sections: dict[str, tuple[str, object]],
    body: str,
) -> Part:
    there = tuple((anchor, name) for anchor, (name, content) in sections.items() if content)
    return Part(
        report.title,
        report.data,
        report.synthetic,
        report.provenance,
        report.notes,
        sentences,
        there,
        body,
    )
