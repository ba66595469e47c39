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
from stumble.data.damage import reading
from stumble.data.trees import NOTE, Note
from stumble.errors import DataError
from stumble.spec import to_plain
from stumble.synth.walkers import CONDITIONS, VIEWS, Walkers

__all__ = ["write_walkers"]


def write_walkers(
    root: Path,
    subjects: Sequence[int],
    walkers: Walkers = Walkers(),
    layout: Literal["npz", "png"] = "npz",
    conditions: Sequence[str] = CONDITIONS,
    views: Sequence[str] = VIEWS,
    workers: int = 2,
    progress: Callable[[int], None] | None = None,
) -> None:
    """Write people × conditions × views below `root`; walks that are already complete there are kept.

    Args:
        layout: "npz", pretreated (n, 64, 64) arrays in OpenGait's tree `001/nm-01/090/090.npz`; "png", the
            raw 320 x 240 images of CASIA-B's tree `001/nm-01/090/001-nm-01-090-001.png`.
        workers: processes. With more than one, a script that calls this needs `if __name__ == "__main__":`.
        progress: called with the number of walks (person, condition) finished so far.

    Raises:
        DataError: `root` holds another synthetic world, or files that are not ours.
    """
    note = Note(True, "casia-b", {"generator": to_plain(walkers), "layout": layout})
    with reading(root, "a folder to write to"):
        root.mkdir(parents=True, exist_ok=True)
        if (root / NOTE).exists():
            if Note.of(root) != note:
                expected = "this synthetic world and layout; choose an empty folder"
                raise DataError(root / NOTE, "another data set", expected)
        elif any(root.iterdir()):
            raise DataError(root, "a folder with other files", "an empty folder, or one of this synthetic data set")
        else:
            note.write(root)
    write = partial(_write_walk, root, walkers, layout, tuple(views))
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
    subject, condition = job
    folder = root / f"{subject:03d}" / condition
    missing = [view for view in views if not _finished(folder / view, layout)]
    if not missing:
        return
    if layout == "npz":
        for view, frames in walkers.silhouettes(subject, condition, missing).items():
            write_frames(folder / view / f"{view}.npz", frames)
        return
    for view, masks in walkers.masks(subject, condition, missing).items():
        temporary = folder / f".{view}.{os.getpid()}"
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(parents=True)
        for number, mask in enumerate(masks, 1):
            image = temporary / f"{subject:03d}-{condition}-{view}-{number:03d}.png"
            image.write_bytes(cv2.imencode(".png", mask)[1].tobytes())  # unlike imwrite, it says when the disk is full
        temporary.replace(folder / view)


def _finished(folder: Path, layout: str) -> bool:
    return (folder / f"{folder.name}.npz").exists() if layout == "npz" else folder.exists()
