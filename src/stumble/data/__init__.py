"""Gait, skeleton actions and motion capture on disk: a reader per format, pretreatment, splits, a folder check."""

from __future__ import annotations

from stumble.data.action_check import ActionReport, inspect_actions, inspect_data
from stumble.data.action_notes import ActionNote
from stumble.data.action_opening import open_actions
from stumble.data.action_splits import SPLITS, ActionSplit, fitting_splits, split_named
from stumble.data.actions import ActionData, Clip, Joints
from stumble.data.agcn_arrays import open_agcn
from stumble.data.arrays import open_arrays, write_frames
from stumble.data.asf_amc import read_amc, read_asf
from stumble.data.bvh import read_bvh
from stumble.data.casia_a import open_casia_a
from stumble.data.casia_b import open_casia_b
from stumble.data.check import FolderReport, inspect_folder
from stumble.data.conversion import Conversion, pretreat_tree
from stumble.data.ctr_gcn import open_ctr_gcn
from stumble.data.gait import GaitData, SequenceKey
from stumble.data.kinetics import open_kinetics
from stumble.data.mocap_actions import camera_joints, open_hdm05
from stumble.data.ntu25 import ntu25
from stumble.data.ntu_actions import NTU60_ACTIONS, NTU120_ACTIONS
from stumble.data.ntu_skeleton import open_ntu_skeleton, parse_skeleton
from stumble.data.opengait import open_pickles, read_partition
from stumble.data.opening import layout_of, open_gait
from stumble.data.pretreatment import pretreat, pretreat_stack
from stumble.data.pyskl import open_pyskl
from stumble.data.recording import Recording
from stumble.data.splits import CASIA_A, CASIA_B, PROTOCOLS, Partition, Protocol
from stumble.data.stgcn_arrays import open_stgcn
from stumble.data.trees import Note
from stumble.data.trials import Trial, cmu_trials

__all__ = [
    "CASIA_A",
    "CASIA_B",
    "NTU60_ACTIONS",
    "NTU120_ACTIONS",
    "PROTOCOLS",
    "SPLITS",
    "ActionData",
    "ActionNote",
    "ActionReport",
    "ActionSplit",
    "Clip",
    "Conversion",
    "FolderReport",
    "GaitData",
    "Joints",
    "Note",
    "Partition",
    "Protocol",
    "Recording",
    "SequenceKey",
    "Trial",
    "camera_joints",
    "cmu_trials",
    "fitting_splits",
    "inspect_actions",
    "inspect_data",
    "inspect_folder",
    "layout_of",
    "ntu25",
    "open_actions",
    "open_agcn",
    "open_arrays",
    "open_casia_a",
    "open_casia_b",
    "open_ctr_gcn",
    "open_gait",
    "open_hdm05",
    "open_kinetics",
    "open_ntu_skeleton",
    "open_pickles",
    "open_pyskl",
    "open_stgcn",
    "parse_skeleton",
    "pretreat",
    "pretreat_stack",
    "pretreat_tree",
    "read_amc",
    "read_asf",
    "read_bvh",
    "read_partition",
    "split_named",
    "write_frames",
]
