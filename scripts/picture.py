"""The README's picture, from the samples that `stumble demo` stored.

python scripts/picture.py out/demo docs/images/strip.png
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np

from stumble.campaign.store import read_samples
from stumble.data import SequenceKey, open_gait

SAMPLES, COLUMNS, SCALE = "temporal-sparse-untargeted-0.025", 12, 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("demo", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--samples", type=int, nargs="+", default=[0, 1, 2])
    arguments = parser.parse_args()
    data = open_gait(arguments.demo / "walkers")
    stored, edited = read_samples(arguments.demo / "samples" / SAMPLES / "0000.npz")
    rows = []
    for row in arguments.samples:
        clean = data.load(SequenceKey(*stored.ids[row].split("/")))
        attacked = stored.frames[row].numpy()
        rows += [strip(clean, np.zeros(COLUMNS, bool)), strip(attacked, edited[row, :COLUMNS].numpy())]
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(arguments.out), np.concatenate(rows))


def strip(frames: np.ndarray, framed: np.ndarray) -> np.ndarray:
    """The first frames side by side, the framed ones with a red border, dark on light."""
    cells = []
    for frame, mark in zip(frames[:COLUMNS], framed, strict=True):
        large = cv2.resize(255 - frame, None, fx=SCALE, fy=SCALE, interpolation=cv2.INTER_NEAREST)
        cell = cv2.copyMakeBorder(
            cv2.cvtColor(large, cv2.COLOR_GRAY2BGR), 6, 6, 4, 4, cv2.BORDER_CONSTANT, value=(255,) * 3
        )
        if mark:
            cv2.rectangle(cell, (2, 3), (cell.shape[1] - 3, cell.shape[0] - 4), (40, 40, 214), 3)
        cells.append(cell)
    return np.concatenate(cells, 1)


if __name__ == "__main__":
    main()
