"""From a run folder to the report of its campaign."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import yaml

from stumble.campaign.bench import Modality
from stumble.campaign.breakdown import breakdowns
from stumble.campaign.figures import figures
from stumble.campaign.ladders import ladders
from stumble.campaign.results import CellResult, by_setting
from stumble.campaign.rigor import Flag, flags, uncompared, worst_case
from stumble.campaign.run_folder import RunFolder
from stumble.errors import SpecError
from stumble.report.action_wording import unit_of
from stumble.report.campaign.choice import chosen
from stumble.report.campaign.films import films_of
from stumble.report.campaign.report import CampaignReport, CellLine, Setting
from stumble.report.campaign.rows import sample_rows
from stumble.report.campaign.tables import matrices, split_table
from stumble.report.campaign.transfers import transfer_matrices

__all__ = ["campaign_report"]


def campaign_report(
    run: RunFolder,
    results: Sequence[CellResult],
    films: int = 24,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> CampaignReport:
    """What is done of a campaign, summed up.

    No network is loaded. The data are read for the films alone; where they are gone there is none, and a note says so.

    Args:
        results: of `read_results`.
        films: so many samples are to be played, spread over the cells.
        progress: is told of how many of them are ready.

    Raises:
        DataError: something in the folder is damaged.
        SpecError: nothing is done yet, or fewer than no films are asked for.
    """
    if films < 0:
        raise SpecError(f"films: found {films}; expected 0 or more")
    done = [result for result in results if result.verdicts is not None]
    if not done:
        raise SpecError(f"{run.root}: found no verdicts yet; expected at least a shard with one")
    first = done[0].cell.specification["bench"]
    modality: Modality = "actions" if "layout" in first else "gait"
    plan = run.plain_plan
    shown, notes = films_of(run, chosen(done, films), progress)
    return CampaignReport(
        title=f"Campaign {run.root.resolve().name}",
        modality=modality,
        settings=_settings(results),
        uncompared=uncompared([(result.cell, result.verdicts) for result in done if result.verdicts is not None]),
        ladders=ladders(results),
        splits=tuple(map(split_table, breakdowns(results))),
        matrices=matrices(done),
        transfers=transfer_matrices(done, {name: bench["init_args"] for name, bench in plan["benches"].items()}),
        rows=sample_rows(results),
        films=shown,
        shards=(sum(len(result.done) for result in results), sum(len(result.cell.shards) for result in results)),
        failures={shard: reason for result in results for shard, reason in result.failures.items()},
        left_out={sample: reason for result in results for sample, reason in result.cell.left_out.items()},
        plan=yaml.safe_dump(plan, sort_keys=False, allow_unicode=True, width=100),
        unit=unit_of(first["layout"]) if modality == "actions" else "",
        provenance=_provenance(run, results),
        notes=notes,
    )


def _settings(results: Sequence[CellResult]) -> tuple[Setting, ...]:
    done = [(result.cell, result.verdicts) for result in results if result.verdicts is not None]
    worst, marks = worst_case(done), dict[str, list[Flag]]()
    for flag in flags(done):
        marks.setdefault(flag.cell.id, []).append(flag)
    settings = []
    for (bench, goal), cells in by_setting(results).items():
        lines = tuple(
            CellLine(
                result,
                None if result.verdicts is None else figures(result.verdicts),
                tuple(marks.get(result.cell.id, ())),
            )
            for result in cells
        )
        data, synthetic = cells[0].cell.data, cells[0].cell.synthetic
        settings.append(Setting(bench, goal, data, synthetic, lines, worst.get((bench, goal))))
    return tuple(settings)


def _provenance(run: RunFolder, results: Sequence[CellResult]) -> dict[str, str]:
    """What the figures come from; what differs between shards is listed."""
    made = [one for result in results for one in result.made]
    told = {name: str(value) for name, value in run.begun.items()}
    for name in ("version", "torch", "threads", "machine", "host"):
        if values := sorted({str(one[name]) for one in made if name in one}):
            told[name] = ", ".join(values)
    told["seconds of work"] = f"{sum(result.seconds for result in results):.0f}"
    for result in results:
        facts, bench = result.cell.specification["bench"], result.cell.entry.bench
        told[f"{bench}: digest of the weights"] = str(facts["model"])
        if "source" in facts:
            told[f"{bench}: digest of the weights attacked"] = str(facts["source"])
        told[f"{bench}: digest of the sequences"] = str(facts["sequences"])
    return told
