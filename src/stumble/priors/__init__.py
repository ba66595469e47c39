"""What looks natural: terms of an adversary's loss."""

from stumble.priors.bone_angles import BoneAngleDiscriminator, angle_maps
from stumble.priors.discriminators import Frozen, TrainedAlong
from stumble.priors.pose_prior import PoseCritic, PosePrior
from stumble.priors.smoothness import smoothness

__all__ = [
    "BoneAngleDiscriminator",
    "Frozen",
    "PoseCritic",
    "PosePrior",
    "TrainedAlong",
    "angle_maps",
    "smoothness",
]
