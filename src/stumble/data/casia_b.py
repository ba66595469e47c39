"""CASIA-B's own tree of silhouettes, `001/bg-01/000/001-bg-01-000-001.png`, pretreated on reading."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from stumble.data.gait import GaitData, SequenceKey, data_name
from stumble.data.png import read_png
from stumble.data.pretreatment import Flavour, pretreat_stack
from stumble.data.trees import Note, files_in, folder_of, keys_with
from stumble.errors import DataError

__all__ = ["CasiaBTree", "open_casia_b", "read_images"]


@dataclass(frozen=True)
class CasiaBTree:
    """Reads and pretreats the sequence of a key from CASIA-B's tree."""

    root: Path
    flavour: Flavour = "opengait"

    def __call__(self, key: SequenceKey) -> np.ndarray:
        return read_images(folder_of(self.root, key), self.flavour)


def open_casia_b(root: Path | str, flavour: Flavour = "opengait") -> GaitData:
    """The data set in CASIA-B's tree of PNG files. Raises DataError where there is none."""
    root = Path(root)
    keys = keys_with(root, ".png")
    note = Note.of(root)
    return GaitData(data_name(root), keys, CasiaBTree(root, flavour), note.synthetic, note.protocol)


def read_images(folder: Path, flavour: Flavour) -> UInt8[np.ndarray, "n 64 64"]:
    """The images of a folder in the order of their names, pretreated.

    Raises:
        DataError: an image is damaged (a sequence is never shortened in silence), or pretreatment keeps none.
    """
    images = files_in(folder, ".png")
    frames, _ = pretreat_stack((read_png(path) for path in images), flavour)
    if len(frames) == 0:
        raise DataError(folder, f"{len(images)} images without a person", "silhouettes whose levels sum to over 10000")
    return frames
