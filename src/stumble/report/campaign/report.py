"""What the report of a campaign is made of."""

from __future__ import annotations

from dataclasses import dataclass

from stumble.campaign.bench import Modality
from stumble.campaign.figures import Figures, Rate
from stumble.campaign.ladders import Ladder
from stumble.campaign.results import CellResult
from stumble.campaign.rigor import Flag, alike
from stumble.report.campaign.films import Film
from stumble.report.campaign.rows import SampleRows
from stumble.report.campaign.tables import RateTable
from stumble.report.campaign.transfers import TransferMatrix

__all__ = ["CampaignReport", "CellLine", "Setting"]


@dataclass(frozen=True)
class CellLine:
    """One cell in a table.

    Attributes:
        result: what is done of it.
        figures: None where there are no verdicts yet, or nothing could be attacked.
        flags: what speaks against them.
    """

    result: CellResult
    figures: Figures | None
    flags: tuple[Flag, ...]

    @property
    def success(self) -> Rate:
        """Of a cell with figures."""
        assert self.figures is not None
        return self.figures.success


@dataclass(frozen=True)
class Setting:
    """The cells with one goal on one bench.

    Attributes:
        bench, goal: names in the plan.
        data: the data set's name.
        synthetic: whether its people are made up.
        lines: a cell for each attack and seed.
        worst: how many of all decisions at least one attack with one seed has where it wants them; None where none has
            met every attack.
    """

    bench: str
    goal: str
    data: str
    synthetic: bool
    lines: tuple[CellLine, ...]
    worst: Rate | None

    @property
    def done(self) -> tuple[CellLine, ...]:
        """Those with figures."""
        return tuple(line for line in self.lines if line.figures is not None)

    @property
    def shared(self) -> tuple[tuple[Flag, ...], ...]:
        """What is said of several of its cells."""
        flags = [flag for line in self.lines for flag in line.flags]
        return tuple(same for same in alike(flags) if len(same) > 1)


@dataclass(frozen=True)
class CampaignReport:
    """A campaign, or what is done of it.

    Attributes:
        title: of the page.
        modality: of its attacks.
        settings: the cells by bench and goal, in the order of the plan.
        uncompared: how many cells have nothing to be compared with, by "budget", "effort" and "gradients".
        ladders: attacks that differ in one number.
        splits: success by view, class, ….
        matrices: benches against attacks, where there are several of both.
        transfers: recognisers that attacks see against those that are judged, where these differ.
        rows: every sample of every cell.
        films: some of them to look at.
        shards: how many are done, and of how many.
        failures: why shards could not be done when last tried, by name.
        left_out: sequences that the benches could not use, and why.
        plan: as YAML, as `stumble run` reads it.
        unit: of joints, "m", or empty.
        provenance: what made the figures: "command", "version", "hosts", ….
        notes: sentences for the reader.
    """

    title: str
    modality: Modality
    settings: tuple[Setting, ...]
    uncompared: dict[str, int]
    ladders: tuple[Ladder, ...]
    splits: tuple[RateTable, ...]
    matrices: tuple[RateTable, ...]
    transfers: tuple[TransferMatrix, ...]
    rows: SampleRows
    films: tuple[Film, ...]
    shards: tuple[int, int]
    failures: dict[str, str]
    left_out: dict[str, str]
    plan: str
    unit: str
    provenance: dict[str, str]
    notes: tuple[str, ...]

    @property
    def data(self) -> str:
        """The names of the data sets."""
        return ", ".join(dict.fromkeys(setting.data for setting in self.settings))

    @property
    def synthetic(self) -> bool:
        """Whether all of the people are made up."""
        return all(setting.synthetic for setting in self.settings)

    @property
    def transferred(self) -> tuple[str, ...]:
        """The benches whose attacks see another recogniser than the one that is judged."""
        benches = {line.result.cell.entry.bench: line.result.cell.specification["bench"] for line in self.lines}
        return tuple(name for name, facts in benches.items() if facts.get("source", facts["model"]) != facts["model"])

    @property
    def lines(self) -> tuple[CellLine, ...]:
        """All cells."""
        return tuple(line for setting in self.settings for line in setting.lines)

    @property
    def flags(self) -> tuple[Flag, ...]:
        """All of them, in the order of the cells."""
        return tuple(flag for line in self.lines for flag in line.flags)
