"""A skeleton action data set: clips, their classes, and how to read the joints behind a clip."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from stumble.errors import DataError
from stumble.layouts import Layout
from stumble.sequences import Skeletons

__all__ = ["ActionData", "Clip", "Joints"]

_NTU = re.compile(r"S(?P<setup>\d{3})C(?P<camera>\d{3})P(?P<subject>\d{3})R(?P<replication>\d{3})A(?P<action>\d{3})")


@dataclass(frozen=True, order=True)
class Clip:
    """One action as one sensor saw it.

    Attributes:
        id: the clip's name, unique within its data set: "S001C002P003R002A013".
        label: the class, an index into the data set's classes.
        subject: who acts, "003"; empty where the data does not tell.
        camera: "002"; empty likewise.
        setup: place and height of the cameras, "001"; empty likewise.
        part: the part of the split in which the data set's files have the clip, "train" or "test"; empty likewise.
    """

    id: str
    label: int
    subject: str = ""
    camera: str = ""
    setup: str = ""
    part: str = ""

    def __str__(self) -> str:
        return self.id

    @classmethod
    def ntu(cls, name: str, part: str = "") -> Clip | None:
        """The clip that a name of NTU RGB+D describes (`SsssCcccPpppRrrrAaaa`), or None for any other name."""
        if not (match := _NTU.fullmatch(name)):
            return None
        return cls(name, int(match["action"]) - 1, match["subject"], match["camera"], match["setup"], part)

    @classmethod
    def labelled(cls, name: str, label: int, part: str = "") -> Clip:
        """A clip of which a file lists name and class: with what the name tells, where it is one of NTU's."""
        clip = cls.ntu(name, part)
        return replace(clip, label=label) if clip else cls(name, label, part=part)


@dataclass(frozen=True)
class Joints:
    """What a reader gives for a clip.

    Attributes:
        positions: (M, T, J, C) float32; zero where a person is not there.
        confidence: (M, T, J) float32 in [0, 1], or None.
    """

    positions: Float[np.ndarray, "m t j c"]
    confidence: Float[np.ndarray, "m t j"] | None = None


@dataclass(frozen=True)
class ActionData:
    """Skeleton clips of one data set, read when asked for.

    Attributes:
        name: what to call the data set in a report.
        format: what its files are: "NTU .skeleton", "ST-GCN arrays", ….
        layout: which joint stands where.
        classes: the names of the classes, by label.
        clips: those that exist, sorted.
        read: from a clip to its joints; raises DataError where it is damaged.
        synthetic: whether the people are made up, so that no number can pass for one on real people.
        preprocessing: what the files' authors have done to the joints already; "raw" where nothing.
        missing: clips left out, and why: listed as missing by the data set's authors, without a skeleton, ….
    """

    name: str
    format: str
    layout: Layout
    classes: tuple[str, ...]
    clips: tuple[Clip, ...]
    read: Callable[[Clip], Joints]
    synthetic: bool = False
    preprocessing: str = "raw"
    missing: dict[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.clips)

    @property
    def subjects(self) -> tuple[str, ...]:
        """Those who act in at least one clip, sorted."""
        return tuple(sorted({clip.subject for clip in self.clips}))

    def load(self, clip: Clip) -> Joints:
        """The joints of one clip. Raises DataError, also where they are not finite or not of the layout."""
        joints = self.read(clip)
        shape = joints.positions.shape
        if len(shape) != 4 or 0 in shape or shape[2] != len(self.layout) or shape[3] not in (2, 3):
            expected = f"(people, frames, {len(self.layout)}, 2 or 3) ({self.layout.name})"
            raise DataError(f"{self.name}: {clip.id}", f"joints {shape}", expected)
        if not 0 <= clip.label < len(self.classes):
            found = f"class {clip.label + 1}"
            raise DataError(f"{self.name}: {clip.id}", found, f"one of the {len(self.classes)} classes, from 1")
        if bad := int((~np.isfinite(joints.positions)).any((0, 2, 3)).sum()):
            raise DataError(f"{self.name}: {clip.id}", f"{bad} frames with joints that are NaN or infinite", "numbers")
        return joints

    def sequences(self, on_damage: Callable[[Clip, DataError], None] | None = None) -> Iterator[tuple[Clip, Joints]]:
        """Every clip in the order of `clips`.

        Args:
            on_damage: is told of each clip that cannot be read, which is then skipped.

        Raises:
            DataError: at the first damaged clip, when there is no `on_damage`.
        """
        for clip in self.clips:
            try:
                joints = self.load(clip)
            except DataError as error:
                if on_damage is None:
                    raise
                on_damage(clip, error)
            else:
                yield clip, joints

    def select(
        self,
        subjects: Collection[str] | None = None,
        cameras: Collection[str] | None = None,
        labels: Collection[int] | None = None,
    ) -> ActionData:
        """The clips whose subject, camera and class are all among those named; None names all."""
        chosen = (
            clip
            for clip in self.clips
            if (subjects is None or clip.subject in subjects)
            and (cameras is None or clip.camera in cameras)
            and (labels is None or clip.label in labels)
        )
        return replace(self, clips=tuple(chosen))

    def batch(self, clips: Sequence[Clip]) -> Skeletons:
        """The given clips as one padded batch. Raises DataError where one is damaged."""
        read = [self.load(clip) for clip in clips]
        scored = [joints.confidence for joints in read if joints.confidence is not None]
        confidences = scored if len(scored) == len(read) else None
        return Skeletons.pad(
            [joints.positions for joints in read], [clip.id for clip in clips], self.layout, confidences
        )

    def labels(self, clips: Sequence[Clip]) -> Int[Tensor, " b"]:
        """The class of each clip."""
        return torch.tensor([clip.label for clip in clips], dtype=torch.int64)
