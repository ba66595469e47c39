"""What transfers between action recognisers, ours beside what the CIASA paper prints."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from stumble.campaign.presets.ciasa import SkeletonPreset
from stumble.campaign.presets.ciasa_printed import COLUMNS
from stumble.campaign.presets.findings import Finding, findings_of_transfer
from stumble.campaign.presets.transfer import Transfer
from stumble.report.preset_tables import listed, markdown_table, ours
from stumble.report.wording import number
from stumble.spec import to_plain

__all__ = ["TransferTable"]

_PAPER = "NTU60_XV"

_COLUMNS: dict[str, Callable[[Transfer], str]] = {
    "attack": lambda t: t.row.label,
    "made on": lambda t: t.source,
    "judged on": lambda t: t.judged,
    "accuracy": lambda t: f"{number(t.summary.accuracy_clean)} → {number(t.summary.accuracy)}",
    "changed": lambda t: number(t.changed.percent),
    "95 %": lambda t: f"{number(t.changed.low)}–{number(t.changed.high)}",
    "paper": lambda t: _printed(t),
}
_MORE: dict[str, Callable[[Transfer], str]] = {
    "clips": lambda t: str(t.summary.n),
    "goal reached": lambda t: number(t.summary.success),
}


@dataclass(frozen=True)
class TransferTable:
    """Ours beside theirs.

    Attributes:
        preset: what was run.
        transfers: what came of it, in order.
        data: name of the data set.
        synthetic: whether its people are made up.
    """

    preset: SkeletonPreset
    transfers: tuple[Transfer, ...]
    data: str
    synthetic: bool

    @property
    def sources(self) -> tuple[str, str]:
        """Which data either side is from."""
        paper = f"paper: {_PAPER}, {COLUMNS[_PAPER]} (real data), accuracy before → after, fooling"
        return ours(self.data, self.synthetic), paper

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What the paper says about the table, held against ours."""
        return findings_of_transfer(self.transfers)

    def terminal(self) -> Table:
        """The columns that fit there."""
        title = Text(f"{self.preset.title}: accuracy and predictions changed, %")
        table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
        for place, name in enumerate(_COLUMNS):
            named = place < 3
            table.add_column(name, justify="left" if named else "right", overflow="fold", no_wrap=not named)
        for one in self.transfers:
            table.add_row(*(Text(cell(one)) for cell in _COLUMNS.values()))
        return table

    def markdown(self) -> str:
        """All of it, for each attack a matrix of what changed, and what a reader must know."""
        columns = {**_COLUMNS, **_MORE}
        lines = [[cell(one) for cell in columns.values()] for one in self.transfers]
        whole = markdown_table(list(columns), lines)
        parts = f"# {self.preset.title}", listed(self.sources), whole, *map(self._matrix, self._labels)
        return "\n\n".join((*parts, listed((*map(str, self.findings), *self.preset.notes))))

    def rows(self) -> list[dict[str, Any]]:
        """The rows as plain data."""
        return [
            {
                "name": one.row.name,
                "label": one.row.label,
                "attack": to_plain(one.row.attack),
                "goal": self.preset.goal,
                "source": one.source,
                "judged": one.judged,
                "ours": asdict(one.summary),
                "changed": asdict(one.changed),
                "paper": None if one.printed is None else asdict(one.printed),
            }
            for one in self.transfers
        ]

    @property
    def _labels(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(one.row.label for one in self.transfers))

    def _matrix(self, label: str) -> str:
        """Sources down, judged across."""
        found = {(one.source, one.judged): one for one in self.transfers if one.row.label == label}
        sources, judges = (list(dict.fromkeys(names)) for names in zip(*found, strict=True))
        lines = [[source, *(number(found[source, judge].changed.percent) for judge in judges)] for source in sources]
        return f"## Predictions changed, %: {label}\n\n{markdown_table(['made on ↓ judged on →', *judges], lines)}"


def _printed(one: Transfer) -> str:
    paper = one.printed
    if paper is None:
        return "–"
    changed = "" if paper.fooling is None else f", {number(paper.fooling)}"
    return f"{number(paper.before)} → {number(paper.after)}{changed}"
