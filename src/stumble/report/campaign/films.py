"""Samples of a campaign as they are to be seen: clean from the data, attacked from the run folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from stumble.campaign.action_bench import ActionBench
from stumble.campaign.bench import Bench
from stumble.campaign.gait_bench import GaitBench
from stumble.campaign.run_folder import RunFolder
from stumble.campaign.store import read_samples, read_skeletons
from stumble.data import ActionData, Clip, GaitData, SequenceKey, open_actions, open_gait
from stumble.errors import DataError, StumbleError
from stumble.report.actions import FRAMES_PER_SECOND, Motion
from stumble.report.campaign.choice import Choice
from stumble.report.gait import Strip, told
from stumble.report.wording import percent

__all__ = ["Film", "films_of"]

_WHEN = ("before", "after")
_EXPECTED = "the data that the campaign attacked"
_ROUNDING = 0.01  # between the distance that was judged and that of what is stored, absolute (mm) and relative


@dataclass(frozen=True)
class Film:
    """A sample with what is to be seen of it.

    Attributes:
        choice: which.
        shown: silhouettes or skeletons, clean and attacked.
    """

    choice: Choice
    shown: Strip | Motion


Reader = Callable[[Choice, Path], Strip | Motion | None]
"""From a sample and a file of adversarial sequences to what is to be seen; None where it is not in the file."""


def films_of(
    run: RunFolder,
    choices: Sequence[Choice],
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[tuple[Film, ...], tuple[str, ...]]:
    """The films, and for each bench whose data are gone, or others by now, why it has none.

    Args:
        progress: is told of how many of the choices have been looked at.
    """
    films, readers, notes = list[Film](), dict[str, Reader](), dict[str, str]()
    for done, choice in enumerate(choices, 1):
        bench = choice.result.cell.entry.bench
        if bench not in notes:
            try:
                if bench not in readers:
                    readers[bench] = _reader(run.plan.benches[bench])
                films.append(Film(choice, _read(run, choice, readers[bench])))
            except (StumbleError, OSError) as error:
                notes[bench] = f"No sample of bench {bench} can be played: {error}"
        progress(done, len(choices))
    whole = tuple(film for film in films if film.choice.result.cell.entry.bench not in notes)
    return whole, tuple(notes.values())


def _reader(bench: Bench) -> Reader:
    if isinstance(bench, GaitBench):
        return _Silhouettes(open_gait(bench.data), bench.frames)
    assert isinstance(bench, ActionBench)
    return _Skeletons(open_actions(bench.data))


def _read(run: RunFolder, choice: Choice, read: Reader) -> Strip | Motion:
    folder = run.samples(choice.shard)
    for file in sorted(folder.glob("*.npz")):
        if (shown := read(choice, file)) is not None:
            return shown
    raise DataError(folder, f"no sample {choice.sample}", "those of the verdicts")


@dataclass(frozen=True)
class _Silhouettes:
    data: GaitData
    frames: int | None

    @cached_property
    def keys(self) -> dict[str, SequenceKey]:
        return {key.id: key for key in self.data.keys}

    def __call__(self, choice: Choice, file: Path) -> Strip | None:
        stored, edited = read_samples(file)
        name, verdicts = choice.sample, choice.verdicts.to_pylist()
        if name not in stored.ids:
            return None
        if name not in self.keys:
            raise DataError(self.data.name, f"no sequence {name}", _EXPECTED)
        row = stored.ids.index(name)
        length = int(stored.lengths[row])
        which = edited[row, :length].numpy()
        strip = Strip(
            title=name,
            caption=f"{choice.result.cell}: {told(verdicts, int(which.sum()), length)}",
            clean=self.data.load(self.keys[name])[: self.frames],
            adversarial=stored.frames[row, :length].numpy(),
            edited=which,
            plausible=verdicts[0]["plausible"],
            coherent=verdicts[0]["coherent"],
        )
        if verdicts[0]["violation"] == 0 and not np.array_equal(strip.adversarial[~which], strip.aligned[~which]):
            raise DataError(self.data.name, f"other frames in {name}", _EXPECTED)
        return strip


@dataclass(frozen=True)
class _Skeletons:
    data: ActionData

    @cached_property
    def clips(self) -> dict[str, Clip]:
        return {clip.id: clip for clip in self.data.clips}

    def __call__(self, choice: Choice, file: Path) -> Motion | None:
        stored, name = read_skeletons(file, self.data.layout), choice.sample
        if name not in stored.ids:
            return None
        if name not in self.clips:
            raise DataError(self.data.name, f"no clip {name}", _EXPECTED)
        clean, (verdict,) = self.data.batch([self.clips[name]]), choice.verdicts.to_pylist()
        before = clean.joints[0].numpy()
        after = stored.unpadded()[stored.ids.index(name)][: len(before)].numpy()
        if after.shape != before.shape:
            raise DataError(self.data.name, f"{name} of shape {before.shape}", f"{after.shape}, {_EXPECTED}")
        visible, moved = clean.visible[0].numpy(), np.linalg.norm(after - before, axis=-1)
        farthest = 1000 * float(moved[visible].max())
        if abs(farthest - verdict["joint_max"]) > _ROUNDING + _ROUNDING * verdict["joint_max"]:
            raise DataError(self.data.name, f"other joints in {name}", _EXPECTED)
        return Motion(
            title=name,
            caption=f"{choice.result.cell}: {_told(verdict)}",
            layout=self.data.layout,
            clean=before,
            adversarial=after,
            visible=visible,
            attacked=(moved > 0).any((0, 1)),
            frames_per_second=FRAMES_PER_SECOND,
        )


def _told(verdict: Mapping[str, Any]) -> str:
    """ "taken for walk (93.1 %), with the attack for run (80.0 %); the true class is walk"."""
    before, after = (f"{verdict[f'predicted_{w}']} ({percent(100 * verdict[f'probability_{w}'])})" for w in _WHEN)
    wanted = "" if verdict["wanted"] is None else f", the wanted one {verdict['wanted']}"
    return f"taken for {before}, with the attack for {after}; the true class is {verdict['label']}{wanted}"
