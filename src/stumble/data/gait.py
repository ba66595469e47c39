"""A gait data set: keys of sequences, and how to read the silhouettes behind a key."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import UInt8

from stumble.errors import DataError
from stumble.sequences import Silhouettes

__all__ = ["GaitData", "ProtocolName", "SequenceKey"]

ProtocolName = Literal["casia-b", "casia-a"]

HEIGHT, WIDTH, PRETREATED_WIDTH = 64, 44, 64
MARGIN = (PRETREATED_WIDTH - WIDTH) // 2


@dataclass(frozen=True, order=True)
class SequenceKey:
    """One walk as one camera saw it.

    Attributes:
        subject: "001"
        condition: kind and number of the walk, "nm-01"
        view: the camera's angle in degrees as the data set writes it, "090"
    """

    subject: str
    condition: str
    view: str

    @property
    def id(self) -> str:
        """The sequence's name, unique within its data set: "001/nm-01/090"."""
        return f"{self.subject}/{self.condition}/{self.view}"

    def __str__(self) -> str:
        return self.id

    @property
    def kind(self) -> str:
        """The condition without its number, upper-cased: "NM", "BG" or "CL" in CASIA-B."""
        return self.condition.partition("-")[0].upper()


@dataclass(frozen=True)
class GaitData:
    """Silhouette sequences of one data set, read when asked for.

    Attributes:
        name: what to call the data set in a report.
        keys: the sequences that exist, sorted.
        read: from a key to uint8 (n, 64, 64) or (n, 64, 44); raises DataError where the sequence is damaged.
        synthetic: whether the people are rendered, so that no number can pass for one on real people.
        protocol: which published protocol the keys follow.
    """

    name: str
    keys: tuple[SequenceKey, ...]
    read: Callable[[SequenceKey], np.ndarray]
    synthetic: bool
    protocol: ProtocolName

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def subjects(self) -> tuple[str, ...]:
        """The subjects that have at least one sequence, sorted."""
        return tuple(sorted({key.subject for key in self.keys}))

    @property
    def views(self) -> tuple[str, ...]:
        """The views that have at least one sequence, sorted."""
        return tuple(sorted({key.view for key in self.keys}))

    def load(self, key: SequenceKey) -> UInt8[np.ndarray, "n 64 44"]:
        """The silhouettes of one sequence, cut to the 44 middle columns. Raises DataError."""
        frames = self.read(key)
        sizes = {(HEIGHT, WIDTH), (HEIGHT, PRETREATED_WIDTH)}
        if frames.dtype != np.uint8 or frames.ndim != 3 or len(frames) == 0 or frames.shape[1:] not in sizes:
            found = f"{frames.dtype} {frames.shape}"
            raise DataError(f"{self.name}: {key.id}", found, "uint8 (n, 64, 64) or (n, 64, 44) with n >= 1")
        if frames.shape[2] == PRETREATED_WIDTH:
            frames = frames[:, :, MARGIN:-MARGIN]
        return np.ascontiguousarray(frames)

    def sequences(
        self, on_damage: Callable[[SequenceKey, DataError], None] | None = None
    ) -> Iterator[tuple[SequenceKey, np.ndarray]]:
        """Every sequence in the order of `keys`.

        Args:
            on_damage: is told of each sequence that cannot be read, which is then skipped.

        Raises:
            DataError: at the first damaged sequence, when there is no `on_damage`.
        """
        for key in self.keys:
            try:
                frames = self.load(key)
            except DataError as error:
                if on_damage is None:
                    raise
                on_damage(key, error)
            else:
                yield key, frames

    def select(
        self,
        subjects: Collection[str] | None = None,
        conditions: Collection[str] | None = None,
        kinds: Collection[str] | None = None,
        views: Collection[str] | None = None,
    ) -> GaitData:
        """The sequences whose subject, condition, kind and view are all among those named; None names all."""
        wanted = (subjects, conditions, kinds, views)
        keys = (
            key
            for key in self.keys
            if all(
                names is None or value in names
                for names, value in zip(wanted, (key.subject, key.condition, key.kind, key.view), strict=True)
            )
        )
        return replace(self, keys=tuple(keys))

    def batch(self, keys: Sequence[SequenceKey], frames: int | None = None) -> Silhouettes:
        """The sequences of the given keys as one padded uint8 batch.

        Args:
            frames: cut each sequence to its first `frames` frames; None keeps all.

        Raises:
            DataError: a sequence is damaged, or `frames` leaves nothing of it.
        """
        return Silhouettes.pad([self.load(key)[:frames] for key in keys], [key.id for key in keys])


def data_name(root: Path) -> str:
    """What to call the data set in a folder."""
    return root.resolve().name
