"""Opening a folder without being told its format."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Literal

from stumble.data.arrays import open_arrays
from stumble.data.casia_a import open_casia_a, walk_folders
from stumble.data.casia_b import open_casia_b
from stumble.data.damage import reading
from stumble.data.gait import GaitData
from stumble.data.opengait import open_pickles
from stumble.data.pretreatment import Flavour
from stumble.data.trees import files_in, view_folders
from stumble.errors import DataError

__all__ = ["Layout", "contents", "layout_of", "open_gait"]

Layout = Literal["arrays", "opengait", "casia-b", "casia-a"]
"""Compressed arrays, OpenGait's pickles, CASIA-B's images, CASIA-A's images."""

SUFFIXES: dict[str, Layout] = {".npz": "arrays", ".pkl": "opengait", ".png": "casia-b"}
EXPECTED = (
    "SUBJECT/CONDITION/VIEW with a .npz file, a .pkl file or .png files, "
    "or PERSON/DIRECTION_NUMBER with .png files (CASIA-A)"
)


def open_gait(path: Path | str, flavour: Flavour = "opengait") -> GaitData:
    """The gait data set in a folder, in whichever of the known layouts it is.

    Args:
        flavour: whose pretreatment raw images get; pretreated trees are taken as they are.

    Raises:
        DataError: no layout fits; it says what the folder holds.
    """
    match layout_of(path):
        case "arrays":
            return open_arrays(path)
        case "opengait":
            return open_pickles(path)
        case "casia-b":
            return open_casia_b(path, flavour)
        case "casia-a":
            return open_casia_a(path, flavour)


def layout_of(path: Path | str) -> Layout:
    """The layout of the first sequence in a folder. Raises DataError, saying what the folder holds."""
    root = Path(path)
    with reading(root, EXPECTED):
        if not root.is_dir():
            raise DataError(root, "a file" if root.exists() else "nothing", "a folder of gait sequences")
        inner = root / "silhouettes"
        for _, folder in walk_folders(inner if inner.is_dir() else root):
            if files_in(folder, ".png"):
                return "casia-a"
        for _, folder in view_folders(root):
            for suffix, layout in SUFFIXES.items():
                if files_in(folder, suffix):
                    return layout
        raise DataError(root, contents(root), EXPECTED)


def contents(root: Path) -> str:
    """What a folder holds on its first level and how deep it goes, in words."""
    entries = sorted(root.iterdir())
    folders = [entry.name for entry in entries if entry.is_dir()]
    kinds = Counter(entry.suffix or "other" for entry in entries if not entry.is_dir())
    parts = [f"{count} {kind} files" for kind, count in kinds.most_common(3)]
    if folders:
        names = ", ".join(folders[:3]) + (", ..." if len(folders) > 3 else "")
        parts.insert(0, f"{len(folders)} folders ({names})")
    return " and ".join(parts) if parts else "an empty folder"
