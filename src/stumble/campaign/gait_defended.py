"""A gait recogniser behind each of several defences, on the same probes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path

import pyarrow as pa
from torch import Tensor

from stumble.campaign.certificates import certify_gait
from stumble.campaign.defence_parts import Part
from stumble.campaign.defended import (
    UNSEEN,
    Verdicts,
    attacked_in_turn,
    decisions_of,
    relative_cost,
)
from stumble.campaign.gait import GaitEvaluation
from stumble.constraints import Kept
from stumble.defenses import GaitDefence
from stumble.interfaces import Attack, Target
from stumble.sequences import Silhouettes
from stumble.targets.gallery import Gallery

__all__ = ["DefendedGait"]

Progress = Callable[[int, int], None]
_TIMED = 8


@dataclass(frozen=True)
class DefendedGait:
    """One defence, on the probes of an evaluation.

    Attributes:
        defence: what answers, and how it is attacked and certified.
        plain: the evaluation of the recogniser as it is, whose probes are attacked.
    """

    defence: GaitDefence
    plain: GaitEvaluation

    def attacked(
        self, attack: Attack, folder: Path, *, seed: int = 0, progress: Progress = lambda done, total: None
    ) -> Verdicts:
        """The verdicts of the attack as it is, and of those by who knows the defence; see `attacked_in_turn`."""
        defended = replace(self.plain, target=self.defence.target, gallery=self.defence.gallery)
        judge = replace(defended, target=self.defence.judged(seed + UNSEEN)).judge()
        constraint = Kept(getattr(attack, "edit", "alter"))

        def run(each: Attack, own: Path) -> pa.Table:
            return defended.attack(each, "untargeted", own, judge=judge, constraint=constraint, seed=seed)

        return attacked_in_turn((attack, *self.defence.adaptive(attack)), folder, run, progress)

    def certificates(self, attack: Attack, *, seed: int = 0) -> pa.Table | None:
        """What is proven of the answers against the attack's kind of edit; None where nothing is."""
        if self.defence.proof is None:
            return None
        scorer, method = self.defence.proof(getattr(attack, "edit", "alter"))
        voters = replace(self.plain, target=scorer.target, gallery=scorer.gallery)
        return certify_gait(voters, method, seed=seed)

    @cached_property
    def cost(self) -> float:
        """Time from a probe to whom it shows, in times of the recogniser as it is: the median over some probes."""
        batches = [self.plain.data.batch([key], self.plain.frames) for key in self.plain.probes[:_TIMED]]
        defended, plain = (partial(_shown, side.target, side.gallery) for side in (self.defence, self.plain))
        return relative_cost(defended, plain, batches)

    def part(
        self,
        budget: str,
        verdicts: Verdicts,
        certificates: pa.Table | None,
    ) -> Part:
        """What became of the decisions."""
        plain, adaptive = verdicts
        edited: dict[str, float] = {}
        for row in (row for table in (plain, *adaptive) for row in table.to_pylist()):
            edited[row["sample"]] = max(edited.get(row["sample"], 0.0), float(row["edited"]))
        decisions = decisions_of(plain, adaptive, certificates, edited)
        return Part.of(decisions, budget, self.cost, certificates)


def _shown(target: Target, gallery: Gallery, probe: Silhouettes) -> Tensor:
    """How near everybody in the gallery is."""
    embedding = target(probe).embedding
    assert embedding is not None
    return gallery.scores(embedding)
