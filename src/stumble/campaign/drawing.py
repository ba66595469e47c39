"""Choosing some of many, always the same ones."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import TypeVar

import numpy as np

from stumble.seeds import stream

__all__ = ["Contents", "drawn"]

Item = TypeVar("Item")


def drawn(items: Sequence[Item], limit: int | None, purpose: str) -> list[Item]:
    """So many of the items, drawn at random, in their order; all where there are no more, or for None."""
    if limit is None or limit >= len(items):
        return list(items)
    chosen = stream(0, "", purpose).permutation(len(items))[:limit]
    return [items[k] for k in sorted(chosen)]


class Contents:
    """The digest of sequences: their names and every number in them."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def add(self, name: str, arrays: Iterable[np.ndarray | None]) -> None:
        """One more sequence, of the arrays that it has."""
        self._hash.update(f"{name}\n".encode())
        for array in (each for each in arrays if each is not None):
            self._hash.update(f"{array.dtype.str} {array.shape}\n".encode())
            self._hash.update(np.ascontiguousarray(array).tobytes())

    @property
    def digest(self) -> str:
        """Hexadecimal SHA-256 of what was added so far, in that order."""
        return self._hash.hexdigest()
