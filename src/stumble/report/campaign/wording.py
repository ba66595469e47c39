"""A campaign in sentences."""

from __future__ import annotations

from collections.abc import Mapping

from stumble.campaign.figures import Rate
from stumble.campaign.summary import AttackSummary
from stumble.report.action_wording import broken
from stumble.report.campaign.report import CampaignReport, CellLine, Setting
from stumble.report.wording import number, percent

__all__ = ["FLAGS", "headline", "promises", "strongest", "units"]

FLAGS: Mapping[str, str] = {
    "budget": "a larger budget does worse, although it allows all that the smaller one does",
    "effort": "more effort does worse",
    "convergence": "up to twice the effort adds more than 2 points, so that the figure bounds nothing",
    "restarts": "more restarts add more than 2 points, so that one descent is not enough",
    "control": "a control or a random search, which optimise nothing, does better",
    "black box": "an attack that does without gradients does better, so that these lead nowhere",
    "gradient": "on a clean sequence the gradient of the loss is zero everywhere, or no finite number",
    "varying": "the target answers a clean sequence otherwise when it is asked again",
    "unchanged": "on some samples the target answers exactly as before",
}
"""What each kind of flag says about a figure."""
_COMPARISONS = {"budget": "in budget", "effort": "in effort", "gradients": "in the use of gradients"}


def units(report: CampaignReport) -> str:
    """What a percentage counts."""
    return "decisions" if report.modality == "gait" else "clips"


def strongest(setting: Setting) -> CellLine | None:
    """The cell with the highest success; None where nothing is done."""
    return max(setting.done, key=lambda line: line.success.percent, default=None)


def headline(report: CampaignReport) -> tuple[str, ...]:
    """The result in plain sentences, the first of which stands alone."""
    first = next(
        (_reached(setting, setting.worst, units(report)) for setting in report.settings if setting.worst is not None),
        f"No worst case yet: none of the {units(report)} has met every attack.",
    )
    lines = report.lines
    sequences = sum(line.figures.sequences for line in lines if line.figures)
    done, total = report.shards
    kinds = ", ".join(
        _plural(len({getattr(line.result.cell.entry, name) for line in lines}), noun)
        for name, noun in (("bench", "bench"), ("attack", "attack"), ("goal", "goal"), ("seed", "seed"))
    )
    second = f"{kinds}: {_plural(len(lines), 'cell')} with {_plural(sequences, 'attacked sequence')}."
    if done < total:
        second += f" Not finished: {done} of {total} shards are done, and every figure is of these."
    if not report.flags:
        return first, second, _unflagged(report)
    speak = "1 flag speaks" if len(report.flags) == 1 else f"{len(report.flags)} flags speak"
    return first, second, f"{speak} against figures; each stands where the figure is."


def _unflagged(report: CampaignReport) -> str:
    if not report.uncompared:
        return "No flag: nothing in the results speaks against the figures."
    cells = sum(len(setting.done) for setting in report.settings)
    first, *more = (f"{_COMPARISONS[kind]} for {count}" for kind, count in report.uncompared.items())
    told = ", ".join((f"{first} of {_plural(cells, 'cell')}", *more))
    return f"No flag; but there was nothing to compare with {told}."


def _reached(setting: Setting, worst: Rate, unit: str) -> str:
    attacks = len({line.result.cell.entry.attack for line in setting.done})
    share = f"{percent(worst.percent)} ({number(worst.low)} to {number(worst.high)}) of {worst.n} {unit}"
    label = ", synthetic data" if setting.synthetic else ""
    who = "The attack reaches its goal" if attacks == 1 else f"At least one of {attacks} attacks reaches its goal"
    return f"{who} in {share}: {setting.bench}, {setting.goal}{label}."


def promises(line: CellLine, unit: str) -> str:
    """Whether the attack kept to what it may do, by the judge's measurement on what is stored."""
    assert line.figures is not None
    summary = line.figures.summary
    if isinstance(summary, AttackSummary):
        return "kept" if summary.violation == 0 else f"{summary.violation:.3g} pixels of other frames changed"
    return "; ".join(broken(summary.violations, unit).values()) or "kept"


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}{'es' if noun.endswith('ch') else 's'}"
