"""The parts of the page: each modality's sections, and what the page's head and foot say about it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

from jinja2 import Environment, PackageLoader, StrictUndefined

from stumble.campaign.rigor import Flag, alike
from stumble.report import action_wording, sprites
from stumble.report.action_charts import fooling_against_epsilon, predictions
from stumble.report.action_wording import action_appearance, action_groups, action_headline
from stumble.report.actions import ActionReport, Motion
from stumble.report.campaign import CampaignReport
from stumble.report.campaign.charts import ladder_charts, roles
from stumble.report.campaign.wording import FLAGS, promises, strongest
from stumble.report.campaign.wording import headline as campaign_headline
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

__all__ = ["Part", "Report", "environment", "part"]

Report: TypeAlias = GaitReport | ActionReport | CampaignReport
"""What can be shown on a page."""


@dataclass(frozen=True)
class Part:
    """One modality on the page.

    Attributes:
        title, data, synthetic, provenance, notes: as in the report.
        headline: the result in sentences; may be empty.
        sections: (anchor, name) of those that are there.
        body: they, as HTML in which everything is escaped.
        styles, scripts: files that they need besides the page's own style.
    """

    title: str
    data: str
    synthetic: bool
    provenance: dict[str, str]
    notes: tuple[str, ...]
    headline: tuple[str, ...]
    sections: tuple[tuple[str, str], ...]
    body: str
    styles: tuple[str, ...]
    scripts: tuple[str, ...]


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


def part(report: Report) -> Part:
    """The part that a report makes."""
    if isinstance(report, CampaignReport):
        return _campaign(report)
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
        scripts=("player.js",),
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
        styles=("actions.css",),
        scripts=("skeletons.js", "chooser.js"),
    )


def _campaign(report: CampaignReport) -> Part:
    made, gait = environment(), report.modality == "gait"
    made.filters |= {"strongest": strongest, "promises": partial(promises, unit=report.unit)}
    cells = [line.result.cell for line in report.lines]
    colours = roles(cells)
    charts = ladder_charts(report.ladders, colours, {flag.cell.id for flag in report.flags})
    flagged: dict[tuple[str, str, str], list[Flag]] = {
        (cell.entry.bench, cell.entry.goal, cell.entry.attack): [] for cell in cells
    }
    for flag in report.flags:
        flagged[flag.cell.entry.bench, flag.cell.entry.goal, flag.cell.entry.attack].append(flag)
    shown = [film.shown for film in report.films]
    rows = [report.rows.places[film.choice.result.cell.id, film.choice.sample] for film in report.films]
    return _part(
        report,
        campaign_headline(report),
        {
            "summary": ("Summary", True),
            "flags": ("Flags", report.flags),
            "attacks": ("All attacks", True),
            "curves": ("Curves", charts),
            "matrices": ("Benches against attacks", report.matrices),
            "transfer": ("Transfer", report.transfers),
            "splits": ("Who is hit", report.splits),
            "samples": ("Samples", True),
            "definitions": ("What the numbers mean", True),
            "plan": ("Plan", True),
        },
        made.get_template("campaign.html").render(
            report=report,
            gait=gait,
            roles=colours,
            synthetic={setting.bench: setting.synthetic for setting in report.settings},
            realness=any(line.figures.summary.realness is not None for line in report.lines if line.figures),
            charts=charts,
            flagged=flagged,
            flags=alike(report.flags),
            flag_kinds={kind: FLAGS[kind] for kind in dict.fromkeys(flag.kind for flag in report.flags)},
            rows=report.rows.plain(rows),
            films_shown=report.films,
            strip=sprites.film if gait else pose_strip,
            pair=sprites.pair,
            gap=sprites.GAP,
            piece=sprites.PIECE,
            recordings=[recording(motion) for motion in shown if isinstance(motion, Motion)],
        ),
        styles=("actions.css", "campaign.css"),
        scripts=("player.js" if gait else "skeletons.js", "chooser.js", "browser.js"),
    )


def _part(
    report: Report,
    sentences: tuple[str, ...],
    sections: dict[str, tuple[str, object]],
    body: str,
    *,
    styles: tuple[str, ...] = (),
    scripts: tuple[str, ...] = (),
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
        styles,
        scripts,
    )
