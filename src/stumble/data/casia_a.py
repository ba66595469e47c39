"""CASIA-A's tree of silhouettes, `silhouettes/fyc/00_1/fyc-00_1-001.png`, pretreated on reading."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stumble.data.casia_b import read_images
from stumble.data.damage import reading
from stumble.data.gait import GaitData, SequenceKey, data_name
from stumble.data.pretreatment import Flavour
from stumble.data.trees import Note, files_in, subfolders
from stumble.errors import DataError

__all__ = ["CasiaATree", "open_casia_a", "walk_folder", "walk_folders"]

WALK = re.compile(r"(00|45|90)_([1-4])")


@dataclass(frozen=True)
class CasiaATree:
    """Reads and pretreats the sequence of a key from CASIA-A's tree."""

    root: Path
    flavour: Flavour = "opengait"

    def __call__(self, key: SequenceKey) -> np.ndarray:
        return read_images(walk_folder(self.root, key), self.flavour)


def walk_folder(root: Path, key: SequenceKey) -> Path:
    """Where the images of a key lie: those of ("fyc", "nm-01", "45") in `fyc/45_1`."""
    return root / key.subject / f"{key.view}_{int(key.condition.removeprefix('nm-'))}"


def walk_folders(root: Path) -> Iterator[tuple[SequenceKey, Path]]:
    """Every folder that is named like a walk of CASIA-A, with its key. All walks are normal: number 1 is "nm-01"."""
    for person in subfolders(root):
        for folder in subfolders(person):
            if walk := WALK.fullmatch(folder.name):
                yield SequenceKey(person.name, f"nm-0{walk[2]}", walk[1]), folder


def open_casia_a(root: Path | str, flavour: Flavour = "opengait") -> GaitData:
    """The data set in CASIA-A's tree, `root` being the folder `silhouettes` or its parent. Raises DataError."""
    root = Path(root)
    expected = "silhouettes/PERSON/DIRECTION_NUMBER with .png files"
    with reading(root, expected):
        inner = root / "silhouettes"
        root = inner if inner.is_dir() else root
        keys = tuple(sorted(key for key, folder in walk_folders(root) if files_in(folder, ".png")))
    if not keys:
        raise DataError(root, "no .png file", expected)
    return GaitData(data_name(root), keys, CasiaATree(root, flavour), Note.of(root).synthetic, "casia-a")
