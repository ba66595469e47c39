from __future__ import annotations

import numpy as np
import pytest
import torch

from stumble.errors import TargetError
from stumble.layouts import NTU25, OPENPOSE18
from stumble.preprocess import CtrGcn
from stumble.sequences import Skeletons


def slowly(clip: np.ndarray, frames: int, kept: float) -> torch.Tensor:
    """The recipe on one clip (M, T, 25, 3), with torch's own resizing: (3, frames, 25, 2)."""
    two = np.zeros((2, *clip.shape[1:]))
    two[: len(clip[:2])] = clip[:2]
    origins = [frame[1].copy() for frame in two[0] if frame.any()]
    for person in two:
        for frame in person:
            if frame.any() and origins:
                frame -= origins[0]
    filled = [two[:, t] for t in range(two.shape[1]) if clip[:2, t].any()]
    cut = int((1 - kept) * len(filled) / 2)
    rows = torch.tensor(np.array(filled[cut : len(filled) - cut])).permute(3, 2, 1, 0)  # C, V, M, T
    resized = torch.nn.functional.interpolate(
        rows.reshape(1, 1, -1, rows.shape[-1]), size=(150, frames), mode="bilinear", align_corners=False
    )
    return resized.view(3, 25, 2, frames).permute(0, 3, 1, 2)


def test_a_clip_becomes_64_frames_of_two_people() -> None:
    clip = torch.rand(1, 30, 25, 3)
    array = CtrGcn()(Skeletons.pad([clip], ["a"], NTU25))
    assert array.shape == (1, 3, 64, 25, 2)
    torch.testing.assert_close(array[0, :, 0, :, 0], (clip[0, 0] - clip[0, 0, 1]).T)
    torch.testing.assert_close(array[0, :, -1, :, 0], (clip[0, -1] - clip[0, 0, 1]).T)


@pytest.mark.parametrize(("frames", "kept"), [(64, 0.95), (5, 1.0), (7, 0.6)])
def test_against_torchs_resizing_of_each_clip(company: Skeletons, frames: int, kept: float) -> None:
    array = CtrGcn(frames, kept)(company)
    for row, clip in zip(array, company.unpadded(), strict=True):
        torch.testing.assert_close(row, slowly(clip.double().numpy(), frames, kept).float(), atol=2e-6, rtol=0)


@pytest.mark.parametrize("count", [20, 39, 40, 41, 80, 300])
def test_the_cut_at_either_end_is_rounded_down(count: int) -> None:
    clip = torch.rand(1, count, 25, 3)
    array = CtrGcn()(Skeletons.pad([clip], ["a"], NTU25))[0]
    torch.testing.assert_close(array, slowly(clip.double().numpy(), 64, 0.95).float(), atol=1e-4, rtol=0)


def test_where_the_camera_stands_makes_a_difference_only_by_its_turn(company: Skeletons) -> None:
    there = company.present[..., None, None]
    shifted = company.moved((company.joints + torch.tensor([1.0, 2.0, 3.0])) * there)
    alone = [0, 1, 2, 3, 5]
    torch.testing.assert_close(CtrGcn()(shifted.select(alone)), CtrGcn()(company.select(alone)), atol=2e-6, rtol=0)


def test_an_array_that_is_centred_already_is_not_moved() -> None:
    clip = torch.rand(2, 64, 25, 3)
    batch = Skeletons.pad([clip - clip[0, 0, 1]], ["a"], NTU25)
    array = CtrGcn(kept=1.0)(batch)
    assert torch.equal(array[0].permute(3, 1, 2, 0), batch.joints[0])
    again = CtrGcn(kept=1.0)(Skeletons.pad([array[0].permute(3, 1, 2, 0)], ["a"], NTU25))
    assert torch.equal(again, array)


def test_people_who_are_not_there_stay_zero_and_get_no_gradient(company: Skeletons) -> None:
    joints = (company.joints + 1).requires_grad_()
    array = CtrGcn(frames=9)(company.moved(joints))
    array.square().sum().backward()
    assert joints.grad is not None
    assert not joints.grad[~company.present].any()
    assert not array[0, ..., 1].any()


def test_gradient(company: Skeletons) -> None:
    few = company.select([1, 2])
    joints = few.joints.double().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: CtrGcn(frames=9)(few.moved(x)), joints, fast_mode=True)


def test_other_skeletons_are_refused() -> None:
    with pytest.raises(TargetError, match="the recipe CTR-GCN takes 3 coordinates of ntu-25"):
        CtrGcn()(Skeletons.pad([torch.ones(1, 2, 18, 2)], ["a"], OPENPOSE18))
