"""Training of the networks that are shipped, and of a user's own on a user's own data."""

from __future__ import annotations

from stumble.training.action_clips import ActionClips, HeldOutTop1, prepare
from stumble.training.actions import ActionProgress, ActionTraining
from stumble.training.bone_angles import BoneAngleProgress, BoneAngleTraining, PosePairs, taken_for_real
from stumble.training.calibration import calibrate
from stumble.training.gait import GaitProgress, GaitTraining
from stumble.training.gaitbase import GaitBaseTraining
from stumble.training.gaitgan import GaitGANTraining
from stumble.training.gaitset import GaitSetTraining
from stumble.training.geinet import GEINetTraining
from stumble.training.hardened_gaitset import HardenedGaitSetTraining
from stumble.training.hardened_stgcn import HardenedSTGCNTraining
from stumble.training.memory import keep_freed_memory
from stumble.training.selfgait import SelfGaitTraining
from stumble.training.validation import HeldOutRank1
from stumble.training.walks import by_subject
from stumble.training.wgan_gp import WganProgress, WganTraining, contact_sheet, sample, single_frames

__all__ = [
    "ActionClips",
    "ActionProgress",
    "ActionTraining",
    "BoneAngleProgress",
    "BoneAngleTraining",
    "GEINetTraining",
    "GaitBaseTraining",
    "GaitGANTraining",
    "GaitProgress",
    "GaitSetTraining",
    "GaitTraining",
    "HardenedGaitSetTraining",
    "HardenedSTGCNTraining",
    "HeldOutRank1",
    "HeldOutTop1",
    "PosePairs",
    "SelfGaitTraining",
    "WganProgress",
    "WganTraining",
    "by_subject",
    "calibrate",
    "contact_sheet",
    "keep_freed_memory",
    "prepare",
    "sample",
    "single_frames",
    "taken_for_real",
]
