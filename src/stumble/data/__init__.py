"""Gait data sets on disk: one reader per format, pretreatment, splits, and a check of what a folder holds."""

from __future__ import annotations

from stumble.data.arrays import open_arrays, write_frames
from stumble.data.casia_a import open_casia_a
from stumble.data.casia_b import open_casia_b
from stumble.data.check import FolderReport, inspect_folder
from stumble.data.conversion import Conversion, pretreat_tree
from stumble.data.gait import GaitData, SequenceKey
from stumble.data.opengait import open_pickles, read_partition
from stumble.data.opening import layout_of, open_gait
from stumble.data.pretreatment import pretreat, pretreat_stack
from stumble.data.splits import CASIA_A, CASIA_B, PROTOCOLS, Partition, Protocol
from stumble.data.trees import Note

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
    "SequenceKey",
    "inspect_folder",
    "layout_of",
    "open_arrays",
    "open_casia_a",
    "open_casia_b",
    "open_gait",
    "open_pickles",
    "pretreat",
    "pretreat_stack",
    "pretreat_tree",
    "read_partition",
    "write_frames",
]
