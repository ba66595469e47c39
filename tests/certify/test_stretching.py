from __future__ import annotations

from dataclasses import dataclass

import pytest
import torch
from torch.nn import functional

from stumble.certify import ActionScorer, ByIndex, Stretched
from stumble.errors import SpecError
from stumble.interfaces import Output, SkeletonInput
from stumble.layouts import NTU25, OPENPOSE18
from stumble.sequences import Skeletons
from stumble.testing import check_skeleton_target


@dataclass(frozen=True)
class Pace:
    """How far the head goes from frame to frame, on average."""

    takes: SkeletonInput = SkeletonInput(NTU25)

    def __call__(self, batch: Skeletons) -> Output:
        steps = batch.joints[:, 0, 1:, 3] - batch.joints[:, 0, :-1, 3]
        return Output(logits=(steps * batch.mask[:, 1:, None]).sum(1) / (batch.lengths - 1)[:, None])


def clips(*lengths: int) -> Skeletons:
    generator = torch.Generator().manual_seed(0)
    joints = [torch.randn(2, n, 25, 3, generator=generator) for n in lengths]
    return Skeletons.pad(joints, [f"{k}" for k in range(len(lengths))], NTU25)


def test_a_stretched_group_moves_at_the_pace_of_the_whole() -> None:
    time = torch.arange(60)[None, :, None, None].float()
    whole = Skeletons.pad([torch.ones(1, 60, 25, 3) * (1 + time)], ["a"], NTU25)
    groups = whole.pieces(ByIndex(3).mask(whole))
    torch.testing.assert_close(Pace()(groups).logits, torch.full((3, 3), 3.0))
    slow = Stretched(Pace(), 3)(groups).logits
    torch.testing.assert_close(slow, torch.full((3, 3), 57 / 59))  # the first and the last of the frames stay a little
    assert Stretched(Pace(), 3).stretched(groups).lengths.tolist() == [60] * 3


def test_it_is_linear_interpolation_about_the_middles_of_frames() -> None:
    batch = clips(7, 4)
    found = Stretched(Pace(), 4).stretched(batch)
    for row, frames in enumerate(batch.unpadded()):
        flat = frames.permute(0, 2, 3, 1).flatten(1, 2)  # people, channels, frames
        expected = functional.interpolate(flat, scale_factor=4.0, mode="linear", align_corners=False)
        own = found.joints[row, :, : 4 * frames.shape[1]].permute(0, 2, 3, 1).flatten(1, 2)
        torch.testing.assert_close(own, expected)
    assert found.lengths.tolist() == [28, 16]
    assert not found.joints[1, :, 16:].any() and not found.present[1, :, 16:].any()


def test_nobody_moves_towards_a_place_where_they_were_not_seen() -> None:
    joints = torch.ones(1, 3, 18, 2)
    confidence = torch.full((1, 3, 18), 0.5)
    joints[0, 1], confidence[0, 1] = 0, 0  # nobody in the second frame
    joints[0, 2, 4], confidence[0, 2, 4] = 0, 0  # one joint missing in the third
    batch = Skeletons.pad([joints], ["a"], OPENPOSE18, [confidence])
    found = Stretched(Pace(), 2).stretched(batch)
    assert found.present[0, 0].tolist() == [True, True, False, False, True, True]
    assert torch.equal(found.joints[0, 0], joints[0].repeat_interleave(2, 0))
    assert found.confidence is not None and torch.equal(found.confidence[0, 0], confidence[0].repeat_interleave(2, 0))


def test_it_meets_the_contract_of_targets_and_can_be_scored() -> None:
    target = Stretched(Pace(), 3)
    check_skeleton_target(target, clips(7, 5))
    assert ActionScorer(target).scores(clips(7), ByIndex(2).mask(clips(7))).shape == (1, 2, 1, 3)


def test_a_factor_below_one_is_refused() -> None:
    with pytest.raises(SpecError, match="factor is 0; it must be at least 1"):
        Stretched(Pace(), 0)
