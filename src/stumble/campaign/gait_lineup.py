"""From the names of defences to defended gait recognisers, on galleries and with filters made when they are needed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch

from stumble.attacks.temporal_sparse import prior_of
from stumble.campaign.choices import people, recogniser
from stumble.campaign.defence_names import DefenceName
from stumble.campaign.defended import Share
from stumble.campaign.drawing import drawn
from stumble.campaign.gait import GaitEvaluation
from stumble.campaign.gait_defended import DefendedGait
from stumble.certify import Sampling
from stumble.constraints.frames import Edit
from stumble.data.gait import GaitData
from stumble.data.splits import PROTOCOLS
from stumble.defenses import (
    FrameFilter,
    GaitDefence,
    RankedPooling,
    filtering,
    partition_vote,
    subset_vote,
    undefended,
)
from stumble.errors import SpecError, TargetError
from stumble.interfaces import FrameSeparable, SetPooled, Target, Weights
from stumble.metrics.intervals import subject_bootstrap

__all__ = ["GaitLineup", "false_alarms", "fitting_sequences"]

_FITTED = 200


@dataclass(frozen=True)
class GaitLineup:
    """What several defences of one recogniser have in common.

    Attributes:
        references: weights by how names of defences call them; None for those of the recogniser itself.
        prepare: from a target to its evaluation on the probes.
        critic: of filters.
        fitting: clean sequences on which filters choose their thresholds.
        votes: random subsets that answer.
        sampling: of certificates by random subsets.
        edit: what attacks do to frames.
    """

    references: Mapping[str | None, Weights]
    prepare: Callable[[Target], GaitEvaluation]
    critic: Weights
    fitting: Sequence[np.ndarray]
    votes: int
    sampling: Sampling
    edit: Edit
    _prepared: dict[tuple[str | None, int], GaitEvaluation] = field(default_factory=dict, init=False, repr=False)

    def __call__(self, name: DefenceName) -> DefendedGait:
        """The defence of this name.

        Raises:
            SpecError: its number does not fit, or it proves nothing about such edits.
            TargetError: it needs another kind of recogniser, or a probe has fewer frames than it takes.
        """
        plain = self._evaluation(name.weights, 0)
        defence = self._defence(name, plain)
        for key in plain.probes:
            defence.target.takes.check(plain.data.batch([key], plain.frames))
        if defence.proof is not None:
            defence.proof(self.edit)  # which it refuses to make where it could prove nothing
        return DefendedGait(defence, plain)

    def _defence(self, name: DefenceName, plain: GaitEvaluation) -> GaitDefence:
        target, gallery = plain.target, plain.gallery
        match name.kind:
            case "partition" | "content":
                return partition_vote(target, gallery, name.whole, by_content=name.kind == "content")
            case "ablation":
                return subset_vote(_separable(target), gallery, name.whole, self.votes, self.sampling)
            case "trimmed":
                trimmed = self._evaluation(name.weights, name.whole)
                return undefended(trimmed.target, trimmed.gallery)
            case "filter":
                critic, rate = prior_of(self.critic), name.number / 100
                return filtering(FrameFilter.fitted(_separable(target), critic, self.fitting, rate), gallery)
            case _:
                return undefended(target, gallery)

    def _evaluation(self, weights: str | None, averaged: int) -> GaitEvaluation:
        """Of the recogniser as it is (0), or with so many values averaged behind the largest."""
        if (weights, averaged) not in self._prepared:
            target = recogniser(self.references[weights])
            if averaged:
                target = RankedPooling(_pooled(target), 1, averaged)
            self._prepared[weights, averaged] = self.prepare(target)
        return self._prepared[weights, averaged]


def fitting_sequences(
    data: GaitData, names: Sequence[DefenceName], calibrate: str | None, tested: Collection[str]
) -> list[np.ndarray]:
    """Clean sequences to fit filters on; none where no filter is named.

    Raises:
        SpecError: nobody is named to calibrate on, or somebody who is tested, here or by the data set's protocol.
    """
    if not any(name.kind == "filter" for name in names):
        return []
    if calibrate is None:
        raise SpecError(
            "defence filter: found nobody to choose its thresholds on; expected --calibrate, such as 125-134"
        )
    chosen = people(data, calibrate)
    partition = PROTOCOLS[data.protocol].partition
    if both := sorted({*chosen} & {*tested, *(partition.test if partition else ())}):
        raise SpecError(f"--calibrate {calibrate}: {', '.join(both[:3])} are tested; expected people who are not")
    own = replace(data, keys=tuple(drawn(data.select(subjects=set(chosen)).keys, _FITTED, "frames of a filter")))
    return [frames for _, frames in own.sequences(lambda key, error: None)]


def false_alarms(defence: DefendedGait) -> Share | None:
    """Of the clean frames of all probes those that a filter refuses; None where there is no filter."""
    target, plain = defence.defence.target, defence.plain
    if not isinstance(target, FrameFilter):
        return None
    refused, total = [], []
    for key in plain.probes:
        with torch.inference_mode():
            passing = target.passing(plain.data.batch([key], plain.frames).floating().frames[0])
        refused.append(int((~passing).sum()))
        total.append(len(passing))
    interval = subject_bootstrap(refused, total, [key.subject for key in plain.probes])
    return Share(100 * sum(refused) / sum(total), interval)


def _separable(target: Target) -> FrameSeparable:
    if not isinstance(target, FrameSeparable):
        raise TargetError(f"{type(target).__name__} does not see one frame at a time, as this defence needs")
    return target


def _pooled(target: Target) -> SetPooled:
    if not isinstance(target, SetPooled):
        raise TargetError(f"{type(target).__name__} does not pool a set of frames, as this defence needs")
    return target
