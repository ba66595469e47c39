"""A gait recogniser behind each of several defences, on the same probes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from statistics import median

import pyarrow as pa
import torch

from stumble.campaign.certificates import certify_gait
from stumble.campaign.defended import DefenceRow, decisions_of, summarise_defence
from stumble.campaign.gait import GaitEvaluation
from stumble.constraints import Kept
from stumble.defenses import GaitDefence
from stumble.interfaces import Attack

__all__ = ["DefendedGait"]

Progress = Callable[[int, int], None]
_UNSEEN = 2**16  # what judging adds to an attack's seed
_TIMED, _ROUNDS = 8, 3


@dataclass(frozen=True)
class DefendedGait:
    """One defence, on the probes of an evaluation.

    Attributes:
        name: of the defence.
        defence: what answers, and how it is attacked and certified.
        plain: the evaluation of the recogniser as it is, whose probes are attacked.
    """

    name: str
    defence: GaitDefence
    plain: GaitEvaluation

    def attacked(
        self, attack: Attack, folder: Path, *, seed: int = 0, progress: Progress = lambda done, total: None
    ) -> tuple[pa.Table, tuple[pa.Table, ...]]:
        """The verdicts of the attack as it is, and of those by who knows the defence.

        Args:
            folder: for the adversarial sequences.
            progress: called with attacks done and their number.
        """
        defended = replace(self.plain, target=self.defence.target, gallery=self.defence.gallery)
        judge = replace(defended, target=self.defence.judged(seed + _UNSEEN)).judge()
        attacks = (attack, *self.defence.adaptive(attack))
        tables = []
        for number, each in enumerate(attacks):
            progress(number, len(attacks))
            constraint = Kept(getattr(attack, "edit", "alter"))
            own = folder / ("plain" if number == 0 else f"adaptive-{number}")
            tables.append(defended.attack(each, "untargeted", own, judge=judge, constraint=constraint, seed=seed))
        progress(len(attacks), len(attacks))
        return tables[0], tuple(tables[1:])

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
        ratios = []
        for key in self.plain.probes[:_TIMED]:
            one = self.plain.data.batch([key], self.plain.frames)
            sides = ((self.defence.target, self.defence.gallery), (self.plain.target, self.plain.gallery))
            seconds = [min(self._seconds(*side, one) for _ in range(_ROUNDS)) for side in sides]
            ratios.append(seconds[0] / seconds[1])
        return median(ratios)

    @staticmethod
    def _seconds(target: object, gallery: object, one: object) -> float:
        began = time.perf_counter()
        with torch.inference_mode():
            gallery.scores(target(one).embedding)  # type: ignore[operator, attr-defined]
        return time.perf_counter() - began

    def row(
        self,
        budget: str,
        verdicts: tuple[pa.Table, tuple[pa.Table, ...]],
        certificates: pa.Table | None,
    ) -> tuple[DefenceRow, pa.Table]:
        """The row of the table, and the decisions that it sums up."""
        plain, adaptive = verdicts
        edited: dict[str, float] = {}
        for row in (row for table in (plain, *adaptive) for row in table.to_pylist()):
            edited[row["sample"]] = max(edited.get(row["sample"], 0.0), float(row["edited"]))
        decisions = decisions_of(plain, adaptive, certificates, edited)
        confidence = 1.0 if certificates is None else float(certificates["confidence"][0].as_py())
        return summarise_defence(decisions, self.name, budget, self.cost, confidence), decisions
