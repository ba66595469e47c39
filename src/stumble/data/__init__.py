"""Gait data sets and motion capture on disk: a reader per format, pretreatment, splits, a folder check."""

from __future__ import annotations

from stumble.data.arrays import open_arrays, write_frames
from stumble.data.asf_amc import read_amc, read_asf
from stumble.data.bvh import read_bvh
from stumble.data.casia_a import open_casia_a
from stumble.data.casia_b import open_casia_b
from stumble.data.check import FolderReport, inspect_folder
from stumble.data.conversion import Conversion, pretreat_tree
from stumble.data.gait import GaitData, SequenceKey
from stumble.data.ntu25 import ntu25
from stumble.data.opengait import open_pickles, read_partition
from stumble.data.opening import layout_of, open_gait
from stumble.data.pretreatment import pretreat, pretreat_stack
from stumble.data.recording import Recording
from stumble.data.splits import CASIA_A, CASIA_B, PROTOCOLS, Partition, Protocol
from stumble.data.trees import Note
from stumble.data.trials import Trial, cmu_trials

__all__ = [
    "CASIA_A",
    "CASIA_B",
    "PROTOCOLS",
    "Conversion",
    "FolderReport",
    "GaitData",
    "Note",
    "Partition",
    "Protocol",
    "Recording",
    "SequenceKey",
    "Trial",
    "cmu_trials",
    "inspect_folder",
    "layout_of",
    "ntu25",
    "open_arrays",
    "open_casia_a",
    "open_casia_b",
    "open_gait",
    "open_pickles",
    "pretreat",
    "pretreat_stack",
    "pretreat_tree",
    "read_amc",
    "read_asf",
    "read_bvh",
    "read_partition",
    "write_frames",
]
