"""Files and folders that are either whole or not there, so that what was interrupted can be resumed by what exists."""

from __future__ import annotations

import errno
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from stumble.errors import DataError, StorageError

__all__ = ["storing", "whole_file", "whole_folder"]

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
    path = path.absolute()
    if path.exists() and not (path.is_dir() and not any(path.iterdir())):
        raise DataError(path, "something there already", "a new or an empty folder")
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with storing(path):
        temporary.mkdir(parents=True)
        try:
            yield temporary
            if path.exists():
                path.rmdir()
            temporary.replace(path)
        except StorageError as error:  # of a file in it, by a name that does not last
            raise StorageError(path, error.found, error.expected) from error
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
