"""The only place that decides success: from the sample as stored, through a fresh forward pass."""

from stumble.judge.gait import GaitJudge, Probe
from stumble.judge.skeleton import SkeletonJudge

__all__ = ["GaitJudge", "Probe", "SkeletonJudge"]
