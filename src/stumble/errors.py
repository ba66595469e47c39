"""What stumble raises when input cannot be used: one clear line, never a traceback at the command line."""

from __future__ import annotations

from pathlib import Path

__all__ = ["DataError", "SpecError", "StorageError", "StumbleError", "TargetError", "WeightsError"]


class StumbleError(Exception):
    """Base of all errors that a user can mend. Its text says what was found and what was expected."""


class DataError(StumbleError):
    """A file or a sequence cannot be used.

    Args:
        where: the file or the sample id.
        found: what is there.
        expected: what should be there.
    """

    def __init__(self, where: str | Path, found: str, expected: str) -> None:
        super().__init__(f"{where}: found {found}; expected {expected}")
        self.where, self.found, self.expected = str(where), found, expected

    def __reduce__(self) -> tuple[type[DataError], tuple[str, str, str]]:
        """What pickle needs, so that a worker process can hand the error over."""
        return type(self), (self.where, self.found, self.expected)


class StorageError(DataError):
    """A file or a folder cannot be written: the disk is full, or nobody may write there."""


class WeightsError(StumbleError):
    """A checkpoint cannot be loaded, or its numbers cannot be used."""


class TargetError(StumbleError):
    """A target was given sequences that it does not take, or answered with something it must not."""


class SpecError(StumbleError):
    """A specification names a component or a field that does not exist, or combines what cannot go together."""
