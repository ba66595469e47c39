"""Recognisers that are made hard to attack, each a target, and the attacks that know about it."""

from stumble.defenses.across_groups import AcrossGroups
from stumble.defenses.action_defences import ActionDefence, group_vote, smoothing, unprotected
from stumble.defenses.adaptive import ActionsOnSurrogate, Alarmed, Evading, JointVotes, OnSurrogate, VotesLeft
from stumble.defenses.frame_filter import FrameFilter
from stumble.defenses.gait_defences import GaitDefence, filtering, partition_vote, subset_vote, undefended
from stumble.defenses.mean_of_pieces import MeanOfPieces
from stumble.defenses.ranked_pooling import RankedPooling
from stumble.defenses.smoothed import Smoothed
from stumble.defenses.votes_of_subsets import SubsetsByLength, SubsetVote

__all__ = [
    "AcrossGroups",
    "ActionDefence",
    "ActionsOnSurrogate",
    "Alarmed",
    "Evading",
    "FrameFilter",
    "GaitDefence",
    "JointVotes",
    "MeanOfPieces",
    "OnSurrogate",
    "RankedPooling",
    "Smoothed",
    "SubsetVote",
    "SubsetsByLength",
    "VotesLeft",
    "filtering",
    "group_vote",
    "partition_vote",
    "smoothing",
    "subset_vote",
    "undefended",
    "unprotected",
]
