"""2s-AGCN's generated arrays: `X_data_joint.npy` and `X_data_bone.npy` (N, 3, T, V, M) with `X_label.pkl`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from stumble.data.actions import ActionData
from stumble.data.array_pairs import Content, open_pairs
from stumble.data.damage import reading
from stumble.data.trees import files_in
from stumble.errors import DataError
from stumble.layouts import NTU25, OPENPOSE18

__all__ = ["AGCN_FORMAT", "open_agcn"]

AGCN_FORMAT = "2s-AGCN arrays"
JOINTS, BONES = "_data_joint.npy", "_data_bone.npy"
CONTENTS = {
    "joint": {
        NTU25.name: Content("2s-agcn", padded=False),
        OPENPOSE18.name: Content("raw", padded=True, detected=(1, -1)),
    },
    "bone": {
        NTU25.name: Content("2s-agcn bones", padded=False),
        OPENPOSE18.name: Content("2s-agcn bones", padded=True),
    },
}


def open_agcn(root: Path | str, stream: Literal["joint", "bone"] = "joint") -> ActionData:
    """The clips in a folder of 2s-AGCN's arrays, which stay on disk until they are read.

    NTU's joints are already centred, turned and, at all T frames, padded by repetition: preprocessing "2s-agcn". Those
    of Kinetics are raw, as `open_stgcn` gives them; that the files have y upwards is undone too.

    Args:
        stream: "bone" gives the differences child − parent of the bone arrays instead (of Kinetics with that of the
            confidences as third coordinate), for comparison with those that the joints give; no attack can start from
            them.

    Raises:
        DataError: a file is missing or damaged, array and labels do not fit together, or only bones are there.
    """
    root = Path(root)
    with reading(root, f"files *{JOINTS}"):
        lone = [path for path in files_in(root, BONES) if not (root / path.name.replace(BONES, JOINTS)).exists()]
    if lone:
        raise DataError(lone[0], "bones without joints", f"{lone[0].name.replace(BONES, JOINTS)} beside")
    return open_pairs(root, JOINTS if stream == "joint" else BONES, AGCN_FORMAT, CONTENTS[stream])
