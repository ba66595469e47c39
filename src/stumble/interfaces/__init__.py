"""The nouns that every room shares: what a target takes and answers, what an adversary wants, what attacks return."""

from stumble.interfaces.common import Access, Goal, Output, Weights
from stumble.interfaces.gait import (
    Attack,
    AttackResult,
    Constraint,
    Features,
    FramePool,
    FrameSeparable,
    SetPooled,
    SilhouetteInput,
    SilhouettePrior,
    Target,
)
from stumble.interfaces.skeleton import (
    PosePool,
    SkeletonAttack,
    SkeletonAttackResult,
    SkeletonConstraint,
    SkeletonInput,
    SkeletonTarget,
)

__all__ = [
    "Access",
    "Attack",
    "AttackResult",
    "Constraint",
    "Features",
    "FramePool",
    "FrameSeparable",
    "Goal",
    "Output",
    "PosePool",
    "SetPooled",
    "SilhouetteInput",
    "SilhouettePrior",
    "SkeletonAttack",
    "SkeletonAttackResult",
    "SkeletonConstraint",
    "SkeletonInput",
    "SkeletonTarget",
    "Target",
    "Weights",
]
