"""Adversaries, one file per family."""

from stumble.attacks.best_real import BestReal
from stumble.attacks.ciasa import CIASA
from stumble.attacks.controls import RandomFrames, RealFrames
from stumble.attacks.evolved_latents import EvolvedLatents
from stumble.attacks.joint_pgd import JointPGD
from stumble.attacks.one_step import OneStep
from stumble.attacks.pixel import PixelAttack, fgsm, mi_fgsm, pgd
from stumble.attacks.random_search import RandomJoints, RandomLatents
from stumble.attacks.searched_positions import GreedyGradient, GreedyTrials
from stumble.attacks.temporal_sparse import TemporalSparse, bounded

__all__ = [
    "CIASA",
    "BestReal",
    "EvolvedLatents",
    "GreedyGradient",
    "GreedyTrials",
    "JointPGD",
    "OneStep",
    "PixelAttack",
    "RandomFrames",
    "RandomJoints",
    "RandomLatents",
    "RealFrames",
    "TemporalSparse",
    "bounded",
    "fgsm",
    "mi_fgsm",
    "pgd",
]
