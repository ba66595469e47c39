"""One rule for files made elsewhere: whatever a parser trips over is a damaged file, reported in one line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stumble.errors import DataError, StumbleError

__all__ = ["reading"]


@contextmanager
def reading(path: Path, expected: str) -> Iterator[None]:
    """Turns every failure inside the block into a DataError that names the file.

    Parsers fail on damaged input in more ways than their documentation lists (zlib.error, struct.error,
    tokenize.TokenError, OverflowError, MemoryError, ...), hence all of them.
    """
    try:
        yield
    except StumbleError:
        raise
    except Exception as error:
        text = str(error).strip().partition("\n")[0]
        raise DataError(path, f"{type(error).__name__}: {text}" if text else type(error).__name__, expected) from error
