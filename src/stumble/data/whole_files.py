"""Files and folders that are either whole or not there, so that what was interrupted can be resumed by what exists."""

from __future__ import annotations

import errno
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from stumble.errors import DataError, StorageError

__all__ = ["PARTS", "resumed_folder", "storing", "vacant", "whole_file", "whole_folder"]

PARTS = "parts"
"""Of an unfinished folder, what only those need who go on with it."""

_REFUSALS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO)


@contextmanager
def storing(path: Path) -> Iterator[None]:
    """Turns the refusal of a disk inside the block into a StorageError that names the path."""
    try:
        yield
    except OSError as error:
        if error.errno not in _REFUSALS:
            raise
        raise StorageError(path, os.strerror(error.errno), "a disk with room that can be written to") from error


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A temporary path beside `path` to write to; it takes the place of `path` at the end, or vanishes on failure. Its
    folder is made where there is none.

    Raises:
        StorageError: the disk is full, or cannot be written to.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    try:
        with storing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            yield temporary
            temporary.replace(path)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """A temporary folder beside `path` that takes its place at the end, or vanishes on failure.

    Raises:
        DataError: there is something at `path` already that is not an empty folder.
        StorageError: the disk is full, or cannot be written to.
    """
    path = vacant(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with storing(path):
        temporary.mkdir(parents=True)
        try:
            yield temporary
            _take_place(path, temporary)
        except StorageError as error:  # of a file in it, by a name that does not last
            raise StorageError(path, error.found, error.expected) from error
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def resumed_folder(path: Path, identity: str) -> Iterator[Path]:
    """A folder beside `path`, "NAME.unfinished-IDENTITY", that takes its place at the end, without its folder
    `PARTS`. On failure it stays if there is a file in it, and is given again to whoever asks with the same identity.

    Args:
        identity: of what is made; of others the unfinished folders lie side by side.

    Raises:
        DataError: there is something at `path` already that is not an empty folder, or another process makes the same.
        StorageError: the disk is full, or cannot be written to.
    """
    path = vacant(path)
    temporary = path.with_name(f"{path.name}.unfinished-{identity[:8]}")
    with storing(temporary):
        temporary.mkdir(parents=True, exist_ok=True)
        lock = FileLock(temporary / ".lock", blocking=False)
        try:
            lock.acquire()
        except Timeout as error:
            raise DataError(temporary, "another process at work on it", "one at a time") from error
        try:
            yield temporary
            vacant(path)
            shutil.rmtree(temporary / PARTS, ignore_errors=True)
            _take_place(path, temporary)
            (path / ".lock").unlink(missing_ok=True)
        finally:
            if not any(file.is_file() and file.name != ".lock" for file in temporary.rglob("*")):
                shutil.rmtree(temporary, ignore_errors=True)
            lock.release()


def vacant(path: Path) -> Path:
    """The absolute path of a folder to be written.

    Raises:
        DataError: there is something that is not an empty folder.
    """
    path = path.absolute()
    if path.exists() and not (path.is_dir() and not any(path.iterdir())):
        raise DataError(path, "something there already", "a new or an empty folder")
    return path


def _take_place(path: Path, temporary: Path) -> None:
    if path.exists():
        path.rmdir()
    temporary.replace(path)
