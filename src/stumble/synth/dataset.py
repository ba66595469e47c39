"""Writing synthetic walkers to disk, in the layouts that gait tools read."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Literal

import cv2

from stumble.data.arrays import write_frames
from stumble.data.casia_a import walk_folder
from stumble.data.damage import reading
from stumble.data.gait import SequenceKey
from stumble.data.trees import NOTE, Note, folder_of
from stumble.errors import DataError, SpecError
from stumble.spec import from_plain, to_plain
from stumble.synth.walkers import Walkers

__all__ = ["write_walkers"]


def write_walkers(
    root: Path,
    subjects: Sequence[int],
    walkers: Walkers = Walkers(),
    layout: Literal["npz", "png"] = "npz",
    conditions: Sequence[str] | None = None,
    views: Sequence[str] | None = None,
    workers: int = 2,
    progress: Callable[[int], None] | None = None,
) -> None:
    """Write people × conditions × views below `root`; walks that are already complete there are kept.

    Args:
        layout: "npz", pretreated (n, 64, 64) arrays in OpenGait's tree `001/nm-01/090/090.npz`; "png", the
            raw 320 x 240 images of CASIA-B's tree `001/nm-01/090/001-nm-01-090-001.png` or of CASIA-A's
            `a01/00_1/a01-00_1-001.png`, by the walkers' protocol.
        conditions, views: which of the protocol's; None for all.
        workers: processes. With more than one, a script that calls this needs `if __name__ == "__main__":`.
        progress: called with the number of walks (person, condition) finished so far.

    Raises:
        DataError: `root` holds another synthetic world, or files that are not ours.
    """
    with reading(root, "a folder to write to"):
        root.mkdir(parents=True, exist_ok=True)
        if (root / NOTE).exists():
            if not _holds(root, walkers, layout):
                expected = "this synthetic world and layout; choose an empty folder"
                raise DataError(root / NOTE, "another data set", expected)
        elif any(root.iterdir()):
            raise DataError(root, "a folder with other files", "an empty folder, or one of this synthetic data set")
        else:
            Note(True, walkers.protocol, {"generator": to_plain(walkers), "layout": layout}).write(root)
    write = partial(_write_walk, root, walkers, layout, walkers.views if views is None else tuple(views))
    conditions = walkers.conditions if conditions is None else conditions
    jobs = [(subject, condition) for subject in subjects for condition in conditions]
    if workers <= 1:
        for done, job in enumerate(jobs, 1):
            write(job)
            if progress:
                progress(done)
        return
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), cv2.setNumThreads, (1,)) as pool:
        with _interruption_ignored():
            futures = [pool.submit(write, job) for job in jobs]
        try:
            for done, future in enumerate(as_completed(futures), 1):
                future.result()
                if progress:
                    progress(done)
        finally:  # a full disk or an interruption need not wait for everybody else's walks
            pool.shutdown(cancel_futures=True)


def _holds(root: Path, walkers: Walkers, layout: str) -> bool:
    """Whether a folder's note is of these walkers. What an older note does not say of them has its default."""
    note = Note.of(root)
    facts = note.facts or {}
    try:
        generator = from_plain(facts.get("generator"), Walkers)
    except SpecError:
        return False
    return note.synthetic and (note.protocol, generator, facts.get("layout")) == (walkers.protocol, walkers, layout)


@contextmanager
def _interruption_ignored() -> Iterator[None]:
    """Processes started inside never see Ctrl-C, which is their parent's business: a walk begun is finished."""
    if threading.current_thread() is not threading.main_thread():  # no other may, and no other is interrupted
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before or signal.SIG_DFL)


def _write_walk(root: Path, walkers: Walkers, layout: str, views: tuple[str, ...], job: tuple[int, str]) -> None:
    places = {view: _place(root, walkers.key(*job, view), walkers.protocol, layout) for view in views}
    missing = [view for view, place in places.items() if not place.exists()]
    if not missing:
        return
    if layout == "npz":
        for view, frames in walkers.silhouettes(*job, missing).items():
            write_frames(places[view], frames)
        return
    for view, masks in walkers.masks(*job, missing).items():
        folder = places[view]
        temporary = folder.with_name(f".{folder.name}.{os.getpid()}")
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(parents=True)
        name = "-".join(folder.relative_to(root).parts)
        for number, mask in enumerate(masks, 1):
            image = temporary / f"{name}-{number:03d}.png"
            image.write_bytes(cv2.imencode(".png", mask)[1].tobytes())  # unlike imwrite, it says when the disk is full
        temporary.replace(folder)


def _place(root: Path, key: SequenceKey, protocol: str, layout: str) -> Path:
    """The sequence's array, or the folder of its images: there only once it is complete."""
    if layout == "npz":
        return folder_of(root, key) / f"{key.view}.npz"
    return walk_folder(root, key) if protocol == "casia-a" else folder_of(root, key)
