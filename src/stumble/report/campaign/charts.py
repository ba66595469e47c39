"""Where the marks of a campaign's curves stand: what is left, or succeeds, against a budget or an effort."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from stumble.campaign.cell import Cell
from stumble.campaign.figures import Outcomes, Rate
from stumble.campaign.ladders import Kind, Ladder, Rung, class_name
from stumble.report.action_charts import log_places, spaced
from stumble.report.charts import SHAPES, Point, Series, Tick
from stumble.report.wording import Role, number, sparsity

__all__ = ["LadderChart", "ladder_charts", "roles"]

_ROLES: tuple[Role, ...] = ("attack", "search", "pixel", "other")


@dataclass(frozen=True)
class LadderChart:
    """Curves against one number, with one goal on one bench.

    Attributes:
        bench, goal: names in the plan.
        axis: what the horizontal axis shows.
        accuracy: whether the curves are right answers, as against an untargeted attack, or else success.
        of: the denominator.
        clean: right answers without the attack in percent, where the curves are right answers.
        ticks, series: as in every chart.
    """

    bench: str
    goal: str
    axis: str
    accuracy: bool
    of: str
    clean: float | None
    ticks: tuple[Tick, ...]
    series: tuple[Series, ...]


def roles(cells: Sequence[Cell]) -> dict[str, Role]:
    """The colour of each attack, by its name: one for each class, grey for controls."""
    classes = {cell.entry.attack: class_name(cell.specification["attack"]) for cell in cells if cell.access != "none"}
    turns = {component: turn for turn, component in enumerate(dict.fromkeys(classes.values()))}
    controls: dict[str, Role] = {cell.entry.attack: "control" for cell in cells}
    return controls | {attack: _ROLES[turns[component] % len(_ROLES)] for attack, component in classes.items()}


def ladder_charts(
    ladders: Sequence[Ladder], colours: Mapping[str, Role], flagged: Collection[str]
) -> tuple[LadderChart, ...]:
    """A chart for each bench, goal and number: budgets first.

    Args:
        colours: of the attacks, from `roles`.
        flagged: ids of cells against whose figures something speaks; a sign is put beside their names.
    """
    groups: dict[tuple[str, str, str], list[Ladder]] = {}
    for kind in get_args(Kind):
        for ladder in ladders:
            if ladder.kind == kind:
                groups.setdefault((ladder.bench, ladder.goal, ladder.number), []).append(ladder)
    return tuple(_chart(group, colours, flagged) for group in groups.values())


def _chart(group: Sequence[Ladder], colours: Mapping[str, Role], flagged: Collection[str]) -> LadderChart:
    accuracy, name = group[0].goal == "untargeted", group[0].number
    places = log_places(sorted({rung.value for ladder in group for rung in ladder.rungs}))
    series, last = list[Series](), Outcomes.read([r.verdicts for r in group[0].rungs[0].results])
    for index, ladder in enumerate(group):
        label = f"{ladder.component} ({', '.join(dict.fromkeys(_named(rung, flagged) for rung in ladder.rungs))})"
        points = tuple(_point(rung, _named(rung, flagged), places[rung.value], name, accuracy) for rung in ladder.rungs)
        series.append(Series(label, colours[ladder.rungs[0].attack], index % SHAPES, index == 0, points))
    labels = {x: _value(name, value) for value, x in places.items()}
    ticks = spaced([Tick(x, label, label) for x, label in labels.items()])
    axis = f"{name} (logarithmic)"
    clean = last.clean.percent if accuracy else None
    of = "all decisions" if accuracy and "decisions" in last.of else last.of
    return LadderChart(group[0].bench, group[0].goal, axis, accuracy, of, clean, ticks, tuple(series))


def _point(rung: Rung, label: str, x: float, name: str, accuracy: bool) -> Point:
    outcomes = Outcomes.read([result.verdicts for result in rung.results])
    rate: Rate = outcomes.attacked if accuracy else outcomes.success
    text = f"{label}, {name} {_value(name, rung.value)}: {number(rate.percent)} %"
    text += f" ({number(rate.low)} to {number(rate.high)}) of {rate.n}"
    return Point(x, 100 - rate.percent, 100 - rate.low, 100 - rate.high, rate.percent, text)


def _named(rung: Rung, flagged: Collection[str]) -> str:
    return rung.attack + (" ⚑" if any(result.cell.id in flagged for result in rung.results) else "")


def _value(name: str, value: float) -> str:
    return sparsity(value) if name == "share" else f"{value:g}"
