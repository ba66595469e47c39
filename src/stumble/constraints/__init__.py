"""What an adversary may do."""

from stumble.constraints.bones import Bones, realign
from stumble.constraints.coherence import Coherence
from stumble.constraints.feasible import Feasible, feasible
from stumble.constraints.frames import (
    Even,
    First,
    Given,
    Kept,
    Positions,
    RandomPositions,
    Sparsity,
)
from stumble.constraints.height import height
from stumble.constraints.joint_box import JointBox
from stumble.constraints.joint_budget import LEGS_ADVANCED, JointBudget
from stumble.constraints.rotations import Rotations
from stumble.constraints.untouched import Untouched

__all__ = [
    "LEGS_ADVANCED",
    "Bones",
    "Coherence",
    "Even",
    "Feasible",
    "First",
    "Given",
    "JointBox",
    "JointBudget",
    "Kept",
    "Positions",
    "RandomPositions",
    "Rotations",
    "Sparsity",
    "Untouched",
    "feasible",
    "height",
    "realign",
]
