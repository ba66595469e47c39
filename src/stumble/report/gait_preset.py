"""A table of the temporal sparse paper, ours beside what is printed: by kind of probe, view by view; and its figure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import mean, stdev
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from stumble.campaign.presets.findings import Finding, findings_of_gait
from stumble.campaign.presets.gait import ALL, GaitPreset
from stumble.campaign.presets.gait_outcome import GaitFigures, GaitOutcome, dynamic
from stumble.campaign.presets.gait_printed import DYNAMIC, Printed
from stumble.constraints.frames import RandomPositions
from stumble.report.curves import Curve, Panel, curves_svg
from stumble.report.preset_tables import listed, markdown_table, ours
from stumble.report.wording import number
from stumble.spec import to_plain

__all__ = ["GaitPresetTable", "views_svg"]

_MEASURES = {
    "rank1": "rank-1, %",
    "success": "decisions for the person wanted, %",
    "fooling": "decisions that were right and are wrong, %",
}


@dataclass(frozen=True)
class _Line:
    """What a table has of one attack on one kind of probes, from us or from the paper."""

    label: str
    views: Mapping[str, float]
    mean: float | None
    interval: tuple[float, float] | None = None
    n: int | None = None

    @classmethod
    def of(cls, label: str, figures: GaitFigures) -> _Line:
        return cls(label, figures.views, figures.mean, figures.ci95, figures.n)

    @classmethod
    def printed(cls, entry: Printed, label: str = "") -> _Line:
        return cls(f"{label}{', ' if label else '… '}paper", entry.views, entry.mean)


@dataclass(frozen=True)
class GaitPresetTable:
    """Ours beside theirs.

    Attributes:
        preset: what was run.
        outcomes: its rows, in order.
        data: name of the data set.
        synthetic: whether its people are made up.
        model: name or file of the recogniser.
    """

    preset: GaitPreset
    outcomes: tuple[GaitOutcome, ...]
    data: str
    synthetic: bool
    model: str

    @property
    def sources(self) -> tuple[str, str]:
        """Which data either side is from."""
        some = self.preset.beside or any(outcome.row.printed for outcome in self.outcomes)
        paper = f"{self.preset.paper} (real data)" if some else "no number that belongs to one of these rows"
        return f"{ours(self.data, self.synthetic)}; recogniser {self.model}", f"paper: {paper}"

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What the paper says about the table, held against ours."""
        return findings_of_gait(self.preset, self.outcomes)

    @property
    def views(self) -> tuple[str, ...]:
        """Those of our probes; none where the table does not tell them apart."""
        found = {view for outcome in self.outcomes for figures in outcome.after.values() for view in figures.views}
        return tuple(sorted(found)) if self.preset.apart else ()

    @property
    def _together(self) -> str:
        return "mean" if self.preset.apart else "all"

    def terminal(self) -> Table:
        """The columns that fit there."""
        title = Text(f"{self.preset.title}: {_MEASURES[self.preset.measure]}")
        table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
        table.add_column("probes, attack", overflow="fold", min_width=12)
        for name in (*(str(int(view)) for view in self.views), self._together, "n"):
            table.add_column(name, justify="right", no_wrap=True)
        for line in self._lines():
            n = "" if line.n is None else str(line.n)
            table.add_row(*map(Text, (line.label, *self._by_view(line), number(line.mean), n)))
        return table

    def markdown(self) -> str:
        """The whole table, and what a reader must know."""
        heading = ["probes, attack", *(f"{int(view)}°" for view in self.views), self._together, "95 %", "decisions"]
        lines = [
            [
                line.label,
                *self._by_view(line),
                number(line.mean),
                _interval(line),
                "" if line.n is None else str(line.n),
            ]
            for line in self._lines()
        ]
        title = f"# {self.preset.title}\n\n{_MEASURES[self.preset.measure]}"
        below = listed((*map(str, self.findings), *self.preset.notes))
        return "\n\n".join((title, listed(self.sources), markdown_table(heading, lines), below))

    def rows(self) -> list[dict[str, Any]]:
        """The rows as plain data."""
        found: list[dict[str, Any]] = [
            {
                "name": outcome.row.name,
                "label": outcome.row.label,
                "attack": to_plain(outcome.row.attack),
                "goal": self.preset.goal,
                "ours": {kind: asdict(figures) for kind, figures in outcome.after.items()},
                "before": {kind: asdict(figures) for kind, figures in outcome.before.items()},
                "paper": {kind: asdict(entry) for kind, entry in outcome.row.printed.items()},
            }
            for outcome in self.outcomes
        ]
        if self.preset.dynamic:
            fooling, frames = DYNAMIC
            paper = {"fooling": fooling, "frames": frames}
            found.append({"name": "dynamic", "ours": asdict(dynamic(self.outcomes)), "paper": paper})
        return found

    def _lines(self) -> Iterator[_Line]:
        for kind in self.outcomes[0].after:
            shown = "" if kind == ALL else f"{kind}, "
            if self.preset.measure != "fooling":
                yield _Line.of(f"{shown}no attack", self.outcomes[0].before[kind])
            for outcome in self.outcomes:
                yield _Line.of(f"{shown}{outcome.row.label}", outcome.after[kind])
                if kind in outcome.row.printed:
                    yield _Line.printed(outcome.row.printed[kind])
            if kind in self.preset.drawn:
                yield from self._drawn(kind, shown)
        for label, entry in self.preset.beside.items():
            yield _Line.printed(entry, label)
        if self.preset.dynamic:
            fooling, frames = DYNAMIC
            found = dynamic(self.outcomes)
            average = "–" if found.frames is None else f"{found.frames:.2f}"
            label = f"as few as it takes, at most {found.most}: {average} on average"
            yield _Line(label, {}, found.fooling, n=found.n)
            yield _Line.printed(Printed({}, fooling), f"as many as it takes: {frames:g} on average")

    def _drawn(self, kind: str, shown: str) -> Iterator[_Line]:
        """The mean of the rows at random places, and the paper's."""
        means = (outcome.after[kind].mean for outcome in self.outcomes if _at_random(outcome))
        each = [found for found in means if found is not None]
        label, (paper, deviation) = f"{shown}at random, mean", self.preset.drawn[kind]
        yield _Line(f"{label} (standard deviation {stdev(each):.2f})", {}, mean(each))
        yield _Line(f"… paper (standard deviation {deviation:.2f})", {}, paper)

    def _by_view(self, line: _Line) -> Iterator[str]:
        yield from (number(line.views.get(view)) for view in self.views)


def _interval(line: _Line) -> str:
    """Empty where it is not asked for, a dash where nothing is counted."""
    if line.interval is None:
        return "–" if line.n == 0 else ""
    return "–".join(map(number, line.interval))


def _at_random(outcome: GaitOutcome) -> bool:
    return isinstance(getattr(outcome.row.attack, "positions", None), RandomPositions)


def views_svg(outcomes: Sequence[GaitOutcome], source: str) -> str:
    """Rank-1 against the view of the probe, a panel for each kind of probes, as an SVG document that stands alone.

    Args:
        source: which data the curves are from, for the reader.
    """
    panels = []
    for kind, natural in outcomes[0].before.items():
        curves = [("no attack", natural), *((outcome.row.label, outcome.after[kind]) for outcome in outcomes)]
        views = sorted(natural.views)
        places = {view: 100 * (k + 0.5) / len(views) for k, view in enumerate(views)}
        panels.append(
            Panel(
                kind,
                tuple((x, str(int(view))) for view, x in places.items()),
                tuple(
                    Curve(label, tuple((places[view], value) for view, value in sorted(figures.views.items())))
                    for label, figures in curves
                ),
            )
        )
    return curves_svg(panels, "rank-1", "Rank-1 after the attack against the view of the probe", source)
