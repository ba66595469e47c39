"""A defended action recogniser: who answers the judge, and what the adversary leaves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from stumble.attacks import OneStep
from stumble.campaign.actions import ActionEvaluation
from stumble.campaign.actions_defended import DefendedActions
from stumble.campaign.defended import UNSEEN
from stumble.constraints import JointBudget
from stumble.data.actions import ActionData, Clip, Joints
from stumble.defenses import unprotected
from stumble.interfaces import Goal, Output, SkeletonAttack, SkeletonAttackResult, SkeletonInput, SkeletonTarget
from stumble.layouts import NTU25
from stumble.sequences import Skeletons


@dataclass(frozen=True)
class High:
    """Class 1 where the head is above a line."""

    line: float = 0.0
    takes: SkeletonInput = SkeletonInput(NTU25)

    def __call__(self, batch: Skeletons) -> Output:
        height = batch.joints[:, 0, 0, 3, 1] - self.line
        return Output(logits=torch.stack([-height, height], 1))


def evaluation(target: SkeletonTarget) -> ActionEvaluation:
    clips = tuple(Clip(f"{k}", k % 2, f"{k:03d}", "1") for k in range(4))

    def read(clip: Clip) -> Joints:
        joints = np.full((1, 3, 25, 3), 0.5, np.float32)
        joints[..., 3, 1] = 0.02 if clip.label else -0.02
        return Joints(joints)

    return ActionEvaluation.prepare(target, ActionData("heads", "made here", NTU25, ("low", "high"), clips, read, True))


@dataclass(frozen=True)
class Watching(OneStep):
    def __call__(self, target: SkeletonTarget, batch: Skeletons, goal: Goal, *, seed: int) -> SkeletonAttackResult:
        GOALS.append(goal)
        return super().__call__(target, batch, goal, seed=seed)


GOALS: list[Goal] = []


def test_the_adversary_leaves_the_true_class_and_the_judge_asks_what_no_attack_has_seen(tmp_path: Path) -> None:
    """What is attacked takes every clip for class 0, what is asked in the end none wrongly."""
    seeds, plain = [], evaluation(High())

    def judged(seed: int) -> SkeletonTarget:
        seeds.append(seed)
        return High()

    GOALS.clear()
    defence = replace(unprotected(High(1.0)), judged=judged)
    measured, budget = DefendedActions(defence, plain), JointBudget(0.001)
    attack: SkeletonAttack = Watching(budget)
    row = measured.part(budget, measured.attacked(attack, tmp_path, seed=3), None).row("vote")
    assert set(seeds) == {3 + UNSEEN}
    assert {tuple(goal.label.tolist()) for goal in GOALS} == {(0, 1, 0, 1)}
    assert (row.clean.percent, row.adaptive.percent) == (100, 100)  # a millimetre is too little for the honest one
