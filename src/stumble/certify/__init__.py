"""What no K edited frames, and no small displacement of the joints, can change: proofs, not attacks."""

from stumble.certify.ablation import Ablation
from stumble.certify.certificate import Certificate, FrameEdit, Method
from stumble.certify.partition import Partition
from stumble.certify.pieces import ByContent, ByIndex, Pieces, RandomSubsets
from stumble.certify.sampling import Sampling
from stumble.certify.scorers import ActionScorer, GaitScorer, Scorer
from stumble.certify.smoothing import Smoothing, box_norm
from stumble.certify.stretching import Stretched
from stumble.certify.voters import Piecewise, SeparablePiecewise, VotingClassifier, VotingGallery, piecewise
from stumble.certify.votes import Votes

__all__ = [
    "Ablation",
    "ActionScorer",
    "ByContent",
    "ByIndex",
    "Certificate",
    "FrameEdit",
    "GaitScorer",
    "Method",
    "Partition",
    "Pieces",
    "Piecewise",
    "RandomSubsets",
    "Sampling",
    "Scorer",
    "SeparablePiecewise",
    "Smoothing",
    "Stretched",
    "Votes",
    "VotingClassifier",
    "VotingGallery",
    "box_norm",
    "piecewise",
]
