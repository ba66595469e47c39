from __future__ import annotations

import pytest
import torch

from stumble.errors import DataError, TargetError
from stumble.interfaces import SkeletonInput
from stumble.layouts import NTU25, OPENPOSE18
from stumble.sequences import Skeletons


def clip(people: int, frames: int, joints: int = 25, coordinates: int = 3) -> torch.Tensor:
    return torch.rand(people, frames, joints, coordinates) + 1


def test_clips_of_different_length_and_company_in_one_batch() -> None:
    batch = Skeletons.pad([clip(1, 4), clip(2, 6)], ["alone", "together"], NTU25)
    assert batch.joints.shape == (2, 2, 6, 25, 3)
    assert batch.lengths.tolist() == [4, 6]
    assert batch.present.sum((1, 2)).tolist() == [4, 12]
    assert batch.mask.sum(1).tolist() == [4, 6]


def test_padding_is_zero_and_unpadding_gives_the_clips_back() -> None:
    clips = [clip(1, 4), clip(2, 6)]
    batch = Skeletons.pad(clips, ["a", "b"], NTU25)
    assert bool((batch.joints[~batch.present] == 0).all())
    for joints, whole in zip(clips, batch.unpadded(), strict=True):
        assert torch.equal(whole[: len(joints)], joints)


def test_a_joint_that_was_not_detected_is_not_visible() -> None:
    confidence = torch.ones(1, 3, 18)
    confidence[0, 1, 4] = 0
    batch = Skeletons.pad([clip(1, 3, 18, 2)], ["a"], OPENPOSE18, [confidence])
    assert not batch.visible[0, 0, 1, 4]
    assert int(batch.visible.sum()) == 3 * 18 - 1


def test_selecting_keeps_what_belongs_together() -> None:
    batch = Skeletons.pad([clip(1, 4), clip(2, 6), clip(1, 2)], ["a", "b", "c"], NTU25)
    chosen = batch.select([2, 0])
    assert chosen.ids == ("c", "a")
    assert chosen.joints.shape[2] == 4
    assert torch.equal(chosen.joints[1], batch.joints[0, :, :4])


@pytest.mark.parametrize(
    ("joints", "message"),
    [
        (clip(1, 3, 24), "24 joints of 3; expected 25 joints"),
        (clip(1, 3, 25, 4), "25 joints of 4"),
        (clip(1, 0), "a: found an array"),
    ],
)
def test_what_is_no_skeleton_is_refused(joints: torch.Tensor, message: str) -> None:
    with pytest.raises(DataError, match=message):
        Skeletons.pad([joints], ["a"], NTU25)


def test_a_target_names_both_sides_of_a_mismatch() -> None:
    flat = Skeletons.pad([clip(1, 3, 25, 2)], ["a"], NTU25)
    with pytest.raises(TargetError, match=r"takes 3 coordinates of ntu-25 .* has 2 coordinates of ntu-25"):
        SkeletonInput(NTU25).check(flat)
    with pytest.raises(TargetError, match="confidence"):
        SkeletonInput(NTU25, 2, confidence=True).check(flat)
