"""Opening skeleton actions without being told their format."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from stumble.data.actions import ActionData
from stumble.data.agcn_arrays import BONES, JOINTS, open_agcn
from stumble.data.ctr_gcn import open_ctr_gcn
from stumble.data.damage import reading
from stumble.data.kinetics import open_kinetics
from stumble.data.mocap_actions import open_hdm05
from stumble.data.ntu_skeleton import open_ntu_skeleton
from stumble.data.opening import contents
from stumble.data.pyskl import open_pyskl
from stumble.data.stgcn_arrays import open_stgcn
from stumble.errors import DataError

__all__ = ["ACTION_FORMATS", "ActionFormat", "action_format_of", "open_actions"]


@dataclass(frozen=True)
class ActionFormat:
    """One format of skeleton actions on disk.

    Attributes:
        expected: what there is in this format, in words.
        patterns: of the files in a folder of this format; one is enough.
        open: from the folder to its clips.
        single: it is no folder but one file that matches.
    """

    expected: str
    patterns: tuple[str, ...]
    open: Callable[[Path], ActionData]
    single: bool = False

    def fits(self, path: Path) -> bool:
        """Whether a folder or a file is of this format."""
        if self.single:
            return path.is_file() and any(path.match(pattern) for pattern in self.patterns)
        return path.is_dir() and any(next(path.glob(pattern), None) is not None for pattern in self.patterns)


ACTION_FORMATS = (
    ActionFormat(
        "SsssCcccPpppRrrrAaaa.skeleton (NTU)", ("*.skeleton", "*/*.skeleton", "*/*/*.skeleton"), open_ntu_skeleton
    ),
    ActionFormat(f"*{JOINTS} with *_label.pkl (2s-AGCN)", (f"*{JOINTS}", f"*{BONES}"), open_agcn),
    ActionFormat("*_data.npy with *_label.pkl (ST-GCN)", ("*_data.npy",), open_stgcn),
    ActionFormat("CLASS/HDM_ACTOR_CLASS_TAKE_RATE.amc (HDM05)", ("*/HDM_*.amc",), open_hdm05),
    ActionFormat("a .npz file with x_train and y_train (CTR-GCN)", ("*.npz",), open_ctr_gcn, single=True),
    ActionFormat("a .pkl file with annotations (PYSKL)", ("*.pkl",), open_pyskl, single=True),
    ActionFormat("*_label.json with a folder of .json files (Kinetics-skeleton)", ("*_label.json",), open_kinetics),
)
"""In the order in which they are tried."""

EXPECTED = "; ".join(format.expected for format in ACTION_FORMATS)


def action_format_of(path: Path | str) -> ActionFormat | None:
    """The first format of skeleton actions that a folder or a file fits, or None. Raises DataError."""
    path = Path(path)
    with reading(path, EXPECTED):
        return next((format for format in ACTION_FORMATS if format.fits(path)), None)


def open_actions(path: Path | str) -> ActionData:
    """The skeleton actions in a folder or a file, in whichever of the known formats they are.

    Raises:
        DataError: no format fits; it says what is there and what the formats look like.
    """
    path = Path(path)
    if format := action_format_of(path):
        return format.open(path)
    with reading(path, EXPECTED):
        found = contents(path) if path.is_dir() else f"a {path.suffix} file" if path.exists() else "nothing"
    raise DataError(path, found, EXPECTED)
