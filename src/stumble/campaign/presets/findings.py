"""What the papers conclude from their tables, held against ours: does it hold here, and by which figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean
from typing import Literal

from stumble.attacks import TemporalSparse
from stumble.campaign.figures import column
from stumble.campaign.presets.ciasa import AS_PRINTED
from stumble.campaign.presets.gait import GaitPreset
from stumble.campaign.presets.gait_outcome import GaitOutcome
from stumble.campaign.presets.transfer import Transfer
from stumble.constraints import Given
from stumble.metrics.intervals import subject_bootstrap

__all__ = ["Finding", "Verdict", "findings_of_gait", "findings_of_transfer"]

Verdict = Literal["holds", "does not hold", "open: too few samples"]

_KEPT = 90.0  # percent of its rank-1 that a recogniser keeps who resists
_TURNED = 90.0  # percent of the decisions that nearly all are
_ALIKE = 0.25  # of the drop, below which a difference hardly matters


@dataclass(frozen=True)
class Finding:
    """A sentence of a paper about one of its tables.

    Attributes:
        claim: the sentence, with what counts as its holding.
        verdict: whether it holds of ours; open where an interval lies on both sides.
        figure: ours, in words.
    """

    claim: str
    verdict: Verdict
    figure: str

    def __str__(self) -> str:
        return f"{self.claim}: {self.verdict} ({self.figure})"


def findings_of_gait(preset: GaitPreset, outcomes: Sequence[GaitOutcome]) -> tuple[Finding, ...]:
    """What the temporal sparse paper says about this table, if it is one of those with a claim in words."""
    judges = {"gait-table4": _templates_resist, "gait-table7": _places_hardly_matter, "gait-table8": _few_suffice}
    found = judges[preset.name](outcomes) if preset.name in judges else None
    return () if found is None else (found,)


def findings_of_transfer(transfers: Sequence[Transfer]) -> tuple[Finding, ...]:
    """What the CIASA paper says about Table III, where both kinds of recognisers are there."""
    made = {one.judged: one for one in transfers if (one.row.label, one.source) == (AS_PRINTED, "ST-GCN")}
    graph, recurrent = made.get("2s-AGCN"), made.get("PA-LSTM")
    if graph is None or recurrent is None:
        return ()
    changed = [one.changed.percent for one in (graph, recurrent)]
    count, low, high = _ahead(graph, recurrent)
    claim = "Made on ST-GCN, attacks transfer to the graph network (2s-AGCN) more than to the recurrent one (PA-LSTM)"
    figure = (
        f"2s-AGCN changes its answer to {changed[0]:.1f} % of the clips, PA-LSTM to {changed[1]:.1f} %; of the same "
        f"{count} clips {low:.1f} to {high:.1f} points more"
    )
    verdict: Verdict = "holds" if low > 0 else "does not hold" if high < 0 else "open: too few samples"
    return (Finding(claim, verdict, figure),)


def _ahead(one: Transfer, other: Transfer) -> tuple[int, float, float]:
    """By how many points more of the clips change for the one than for the other: of those that both were asked about,
    how many these are, and an interval over people."""
    clips = [clip for clip in one.turned if clip in other.turned]
    share = [(1 + one.turned[clip] - other.turned[clip]) / 2 for clip in clips]  # one half: no difference
    named = dict(zip(one.turned, one.verdicts["subject"].to_pylist(), strict=True))
    low, high = subject_bootstrap(share, [1] * len(clips), [named[clip] or clip for clip in clips])
    return len(clips), 2 * low - 100, 2 * high - 100


def _templates_resist(outcomes: Sequence[GaitOutcome]) -> Finding | None:
    verdicts = outcomes[0].verdicts
    before, after = (column(verdicts, f"correct_{when}").astype(float) for when in ("before", "after"))
    if not before.any():
        return None
    low, high = subject_bootstrap(after, before, verdicts["subject"].to_pylist())  # both of the same resample
    claim = f"Templates resist: judged on energy images, at least {_KEPT:.0f} % of the rank-1 is kept"
    rank1 = f"over all decisions {100 * before.mean():.1f} before and {100 * after.mean():.1f} after"
    figure = f"{100 * after.sum() / before.sum():.1f} % ({low:.1f}–{high:.1f}): {rank1}"
    return Finding(claim, _above(low - _KEPT, high - _KEPT), figure)


def _few_suffice(outcomes: Sequence[GaitOutcome]) -> Finding | None:
    (largest,) = outcomes[-1].after.values()
    if largest.mean is None or largest.ci95 is None:
        return None
    low, high = largest.ci95
    claim = f"Few frames suffice: {len(outcomes)} inserted turn at least {_TURNED:.0f} % of the decisions"
    figure = f"{largest.mean:.1f} % ({low:.1f}–{high:.1f})"
    return Finding(claim, _above(low - _TURNED, high - _TURNED), figure)


def _places_hardly_matter(outcomes: Sequence[GaitOutcome]) -> Finding | None:
    given = [outcome for outcome in outcomes if _at_given(outcome)]
    natural = [figures.mean for figures in given[0].before.values() if figures.mean is not None]
    left = [[figures.mean for figures in outcome.after.values() if figures.mean is not None] for outcome in given]
    if not natural or not all(left):
        return None
    each = [mean(values) for values in left]
    drop, spread = mean(natural) - mean(each), max(each) - min(each)
    claim = (
        f"Places hardly matter: between the best and the worst, rank-1 differs by less than {100 * _ALIKE:.0f} % "
        "of what the attack takes"
    )
    figure = f"{min(each):.1f} to {max(each):.1f} of {mean(natural):.1f} at {len(each)} places"
    return Finding(claim, "holds" if spread < _ALIKE * drop else "does not hold", figure)


def _at_given(outcome: GaitOutcome) -> bool:
    attack = outcome.row.attack
    return isinstance(attack, TemporalSparse) and isinstance(attack.positions, Given)


def _above(low: float, high: float) -> Verdict:
    """Of an interval, on which side of zero it lies."""
    return "holds" if low >= 0 else "does not hold" if high < 0 else "open: too few samples"
