"""What skeleton actions hold, which splits they allow, and what is wrong with them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from stumble.data.action_opening import EXPECTED, action_format_of, open_actions
from stumble.data.action_splits import fitting_splits
from stumble.data.actions import ActionData, Clip
from stumble.data.check import FolderReport, inspect_folder, runs
from stumble.data.opening import layout_of
from stumble.errors import DataError

__all__ = ["ActionReport", "inspect_actions", "inspect_data"]

NAMED, DAMAGED_SHOWN = 3, 10


@dataclass(frozen=True)
class ActionReport:
    """What `inspect_actions` found.

    Attributes:
        path: the folder or the file.
        data: the data set in it; `data.missing` are the clips left out.
        frames: frames of every clip that can be read.
        people: the largest number of people in one clip.
        damaged: clips that cannot be used, and why.
        splits: by name of each split that fits, how many clips it trains on and tests on.
    """

    path: Path
    data: ActionData
    frames: dict[Clip, int]
    people: int
    damaged: dict[Clip, str]
    splits: dict[str, tuple[int, int]]

    def lines(self) -> list[str]:
        """The report in words, one fact a line."""
        data = self.data
        used = {clip.label for clip in data.clips}
        kind = "synthetic" if data.synthetic else "real"
        cameras = tuple(sorted({clip.camera for clip in data.clips if clip.camera}))
        subjects = tuple(subject for subject in data.subjects if subject)
        splits = "; ".join(f"{name} ({train} train, {test} test)" for name, (train, test) in self.splits.items())
        hidden = len(self.damaged) - DAMAGED_SHOWN
        return [
            f"{self.path}: {data.format}, layout {data.layout.name}, preprocessing {data.preprocessing}",
            f"{len(used)} of {len(data.classes)} classes: {_some(data.classes)}",
            f"{len(subjects)} {kind} people: {', '.join(runs(subjects))}"
            if subjects
            else f"{kind} people, who are not told apart",
            *([f"{len(cameras)} cameras: {', '.join(cameras)}"] if cameras else []),
            f"{len(data)} clips, {len(self.frames)} usable with {sum(self.frames.values())} frames, "
            f"up to {self.people} people in a clip",
            f"splits that fit: {splits or 'none'}",
            *(f"{len(ids)} left out, {reason}: {_some(ids)}" for reason, ids in self._left_out().items()),
            *(f"damaged: {clip.id}: {reason}" for clip, reason in list(self.damaged.items())[:DAMAGED_SHOWN]),
            *([f"and {hidden} more damaged"] if hidden > 0 else []),
        ]

    def _left_out(self) -> dict[str, list[str]]:
        by_reason: dict[str, list[str]] = defaultdict(list)
        for clip, reason in self.data.missing.items():
            by_reason[reason].append(clip)
        return by_reason


def inspect_actions(path: Path | str, progress: Callable[[int, int], None] = lambda done, total: None) -> ActionReport:
    """Reads every clip in a folder or a file of skeleton actions.

    Args:
        progress: is told how many clips of how many have been read.

    Raises:
        DataError: there are no skeleton actions in a format that is known.
    """
    data = open_actions(path)
    frames: dict[Clip, int] = {}
    damaged: dict[Clip, str] = {}
    people = 0
    for done, clip in enumerate(data.clips, start=1):
        try:
            seen = data.load(clip).positions.shape
        except DataError as error:
            damaged[clip] = str(error)
        else:
            frames[clip], people = seen[1], max(people, seen[0])
        progress(done, len(data))
    sides = {split.name: split.apply(data) for split in fitting_splits(data)}
    splits = {name: (len(train), len(test)) for name, (train, test) in sides.items()}
    return ActionReport(Path(path), data, frames, people, damaged, splits)


def inspect_data(
    path: Path | str, progress: Callable[[int, int], None] = lambda done, total: None
) -> FolderReport | ActionReport:
    """What a folder or a file holds, be it gait or skeleton actions.

    Args:
        progress: is told how many sequences of how many have been read.

    Raises:
        DataError: there is neither, in no format that is known.
    """
    if action_format_of(path):
        return inspect_actions(path, progress)
    try:
        layout_of(path)
    except DataError as error:
        raise DataError(path, error.found, f"{error.expected}; or skeleton actions: {EXPECTED}") from error
    return inspect_folder(path, progress)


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:NAMED]) + (", ..." if len(names) > NAMED else "")
