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


def test_pieces_keep_what_belongs_together() -> None:
    confidences = [torch.rand(1, 4, 18) + 0.1, torch.rand(2, 6, 18) + 0.1]
    batch = Skeletons.pad([clip(1, 4, 18, 2), clip(2, 6, 18, 2)], ["a", "b"], OPENPOSE18, confidences)
    mask = torch.zeros(2, 2, 6, dtype=torch.bool)
    mask[0, 1, [0, 3]] = mask[1, 0, [1, 2, 5]] = True
    pieces = batch.pieces(mask)
    assert (pieces.ids, pieces.lengths.tolist()) == (("a#1", "b#0"), [2, 3])
    assert pieces.confidence is not None and batch.confidence is not None
    for row, (source, frames) in enumerate(((0, [0, 3]), (1, [1, 2, 5]))):
        for name in ("joints", "present", "confidence"):
            found, expected = getattr(pieces, name)[row, :, : len(frames)], getattr(batch, name)[source][:, frames]
            assert torch.equal(found, expected)
    assert not pieces.joints[0, :, 2:].any() and not pieces.present[0, :, 2:].any()


def test_contents_are_who_is_there_their_joints_and_their_confidences() -> None:
    batch = Skeletons.pad([clip(1, 3, 18, 2), clip(2, 3, 18, 2)], ["a", "b"], OPENPOSE18, [torch.ones(1, 3, 18)] * 2)
    alone, pair = batch.contents()
    assert len(alone) == len(pair) == 3
    assert alone == batch.select([0]).contents()[0]  # whoever else is in the batch
    assert len(alone[0]) == 1 + 18 * 3 * 4 and len(pair[0]) == 2 * len(alone[0])
    assert batch.confidence is not None
    less = batch.confidence.clone()
    less[0, 0, 1, 4] = 0.5
    changed = Skeletons(batch.joints, batch.present, batch.lengths, batch.ids, batch.layout, less).contents()[0]
    assert [a == b for a, b in zip(alone, changed, strict=True)] == [True, False, True]
