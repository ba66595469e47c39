"""Recognisers that are made hard to attack, each a target, and the attacks that know about it."""

from stumble.defenses.adaptive import ActionsOnSurrogate, Alarmed, Evading, JointVotes, OnSurrogate
from stumble.defenses.frame_filter import FrameFilter
from stumble.defenses.ranked_pooling import RankedPooling
from stumble.defenses.smoothed import Smoothed
from stumble.defenses.votes_of_subsets import SubsetsByLength, SubsetVote

__all__ = [
    "ActionsOnSurrogate",
    "Alarmed",
    "Evading",
    "FrameFilter",
    "JointVotes",
    "OnSurrogate",
    "RankedPooling",
    "Smoothed",
    "SubsetVote",
    "SubsetsByLength",
]
