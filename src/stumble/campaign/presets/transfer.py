"""Action recognisers as sources of attacks on one another: pairs of them as benches, and what came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import pyarrow as pa
import torch

from stumble.campaign.action_bench import ActionBench
from stumble.campaign.action_summary import ActionSummary, summarise_actions
from stumble.campaign.choices import classifier, weights
from stumble.campaign.presets.ciasa import AS_PRINTED, SkeletonPreset, SkeletonRow
from stumble.campaign.presets.ciasa_printed import TABLE_3, PrintedTransfer
from stumble.campaign.results import CellResult
from stumble.interfaces import SkeletonTarget
from stumble.metrics.classification import Accuracy
from stumble.models import AGCN, PALSTM, STGCN
from stumble.preprocess import TwoStream
from stumble.targets import Ensemble

__all__ = ["Transfer", "called", "paired", "transfers"]

_BETWEEN = " to "


@dataclass(frozen=True)
class Transfer:
    """One attack, made on one recogniser and judged on another or on the same.

    Attributes:
        row: the attack.
        source, judged: what the recognisers are called.
        verdicts: the judge's table, a row per clip.
    """

    row: SkeletonRow
    source: str
    judged: str
    verdicts: pa.Table

    @cached_property
    def summary(self) -> ActionSummary:
        """The figures."""
        return summarise_actions(self.verdicts)

    @cached_property
    def turned(self) -> dict[str, bool]:
        """Whether each clip is taken for something else than before."""
        names, before, after = (
            self.verdicts[name].to_pylist() for name in ("sample", "predicted_before", "predicted_after")
        )
        return {name: a != b for name, b, a in zip(names, before, after, strict=True)}

    @cached_property
    def changed(self) -> Accuracy:
        """The share of clips that are taken for something else than before, with its interval."""
        subjects = self.verdicts["subject"].to_pylist()
        return Accuracy.of(torch.tensor(list(self.turned.values())), subjects if all(subjects) else None)

    @property
    def printed(self) -> PrintedTransfer | None:
        """What the paper has of such a pair, whose source is ST-GCN, for the attack as printed."""
        return TABLE_3.get(self.judged) if (self.row.label, self.source) == (AS_PRINTED, "ST-GCN") else None


def paired(bench: ActionBench, models: Sequence[str], each: bool) -> dict[str, ActionBench]:
    """The bench with the first of the models, or each, as the source for all, by "ST-GCN to PA-LSTM".

    Raises:
        WeightsError: there is no such model, or it is no action recogniser.
    """
    names = [called(classifier(weights(model))) for model in models]
    for k, count in enumerate([names[: k + 1].count(name) for k, name in enumerate(names)]):
        names[k] += f" ({count})" if count > 1 else ""
    named = dict(zip(names, models, strict=True))
    return {
        f"{source}{_BETWEEN}{judged}": replace(bench, model=model, source=None if source == judged else named[source])
        for source in (named if each else names[:1])
        for judged, model in named.items()
    }


def transfers(preset: SkeletonPreset, results: Sequence[CellResult]) -> tuple[Transfer, ...]:
    """All attacks of a preset on such benches. Raises DataError where nothing is there of one."""
    found = (
        (row, result.cell.entry.bench.split(_BETWEEN), verdicts) for row, result, verdicts in preset.found(results)
    )
    return tuple(Transfer(row, source, judged, verdicts) for row, (source, judged), verdicts in found)


def called(target: SkeletonTarget) -> str:
    """What papers call a recogniser: "ST-GCN"; "2s-AGCN, joints" of one stream, "2s-AGCN" of both."""
    if isinstance(target, Ensemble):
        members = [called(member) for member in target.members]
        both = Counter(members) == Counter(["2s-AGCN, joints", "2s-AGCN, bones"])
        return "2s-AGCN" if both else " + ".join(members)
    if isinstance(target, AGCN) and isinstance(target.recipe, TwoStream):
        return f"2s-AGCN, {target.recipe.stream}s"
    known = {STGCN: "ST-GCN", AGCN: "2s-AGCN, one stream", PALSTM: "PA-LSTM"}
    return next((name for kind, name in known.items() if isinstance(target, kind)), type(target).__name__)
