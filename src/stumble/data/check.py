"""What a folder holds, what is missing of the published data set, and what is wrong with the rest."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from stumble.data.gait import GaitData, SequenceKey
from stumble.data.opening import Layout, layout_of, open_gait
from stumble.data.pretreatment import FEWEST_FRAMES
from stumble.data.splits import PROTOCOLS
from stumble.errors import DataError

__all__ = ["FolderReport", "inspect_folder", "runs", "summarise"]


@dataclass(frozen=True)
class FolderReport:
    """What `inspect_folder` found.

    Attributes:
        path: the folder.
        layout: how it is laid out.
        data: the data set in it; `data.protocol` is what it is compared with.
        frames: frames of every sequence that can be used, counted after pretreatment.
        missing: sequences of the full data set that are not there.
        unexpected: sequences there whose subject, condition or view the full data set does not have.
        damaged: sequences that cannot be used, and why (wrong sizes included).
        short: sequences with fewer than 5 frames.
    """

    path: Path
    layout: Layout
    data: GaitData
    frames: dict[SequenceKey, int]
    missing: tuple[SequenceKey, ...]
    unexpected: tuple[SequenceKey, ...]
    damaged: dict[SequenceKey, str]
    short: tuple[SequenceKey, ...]

    @property
    def conditions(self) -> tuple[str, ...]:
        """The conditions that occur, sorted."""
        return tuple(sorted({key.condition for key in self.data.keys}))

    def lines(self) -> list[str]:
        """The report in words, one fact a line."""
        data, protocol = self.data, PROTOCOLS[self.data.protocol]
        people = f"{len(data.subjects)} of {protocol.people} {'synthetic ' if data.synthetic else ''}people"
        problems = (("missing", self.missing), ("not in the published data set", self.unexpected))
        each = len(protocol.conditions) * len(protocol.views)
        return [
            f"{self.path}: layout {self.layout}, protocol {data.protocol}",
            f"{people}: {', '.join(runs(data.subjects))}",
            f"{len(self.conditions)} conditions: {', '.join(self.conditions)}",
            f"{len(data.views)} views: {', '.join(data.views)}",
            f"{len(data)} sequences, {len(self.frames)} usable with {sum(self.frames.values())} frames",
            *(f"{len(keys)} {what}: {'; '.join(summarise(keys, each))}" for what, keys in problems if keys),
            *(f"short: {key.id} has {self.frames[key]} frames" for key in self.short),
            *(f"damaged: {key.id}: {reason}" for key, reason in self.damaged.items()),
        ]


def inspect_folder(path: Path | str, progress: Callable[[int, int], None] = lambda done, total: None) -> FolderReport:
    """Reads every sequence in a folder of gait data and compares what is there with the published data set.

    Args:
        progress: is told how many sequences of how many have been read.

    Raises:
        DataError: the folder holds no gait data in a layout that is known, or its note cannot be read.
    """
    path = Path(path)
    layout, data = layout_of(path), open_gait(path)
    protocol = PROTOCOLS[data.protocol]
    expected = set(protocol.expected(protocol.subjects or data.subjects))
    frames, damaged = {}, {}
    for done, key in enumerate(data.keys, start=1):
        try:
            frames[key] = len(data.load(key))
        except DataError as error:
            damaged[key] = str(error)
        progress(done, len(data))
    return FolderReport(
        path=path,
        layout=layout,
        data=data,
        frames=frames,
        missing=tuple(sorted(expected - set(data.keys))),
        unexpected=tuple(sorted(set(data.keys) - expected)),
        damaged=damaged,
        short=tuple(key for key, count in frames.items() if count < FEWEST_FRAMES),
    )


def summarise(keys: Sequence[SequenceKey], expected: int) -> list[str]:
    """Sequences in few words: runs of people of whom all `expected` sequences are meant, then the rest by person."""
    by_subject: dict[str, list[SequenceKey]] = defaultdict(list)
    for key in keys:
        by_subject[key.subject].append(key)
    whole = [subject for subject, own in by_subject.items() if len(own) == expected]
    parts = [f"all of {', '.join(runs(whole))}"] if whole else []
    for subject, own in by_subject.items():
        if len(own) < expected:
            names = [f"{key.condition}/{key.view}" for key in own]
            parts.append(f"{len(own)} of {subject} ({', '.join(names[:3])}{', ...' if len(names) > 3 else ''})")
    return parts


def runs(subjects: Sequence[str]) -> list[str]:
    """Names in sorted order with runs of consecutive numbers joined: 001-074, 080."""
    found: list[list[str]] = []
    for subject in subjects:
        if found and subject.isdigit() and found[-1][-1].isdigit() and int(subject) == int(found[-1][-1]) + 1:
            found[-1].append(subject)
        else:
            found.append([subject])
    return [run[0] if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in found]
