"""A table of a paper, ours beside what is printed: for the terminal, for a document, and for machines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from html import escape
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from stumble.campaign.presets.ciasa import SkeletonPreset
from stumble.campaign.presets.ciasa_outcome import SkeletonOutcome
from stumble.campaign.presets.ciasa_printed import COLUMNS, Printed
from stumble.campaign.presets.findings import Finding
from stumble.report.action_wording import excess, significant
from stumble.report.wording import number
from stumble.spec import to_plain

__all__ = ["PresetTable", "listed", "markdown_table", "ours"]

Columns = dict[str, Callable[[SkeletonOutcome], str]]
"""From headings to what a row says under each."""


@dataclass(frozen=True)
class PresetTable:
    """Ours beside theirs.

    Attributes:
        preset: what was run.
        outcomes: its rows, in order.
        data: name of the data set.
        synthetic: whether its people are made up.
        wanted: the paper's column to compare with if the table has it, a key of `published.COLUMNS`.
        unit: of the joints, "m"; empty for positions in the image.
    """

    preset: SkeletonPreset
    outcomes: tuple[SkeletonOutcome, ...]
    data: str
    synthetic: bool
    wanted: str
    unit: str

    @property
    def column(self) -> str | None:
        """The paper's column beside ours; None where the paper has nothing for these rows."""
        return self.preset.column(self.wanted)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """None: the paper's sentences about these tables are its numbers."""
        return ()

    @property
    def sources(self) -> tuple[str, str]:
        """Which data either side is from."""
        paper = (
            f"{self.column}, {COLUMNS[self.column]} (real data)"
            if self.column
            else "no number that belongs to one of these rows"
        )
        return ours(self.data, self.synthetic), f"paper: {paper}"

    def terminal(self) -> Table:
        """The columns that fit there."""
        title = Text(self.preset.title)
        table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
        attack, *others = columns = self._brief()
        table.add_column(attack, overflow="fold", min_width=10)
        for name in others:
            table.add_column(Text(name), justify="right", no_wrap=True)
        for outcome in self.outcomes:
            table.add_row(*(Text(cell(outcome)) for cell in columns.values()))
        return table

    def markdown(self) -> str:
        """The whole table, and what a reader must know."""
        columns = self._whole()
        lines = [[cell(outcome) for cell in columns.values()] for outcome in self.outcomes]
        parts = f"# {self.preset.title}", listed(self.sources), markdown_table(list(columns), lines)
        return "\n\n".join((*parts, listed(self.preset.notes)))

    def rows(self) -> list[dict[str, Any]]:
        """The rows as plain data."""
        return [
            {
                "name": outcome.row.name,
                "label": outcome.row.label,
                "attack": to_plain(outcome.row.attack),
                "goal": outcome.goal,
                "epsilon": outcome.row.epsilon,
                "height": outcome.height,
                "ours": asdict(outcome.summary),
                "paper": {column: asdict(entry) for column, entry in outcome.row.printed.items()},
            }
            for outcome in self.outcomes
        ]

    def _brief(self) -> Columns:
        moved: Columns = {
            "mm" if self.unit == "m" else "moved": lambda o: number(o.summary.joint_mm),
            "bones %": lambda o: significant(o.summary.bone_max_pct),
            "beyond": self._beyond,
        }
        return {
            "attack": lambda o: o.row.label,
            "n": lambda o: str(o.summary.n),
            "reached": lambda o: number(o.summary.success),
            "95 %": _interval,
            **self._paper("paper"),
            **(self._variation("variation", "paper's") if self.preset.varies else moved),
        }

    def _whole(self) -> Columns:
        moved = ", mm" if self.unit == "m" else ""
        judged = all(outcome.summary.realness is not None for outcome in self.outcomes)
        real: Columns = {
            "clean poses taken for real, %": lambda o: number(o.summary.realness_clean),
            "attacked ones, %": lambda o: number(o.summary.realness),
        }
        return {
            "attack": lambda o: o.row.label,
            "ε, % of height": lambda o: significant(100 * o.row.epsilon / o.height),
            "clips": lambda o: str(o.summary.n),
            "goal reached, %": lambda o: number(o.summary.success),
            "95 %": _interval,
            **self._paper(f"paper ({self.column}), %"),
            **(self._variation("variation, 1e-3", f"paper's ({self.column})") if self.preset.varies else {}),
            "other prediction, %": lambda o: number(o.summary.fooling),
            "accuracy before, %": lambda o: number(o.summary.accuracy_clean),
            "after, %": lambda o: number(o.summary.accuracy),
            f"joints moved{moved}": lambda o: number(o.summary.joint_mm),
            "at most": lambda o: number(o.summary.joint_max_mm),
            "bones, %": lambda o: significant(o.summary.bone_pct),
            "bones at most, %": lambda o: significant(o.summary.bone_max_pct),
            "acceleration, %": lambda o: significant(o.summary.accel),
            "beyond the box": self._beyond,
            **(real if judged else {}),
        }

    def _beyond(self, outcome: SkeletonOutcome) -> str:
        return excess(outcome.summary.violations.get("box"), self.unit)

    def _paper(self, heading: str) -> Columns:
        return {heading: self._printed(_rate)} if self.column else {}

    def _variation(self, ours: str, theirs: str) -> Columns:
        """Minimum, maximum and mean."""

        def own(outcome: SkeletonOutcome) -> str:
            s = outcome.summary
            return _three(s.variation_min, s.variation_max, s.variation_mean)

        return {ours: own, theirs: self._printed(lambda entry: _three(*entry.variation) if entry.variation else "–")}

    def _printed(self, show: Callable[[Printed], str]) -> Callable[[SkeletonOutcome], str]:
        def cell(outcome: SkeletonOutcome) -> str:
            entry = outcome.row.printed.get(self.column or "")
            return "–" if entry is None else show(entry)

        return cell


def ours(data: str, synthetic: bool) -> str:
    """Which data our numbers are from."""
    kind = "synthetic data, made by computer: no numbers on real people" if synthetic else "real data"
    return f"ours: {data} ({kind})"


def listed(texts: Sequence[str]) -> str:
    """A list in Markdown."""
    return "\n".join(f"- {_escaped(text)}" for text in texts)


def markdown_table(heading: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """A table in Markdown, its first column to the left and the others to the right."""
    rows = heading, ("---", *["---:"] * (len(heading) - 1)), *(map(_escaped, line) for line in lines)
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _escaped(text: str) -> str:
    """Names of data sets, clips and classes may hold anything."""
    return escape(" ".join(text.split()), quote=False).replace("|", "\\|")


def _interval(outcome: SkeletonOutcome) -> str:
    return "–".join(map(number, outcome.summary.ci95))


def _rate(entry: Printed) -> str:
    return f"{'> ' if entry.above else ''}{number(entry.fooling)}"


def _three(low: float, high: float, mean: float) -> str:
    return f"{low:.2f} {high:.2f} {mean:.2f}"
