"""ST-GCN's generated arrays: `X_data.npy` (N, 3, T, V, M) with `X_label.pkl`, for X in train, val and others."""

from __future__ import annotations

from pathlib import Path

from stumble.data.actions import ActionData
from stumble.data.array_pairs import open_pairs
from stumble.layouts import NTU25, OPENPOSE18

__all__ = ["STGCN_FORMAT", "open_stgcn"]

STGCN_FORMAT = "ST-GCN arrays"
PREPROCESSING = {NTU25.name: "raw", OPENPOSE18.name: "st-gcn"}


def open_stgcn(root: Path | str) -> ActionData:
    """The clips in a folder of ST-GCN's arrays, which stay on disk until they are read.

    A clip ends with its last frame that is not all zero, and has the people up to the last who ever appears. `train`
    files give the part "train", `val` and `test` files "test", others none. NTU's joints are as the sensor gives them;
    of those of Kinetics, 0.5 has been subtracted from x and y (preprocessing "st-gcn"), and the confidence is apart.

    Raises:
        DataError: a file is missing or damaged, or array and labels do not fit together.
    """
    return open_pairs(Path(root), "_data.npy", STGCN_FORMAT, PREPROCESSING, padded=True)
