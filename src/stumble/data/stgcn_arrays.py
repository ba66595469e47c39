"""ST-GCN's generated arrays: `X_data.npy` (N, 3, T, V, M) with `X_label.pkl`, for X in train, val and others."""

from __future__ import annotations

from pathlib import Path

from stumble.data.actions import ActionData
from stumble.data.array_pairs import Content, open_pairs
from stumble.layouts import NTU25, OPENPOSE18

__all__ = ["STGCN_FORMAT", "open_stgcn"]

STGCN_FORMAT = "ST-GCN arrays"
CONTENTS = {
    NTU25.name: Content("raw", padded=True),
    OPENPOSE18.name: Content("raw", padded=True, detected=(1, 1)),
}


def open_stgcn(root: Path | str) -> ActionData:
    """The clips in a folder of ST-GCN's arrays, which stay on disk until they are read.

    A clip ends with its last frame that is not all zero, and has the people up to the last who ever appears. `train`
    files give the part "train", `val` and `test` files "test", others none. Joints are raw:
    NTU's as the sensor gives them, those of Kinetics in [0, 1] of the image, with the confidence apart. The files hold
    the latter less 0.5, which is undone here; the last bit may differ from the original detections, by rounding.

    Raises:
        DataError: a file is missing or damaged, or array and labels do not fit together.
    """
    return open_pairs(Path(root), "_data.npy", STGCN_FORMAT, CONTENTS)
