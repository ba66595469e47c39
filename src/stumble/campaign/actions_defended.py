"""An action recogniser behind each of several defences, on the same clips."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pyarrow as pa
import torch

from stumble.campaign.actions import ActionEvaluation
from stumble.campaign.certificates import certify_actions
from stumble.campaign.defence_parts import Part
from stumble.campaign.defended import (
    UNSEEN,
    Verdicts,
    attacked_in_turn,
    decisions_of,
    relative_cost,
)
from stumble.certify import box_norm
from stumble.constraints import JointBudget
from stumble.data.actions import Clip
from stumble.defenses import ActionDefence
from stumble.interfaces import Goal, SkeletonAttack, SkeletonTarget

__all__ = ["DefendedActions"]

Progress = Callable[[int, int], None]
_TIMED = 8


@dataclass(frozen=True)
class DefendedActions:
    """One defence, on the clips of an evaluation.

    Attributes:
        defence: what answers, and how it is attacked and certified.
        plain: the evaluation of the recogniser as it is, whose clips are attacked.
    """

    defence: ActionDefence
    plain: ActionEvaluation

    def attacked(
        self, attack: SkeletonAttack, folder: Path, *, seed: int = 0, progress: Progress = lambda done, total: None
    ) -> Verdicts:
        """The verdicts of the attack as it is, and of those by who knows the defence; see `attacked_in_turn`."""
        defended = self._behind(self.defence.target)
        judge = self._behind(self.defence.judged(seed + UNSEEN)).judge()

        def run(each: SkeletonAttack, own: Path) -> pa.Table:
            return defended.attack(each, "untargeted", own, judge=judge, seed=seed)

        return attacked_in_turn((attack, *self.defence.adaptive(attack)), folder, run, progress)

    def certificates(self, *, seed: int = 0) -> pa.Table | None:
        """What is proven of the answers when joints are moved; None where nothing is."""
        if self.defence.proof is None:
            return None
        scorer, method = self.defence.proof
        return certify_actions(self._behind(scorer.target), method, seed=seed)

    @cached_property
    def cost(self) -> float:
        """Time of an answer, in times of the recogniser as it is: the median over some clips."""
        batches = [self.plain.data.batch([clip]) for clip in self.plain.clips[:_TIMED]]
        return relative_cost(self.defence.target, self.plain.target, batches)

    def part(
        self,
        budget: JointBudget,
        verdicts: Verdicts,
        certificates: pa.Table | None,
    ) -> Part:
        """What became of the decisions; certificates must reach the corner of the box."""
        plain, adaptive = verdicts
        corners = {clip.id: float(box_norm(self.plain.data.batch([clip]), budget)) for clip in self.plain.clips}
        decisions = decisions_of(plain, adaptive, certificates, corners)
        name = f"ε = {budget.epsilon:g}" if isinstance(budget.epsilon, float) else str(budget.epsilon)
        return Part.of(decisions, name, self.cost, certificates)

    def _behind(self, target: SkeletonTarget) -> ActionEvaluation:
        """The same clips before another recogniser, of whose answers nothing is remembered."""
        return _Known(target, self.plain.data, self.plain.clips, self.plain.memory)


@dataclass(frozen=True)
class _Known(ActionEvaluation):
    """Whose adversary leaves the true class: what votes drawn before the judge's say a clip is may be wrong."""

    def goal(self, kind: str, clips: Sequence[Clip]) -> Goal:
        return Goal("untargeted", torch.tensor([clip.label for clip in clips]))
