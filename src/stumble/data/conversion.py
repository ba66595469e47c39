"""Pretreating a raw tree once and for all: images in, compressed arrays out."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from stumble.data.arrays import write_frames
from stumble.data.damage import reading
from stumble.data.gait import SequenceKey
from stumble.data.opening import layout_of, open_gait
from stumble.data.pretreatment import FEWEST_FRAMES, Flavour
from stumble.data.trees import Note, folder_of
from stumble.errors import DataError

__all__ = ["Conversion", "pretreat_tree"]


@dataclass(frozen=True)
class Conversion:
    """What became of each sequence of a raw tree.

    Attributes:
        written: sequences pretreated and written now.
        present: sequences that an earlier run had written.
        short: sequences written now with fewer than 5 frames, and how many they have.
        damaged: sequences that could not be read, and why; nothing was written for them.
    """

    written: tuple[SequenceKey, ...]
    present: tuple[SequenceKey, ...]
    short: dict[SequenceKey, int]
    damaged: dict[SequenceKey, str]


def pretreat_tree(
    source: Path | str,
    destination: Path | str,
    *,
    flavour: Flavour = "opengait",
    workers: int = 1,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Conversion:
    """Pretreats a raw tree of CASIA-B or CASIA-A into a tree of compressed arrays.

    Sequences that are already there are left alone, so an interrupted run is resumed by starting it again.

    Args:
        workers: threads; decoding, resizing and compressing all run outside the interpreter's lock.
        progress: is told, in this thread, how many sequences of how many are done.

    Raises:
        DataError: the source holds no raw tree, or the destination holds other data or another flavour.
    """
    source, destination = Path(source), Path(destination)
    if layout_of(source) not in ("casia-b", "casia-a"):
        raise DataError(source, "sequences that are pretreated already", "a tree of raw .png silhouettes")
    data = open_gait(source, flavour)
    note = Note(data.synthetic, data.protocol, {"source": data.name, "pretreatment": flavour})
    with reading(destination, "a folder to write to"):
        destination.mkdir(parents=True, exist_ok=True)
        if any(destination.iterdir()) and Note.of(destination) != note:
            raise DataError(destination, "other data", f"an empty folder, or an unfinished pretreatment of {data.name}")
        note.write(destination)

    def convert(key: SequenceKey) -> int | DataError | None:
        path = folder_of(destination, key) / f"{key.view}.npz"
        if path.exists():
            return None
        try:
            frames = data.read(key)
        except DataError as error:
            return error
        write_frames(path, frames)
        return len(frames)

    written, present = [], []
    short, damaged = {}, {}
    with ThreadPoolExecutor(workers) as pool:
        for done, (key, outcome) in enumerate(zip(data.keys, pool.map(convert, data.keys), strict=True), start=1):
            if outcome is None:
                present.append(key)
            elif isinstance(outcome, DataError):
                damaged[key] = str(outcome)
            else:
                written.append(key)
                if outcome < FEWEST_FRAMES:
                    short[key] = outcome
            progress(done, len(data.keys))
    return Conversion(tuple(written), tuple(present), short, damaged)
