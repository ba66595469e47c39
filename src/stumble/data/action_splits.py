"""Who trains and who is tested on skeleton actions: the published splits, and those of synthetic data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from stumble.data.actions import ActionData, Clip
from stumble.errors import DataError, SpecError

__all__ = ["SPLITS", "ActionSplit", "Side", "fitting_splits", "split_named"]

LEAVE_ONE_OUT = "leave-one-out:"


@dataclass(frozen=True)
class Side:
    """Clips whose subject, camera, setup and part are all among those named; None names all."""

    subjects: frozenset[str] | None = None
    cameras: frozenset[str] | None = None
    setups: frozenset[str] | None = None
    parts: frozenset[str] | None = None

    def holds(self, clip: Clip) -> bool:
        named = (self.subjects, self.cameras, self.setups, self.parts)
        values = (clip.subject, clip.camera, clip.setup, clip.part)
        return all(names is None or value in names for names, value in zip(named, values, strict=True))


@dataclass(frozen=True)
class ActionSplit:
    """A way to divide a data set into clips to train on and clips to test on.

    Attributes:
        name: as in `SPLITS`.
        train: what to train on.
        test: what to test on.
        synthetic: whether it is for made-up people only (True), for real people only (False), or for both (None).
    """

    name: str
    train: Side
    test: Side
    synthetic: bool | None = None

    def apply(self, data: ActionData) -> tuple[ActionData, ActionData]:
        """The clips to train on and those to test on; others are left out.

        Raises:
            DataError: one side is empty, or the split is for made-up people and the data is of real ones or vice versa.
        """
        if self.synthetic not in (None, data.synthetic):
            found, wanted = (("synthetic", "real"), ("real", "synthetic"))[self.synthetic]
            raise DataError(data.name, f"{found} people", f"{wanted} ones for the split {self.name}")
        train, test = self._side(data, self.train), self._side(data, self.test)
        for clips, purpose in ((train, "train"), (test, "test")):
            if not len(clips):
                found = f"none of the {len(data)} clips to {purpose} on in the split {self.name}"
                fitting = [split.name for split in fitting_splits(data)]
                raise DataError(data.name, found, f"a split that fits: {', '.join(fitting) or 'none does'}")
        return train, test

    def fits(self, data: ActionData) -> bool:
        """Whether `apply` would succeed."""
        sides = (self.train, self.test)
        return self.synthetic in (None, data.synthetic) and all(len(self._side(data, side)) for side in sides)

    @staticmethod
    def _side(data: ActionData, side: Side) -> ActionData:
        return replace(data, clips=tuple(clip for clip in data.clips if side.holds(clip)))


def _names(numbers: Iterable[int]) -> frozenset[str]:
    return frozenset(f"{number:03d}" for number in numbers)


_TRAIN_60 = {1, 2, 4, 5, 8, 9, 13, 14, 15, 16, 17, 18, 19, 25, 27, 28, 31, 34, 35, 38}
_TRAIN_120 = {
    *_TRAIN_60,
    *(45, 46, 47, 49, 50, 52, 53, 54, 55, 56, 57, 58, 59, 70, 74, 78, 80, 81, 82, 83, 84, 85, 86, 89),
    *(91, 92, 93, 94, 95, 97, 98, 100, 103),
}
_PEOPLE_60, _PEOPLE_120 = set(range(1, 41)), set(range(1, 107))
_SETUPS_60, _SETUPS_120 = _names(range(1, 18)), range(1, 33)
_MADE_UP_TRAIN, _MADE_UP_TEST = _names(range(1, 75)), _names(range(75, 125))

SPLITS: dict[str, ActionSplit] = {
    split.name: split
    for split in (
        ActionSplit(
            "ntu60-xsub",
            train=Side(subjects=_names(_TRAIN_60), setups=_SETUPS_60),
            test=Side(subjects=_names(_PEOPLE_60 - _TRAIN_60), setups=_SETUPS_60),
            synthetic=False,
        ),
        ActionSplit(
            "ntu60-xview",
            train=Side(cameras=_names((2, 3)), setups=_SETUPS_60),
            test=Side(cameras=_names((1,)), setups=_SETUPS_60),
            synthetic=False,
        ),
        ActionSplit(
            "ntu120-xsub",
            train=Side(subjects=_names(_TRAIN_120)),
            test=Side(subjects=_names(_PEOPLE_120 - _TRAIN_120)),
            synthetic=False,
        ),
        ActionSplit(
            "ntu120-xset",
            train=Side(setups=_names(setup for setup in _SETUPS_120 if setup % 2 == 0)),
            test=Side(setups=_names(setup for setup in _SETUPS_120 if setup % 2 == 1)),
            synthetic=False,
        ),
        ActionSplit(
            "synthetic-xsub", train=Side(subjects=_MADE_UP_TRAIN), test=Side(subjects=_MADE_UP_TEST), synthetic=True
        ),
        ActionSplit(
            "synthetic-xview",
            train=Side(subjects=_MADE_UP_TRAIN, cameras=_names((2, 3))),
            test=Side(subjects=_MADE_UP_TEST, cameras=_names((1,))),
            synthetic=True,
        ),
        ActionSplit("files", train=Side(parts=frozenset({"train"})), test=Side(parts=frozenset({"test"}))),
    )
}
"""By name: the published cross-subject, cross-view and cross-setup splits of NTU RGB+D (setups 1 to 17) and NTU RGB+D
120, those of synthetic people (1 to 74 train, 75 to 124 are tested; across views only camera 1 is), and `files`: the
part in which the data set's own files have a clip."""


def split_named(name: str, data: ActionData) -> ActionSplit:
    """A split of `SPLITS`, or `leave-one-out:SUBJECT`: train on everybody else, test on that subject.

    Raises:
        SpecError: there is no such split, or nobody of that name in the data.
    """
    if name.startswith(LEAVE_ONE_OUT):
        subject = name.removeprefix(LEAVE_ONE_OUT)
        if subject not in data.subjects:
            raise SpecError(f"split {name!r}: expected one of the subjects {', '.join(data.subjects)}")
        others = frozenset(data.subjects) - {subject}
        return ActionSplit(name, train=Side(subjects=others), test=Side(subjects=frozenset({subject})))
    if name not in SPLITS:
        raise SpecError(f"split {name!r}: expected one of {', '.join(SPLITS)} or {LEAVE_ONE_OUT}SUBJECT")
    return SPLITS[name]


def fitting_splits(data: ActionData) -> tuple[ActionSplit, ...]:
    """The splits of `SPLITS` that leave clips on both sides."""
    return tuple(split for split in SPLITS.values() if split.fits(data))
