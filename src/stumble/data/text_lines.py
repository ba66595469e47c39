"""Reading text formats line by line, with errors that name the file, the line, what is there and what should be."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from stumble.errors import DataError

__all__ = ["TextLines"]

LARGEST = 1e6


class TextLines:
    """The words of a text file, line after line, without blank lines and comments.

    Args:
        path: decoded as Latin-1, since old motion files carry comments in all sorts of encodings.
        comment: lines that begin with this are skipped.

    Raises:
        DataError: the file cannot be opened.
    """

    def __init__(self, path: Path, comment: str = "#") -> None:
        self.path = path
        try:
            text = path.read_text(encoding="latin-1")
        except OSError as error:
            raise DataError(path, error.strerror or str(error), "a readable text file") from error
        numbered = ((number, line.split()) for number, line in enumerate(text.splitlines(), 1))
        self._lines = [(n, words) for n, words in numbered if words and not words[0].startswith(comment)]
        self._at = 0

    @property
    def left(self) -> int:
        """How many lines have not been taken yet."""
        return len(self._lines) - self._at

    def peek(self) -> list[str]:
        """The words of the next line; none at the end of the file."""
        return self._lines[self._at][1] if self.left else []

    def take(self, expected: str) -> list[str]:
        """The words of the next line, which is then done with. Raises DataError at the end of the file."""
        if not self.left:
            raise DataError(self.path, "the end of the file", expected)
        self._at += 1
        return self._lines[self._at - 1][1]

    def error(self, found: str, expected: str) -> DataError:
        """An error at the line taken last."""
        return DataError(f"{self.path}:{self._lines[max(self._at - 1, 0)][0]}", found, expected)

    def numbers(self, words: Sequence[str], count: int, expected: str) -> list[float]:
        """The words of the line taken last as numbers of a size that a person's motion can have.

        Raises:
            DataError: there are more or fewer words, or one is no finite number of at most a million.
        """
        try:
            values = [float(word) for word in words]
        except ValueError:
            values = [math.nan]
        if len(values) != count or not all(abs(value) <= LARGEST for value in values):
            raise self.error(repr(" ".join(words)[:60]), expected)
        return values
