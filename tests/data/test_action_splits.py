"""Splits of skeleton actions: their numbers as published, and what they do with data that they do not fit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from stumble.data.action_splits import SPLITS, ActionSplit, fitting_splits, split_named
from stumble.data.actions import ActionData, Clip, Joints
from stumble.errors import DataError, SpecError
from stumble.layouts import NTU25


def made(clips: list[Clip], synthetic: bool = False) -> ActionData:
    def read(clip: Clip) -> Joints:
        return Joints(np.ones((1, 1, 25, 3), np.float32))

    return ActionData("some", "none", NTU25, ("a",) * 120, tuple(sorted(clips)), read, synthetic)


def ntu(setups: int, people: int, cameras: int = 3, synthetic: bool = False) -> ActionData:
    """One clip for each setup, camera and person."""
    names = (
        f"S{setup:03d}C{camera:03d}P{person:03d}R001A001"
        for setup in range(1, setups + 1)
        for camera in range(1, cameras + 1)
        for person in range(1, people + 1)
    )
    return made([clip for name in names if (clip := Clip.ntu(name))], synthetic)


def test_cross_subject_and_cross_view_of_ntu_60() -> None:
    data = ntu(setups=17, people=40)
    train, test = SPLITS["ntu60-xsub"].apply(data)
    assert len(train.subjects) == len(test.subjects) == 20
    assert train.subjects[:4] == ("001", "002", "004", "005") and test.subjects[:3] == ("003", "006", "007")
    assert {*train.clips, *test.clips} == {*data.clips}
    train, test = split_named("ntu60-xview", data).apply(data)
    assert {clip.camera for clip in train.clips} == {"002", "003"}
    assert {clip.camera for clip in test.clips} == {"001"}


def test_cross_subject_and_cross_setup_of_ntu_120() -> None:
    data = ntu(setups=32, people=106, cameras=1)
    train, test = SPLITS["ntu120-xsub"].apply(data)
    assert len(train.subjects) == len(test.subjects) == 53
    assert train.subjects[-1] == "103" and "106" in test.subjects
    train, test = SPLITS["ntu120-xset"].apply(data)
    assert {clip.setup for clip in train.clips} == {f"{setup:03d}" for setup in range(2, 33, 2)}
    assert {clip.setup for clip in test.clips} == {f"{setup:03d}" for setup in range(1, 33, 2)}
    for split in ("ntu60-xsub", "ntu60-xview"):  # the smaller data set within the larger one
        data = ntu(setups=32, people=106)
        assert {clip.setup for side in SPLITS[split].apply(data) for clip in side.clips} == {
            f"{setup:03d}" for setup in range(1, 18)
        }


def test_synthetic_people_from_125_on_are_in_neither_side() -> None:
    data = ntu(setups=1, people=130, synthetic=True)
    train, test = SPLITS["synthetic-xsub"].apply(data)
    assert (train.subjects[-1], test.subjects[0], test.subjects[-1]) == ("074", "075", "124")
    assert (len(train), len(test)) == (74 * 3, 50 * 3)
    train, test = SPLITS["synthetic-xview"].apply(data)
    assert (len(train), len(test)) == (74 * 2, 50)
    assert {clip.camera for clip in test.clips} == {"001"}


def test_the_parts_of_the_data_sets_own_files() -> None:
    data = made([Clip("a", 0, part="train"), Clip("b", 0, part="test"), Clip("c", 0)])
    train, test = SPLITS["files"].apply(data)
    assert ([clip.id for clip in train.clips], [clip.id for clip in test.clips]) == (["a"], ["b"])


def test_leave_one_out() -> None:
    data = made([Clip(name, 0, name[:2]) for name in ("bd1", "bk1", "tr1", "tr2")])
    train, test = split_named("leave-one-out:tr", data).apply(data)
    assert (train.subjects, test.subjects) == (("bd", "bk"), ("tr",))
    with pytest.raises(SpecError, match="expected one of the subjects bd, bk, tr"):
        split_named("leave-one-out:xy", data)
    alone = data.select(["tr"])
    with pytest.raises(DataError, match="none of the 2 clips to train on"):
        split_named("leave-one-out:tr", alone).apply(alone)


def test_what_does_not_fit_is_said() -> None:
    data = ntu(setups=2, people=2)
    with pytest.raises(DataError, match=r"some: found none of the 12 clips to test on in the split ntu60-xsub; .*"):
        SPLITS["ntu60-xsub"].apply(data)
    assert [split.name for split in fitting_splits(data)] == ["ntu60-xview", "ntu120-xset"]
    with pytest.raises(DataError, match="a split that fits: ntu60-xview, ntu120-xset"):
        SPLITS["files"].apply(data)
    with pytest.raises(SpecError, match="split 'xsub': expected one of ntu60-xsub, "):
        split_named("xsub", data)
    with pytest.raises(DataError, match="a split that fits: none does"):
        SPLITS["files"].apply(made([Clip("a", 0)]))


@pytest.mark.parametrize("split", SPLITS.values(), ids=lambda split: split.name)
def test_nobody_is_on_both_sides_and_no_number_passes_for_one_on_real_people(split: ActionSplit) -> None:
    data = ntu(setups=32, people=124)
    data = made([replace(clip, part="train" if clip.label % 2 else "test") for clip in data.clips])
    sides = [{clip for clip in data.clips if side.holds(clip)} for side in (split.train, split.test)]
    assert not sides[0] & sides[1]
    for synthetic, named in ((True, "ntu"), (False, "synthetic")):
        if split.name.startswith(named):
            assert split not in fitting_splits(replace(data, synthetic=synthetic))
            with pytest.raises(DataError, match=r"found (synthetic|real) people; expected (real|synthetic) ones"):
                split.apply(replace(data, synthetic=synthetic))
