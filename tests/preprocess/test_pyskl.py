from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from stumble.errors import TargetError
from stumble.layouts import NTU25, OPENPOSE18
from stumble.preprocess import Pyskl
from stumble.sequences import Skeletons


def smallest(vector: np.ndarray, goal: np.ndarray) -> np.ndarray:
    unit = vector / np.linalg.norm(vector)
    around = np.cross(unit, goal)
    return Rotation.from_rotvec(around / np.linalg.norm(around) * np.arccos(unit @ goal)).as_matrix()


def slowly(clip: np.ndarray, length: int) -> np.ndarray:
    """The recipe on one clip (M, T, 25, 3), frame by frame: (2, length, 25, 3)."""
    two = np.zeros((2, *clip.shape[1:]))
    two[: len(clip[:2])] = clip[:2]
    seen = [[t for t, frame in enumerate(person) if frame.any()] for person in two]
    if len(seen[1]) > len(seen[0]):
        two, seen = two[::-1], seen[::-1]
    two = two[:, seen[0]]
    count = two.shape[1]
    there = two.any((2, 3), keepdims=True)
    two = (two - two[0, 0, 1]) * there
    for child, parent, axis in ((1, 0, 2), (8, 4, 0)):
        two = two @ smallest(two[0, 0, child] - two[0, 0, parent], np.eye(3)[axis]).T
    parts = [range(k * count // length, (k + 1) * count // length) for k in range(length)]
    sampled = [k % count if count < length else part[len(part) // 2] for k, part in enumerate(parts)]
    return two[:, sampled]


def test_a_clip_becomes_100_frames_of_two_people() -> None:
    assert Pyskl()(Skeletons.pad([torch.rand(1, 30, 25, 3)], ["a"], NTU25)).shape == (1, 3, 100, 25, 2)


@pytest.mark.parametrize("length", [2, 4, 5, 16])
def test_against_frame_by_frame(company: Skeletons, length: int) -> None:
    array = Pyskl(length)(company)
    for row, clip in zip(array, company.unpadded(), strict=True):
        expected = slowly(clip.double().numpy(), length)
        np.testing.assert_allclose(row.permute(3, 1, 2, 0).numpy(), expected, atol=2e-6)


@pytest.mark.parametrize("count", [100, 101, 137, 199, 200, 299, 300])
def test_a_long_clip_is_sampled_evenly(count: int) -> None:
    clip = torch.rand(1, count, 25, 3)
    clip[:, :, 20] = torch.arange(count)[:, None] * 1.0
    clip[:, :, 1] = 0
    array = Pyskl()(Skeletons.pad([clip], ["a"], NTU25))[0, :, :, 20, 0]
    taken = (array.norm(dim=0) / 3**0.5).round()
    assert taken.diff().min() >= 1
    assert (taken + 0.5 - (torch.arange(100) + 0.5) * count / 100).abs().max() <= 1


def test_where_the_camera_stands_makes_no_difference(company: Skeletons) -> None:
    joints = company.joints.clone()
    joints[..., 1, :] = joints[..., 0, :] + torch.tensor([0.0, 0.3, 0.0])
    joints[..., 8, :] = joints[..., 4, :] + torch.tensor([-0.3, 0.0, 0.1])
    there = company.present[..., None, None]
    rotation = torch.tensor(Rotation.from_euler("xyz", [20, -70, 130], degrees=True).as_matrix()).float()
    here = Pyskl(12)(company.moved(joints * there))
    elsewhere = company.moved((joints @ rotation.T + torch.tensor([0.5, -1.0, 3.0])) * there)
    torch.testing.assert_close(Pyskl(12)(elsewhere), here, atol=1e-5, rtol=0)
    assert float(here[1].abs().max()) > 0.1


def test_what_is_prepared_already_stays_as_it_is() -> None:
    clip = torch.rand(2, 20, 25, 3)
    clip[..., 1, :] = clip[..., 0, :] + torch.tensor([0.0, 0.3, 0.0])
    clip[..., 8, :] = clip[..., 4, :] + torch.tensor([-0.3, 0.0, 0.1])
    once = Pyskl(20)(Skeletons.pad([clip], ["a"], NTU25))
    twice = Pyskl(20)(Skeletons.pad([once[0].permute(3, 1, 2, 0)], ["a"], NTU25))
    torch.testing.assert_close(twice, once, atol=1e-6, rtol=0)


def test_people_who_are_not_there_stay_zero_and_get_no_gradient(company: Skeletons) -> None:
    joints = (company.joints + 1).requires_grad_()
    array = Pyskl(9)(company.moved(joints))
    array.square().sum().backward()
    assert joints.grad is not None
    assert not joints.grad[~company.present].any()
    assert not array[0, ..., 1].any()


def test_gradient(company: Skeletons) -> None:
    few = company.select([1, 2])
    joints = few.joints.double().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: Pyskl(9)(few.moved(x)), joints, fast_mode=True)


def test_other_skeletons_are_refused() -> None:
    with pytest.raises(TargetError, match="the recipe PYSKL takes 3 coordinates of ntu-25"):
        Pyskl()(Skeletons.pad([torch.ones(1, 2, 18, 2)], ["a"], OPENPOSE18))
