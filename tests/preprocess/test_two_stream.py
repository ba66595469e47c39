from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from stumble.errors import TargetError
from stumble.layouts import NTU25, OPENPOSE18
from stumble.preprocess import StGcn, TwoStream
from stumble.sequences import Skeletons


def smallest(vector: np.ndarray, goal: np.ndarray) -> np.ndarray:
    unit = vector / np.linalg.norm(vector)
    around = np.cross(unit, goal)
    return Rotation.from_rotvec(around / np.linalg.norm(around) * np.arccos(unit @ goal)).as_matrix()


def slowly(clip: np.ndarray, frames: int) -> np.ndarray:
    """The recipe on one clip (M, T, 25, 3), frame by frame: (2, frames, 25, 3)."""
    spreads = []
    for person in clip[:4]:
        seen = np.array([frame for frame in person if frame.any()])
        spreads.append(sum(seen[..., axis].std() for axis in range(3)) if len(seen) else 0.0)
    ranked = sorted(range(len(spreads)), key=lambda person: -spreads[person])[:2]
    result = np.zeros((2, frames, 25, 3))
    for place, person in enumerate(ranked):
        kept = list(clip[person][:frames])
        if not any(frame.any() for frame in kept):
            continue
        if not kept[0].any():
            kept = [frame for frame in kept if frame.any()]
        while not kept[-1].any():
            kept.pop()
        for t in range(frames):
            result[place, t] = kept[t % len(kept)]
    there = result.any((2, 3))
    for t in range(frames):
        centre = result[0, t, 1].copy()
        for place in range(2):
            if there[place, t]:
                result[place, t] -= centre
    for child, parent, axis in ((1, 0, 2), (8, 4, 0)):
        if there[0, 0]:
            rotation = smallest(result[0, 0, child] - result[0, 0, parent], np.eye(3)[axis])
            result = result @ rotation.T
    return result


@pytest.fixture
def standing(company: Skeletons) -> Skeletons:
    """The same people, their shoulders perpendicular to their spines, each half as large as the one before."""
    joints = company.joints * 0.5 ** torch.arange(5).view(5, 1, 1, 1)
    joints[..., 1, :] = joints[..., 0, :] + torch.tensor([0.0, 0.3, 0.0])
    joints[..., 8, :] = joints[..., 4, :] + torch.tensor([-0.3, 0.0, 0.1])
    return company.moved(joints * company.present[..., None, None])


@pytest.mark.parametrize("frames", [6, 23])
def test_against_frame_by_frame(company: Skeletons, frames: int) -> None:
    array = TwoStream(frames=frames)(company)
    assert array.shape == (len(company), 3, frames, 25, 2)
    for row, clip in zip(array, company.unpadded(), strict=True):
        expected = slowly(clip.double().numpy(), frames)
        np.testing.assert_allclose(row.permute(3, 1, 2, 0).numpy(), expected, atol=2e-6)


def test_one_person_is_the_liveliest(company: Skeletons) -> None:
    both = TwoStream(frames=9)(company)
    assert torch.equal(TwoStream(frames=9, people=1)(company), both[..., :1])


def test_bones_are_child_minus_parent(company: Skeletons) -> None:
    joints, bones = TwoStream(frames=12)(company), TwoStream("bone", frames=12)(company)
    for child, parent in NTU25.bones:
        torch.testing.assert_close(bones[:, :, :, child], joints[:, :, :, child] - joints[:, :, :, parent])
    assert not bones[:, :, :, NTU25.centre].any()


def test_where_the_camera_stands_makes_no_difference(standing: Skeletons) -> None:
    rotation = torch.tensor(Rotation.from_euler("xyz", [20, -70, 130], degrees=True).as_matrix()).float()
    led = standing.select([0, 1, 2, 4, 5])  # in the other, the first body is away for a frame: then nothing is centred
    there = led.present[..., None, None]
    elsewhere = led.moved((led.joints @ rotation.T + torch.tensor([0.5, -1.0, 3.0])) * there)
    here = TwoStream(frames=16)(led)
    torch.testing.assert_close(TwoStream(frames=16)(elsewhere), here, atol=1e-5, rtol=0)
    assert float(here[1].abs().max()) > 0.1


def test_what_is_prepared_already_stays_as_it_is(standing: Skeletons) -> None:
    once = TwoStream(frames=7)(standing.select([0]))[0].permute(3, 1, 2, 0)
    twice = TwoStream(frames=7)(Skeletons.pad([once], ["again"], NTU25))[0].permute(3, 1, 2, 0)
    torch.testing.assert_close(twice, once, atol=1e-6, rtol=0)


def test_people_who_are_not_there_stay_zero_and_get_no_gradient(company: Skeletons) -> None:
    joints = (company.joints + 1).requires_grad_()
    array = TwoStream(frames=9)(company.moved(joints))
    array.square().sum().backward()
    assert joints.grad is not None
    assert not joints.grad[~company.present].any()
    assert not array[0, ..., 1].any()


def test_gradient(company: Skeletons) -> None:
    few = company.select([1, 2])
    joints = few.joints.double().requires_grad_()
    for stream in ("joint", "bone"):
        recipe = TwoStream(stream, frames=9)
        assert torch.autograd.gradcheck(lambda x, r=recipe: r(few.moved(x)), joints, fast_mode=True)


def test_a_body_without_shoulders_has_finite_gradients(company: Skeletons) -> None:
    joints = company.joints.clone()
    joints[..., 8, :] = joints[..., 4, :]
    joints.requires_grad_()
    TwoStream(frames=9)(company.moved(joints)).square().sum().backward()
    assert joints.grad is not None
    assert bool(joints.grad.isfinite().all())


def test_kinetics_is_st_gcns_with_y_upwards() -> None:
    random = np.random.default_rng(0)
    clip, confidence = random.uniform(size=(3, 5, 18, 2)), random.uniform(size=(3, 5, 18))
    batch = Skeletons.pad([clip], ["a"], OPENPOSE18, [confidence])
    joints, downwards = TwoStream(frames=8)(batch), StGcn(frames=8)(batch)
    assert torch.equal(joints * torch.tensor([1.0, -1, 1]).view(1, 3, 1, 1, 1), downwards)
    bones = TwoStream("bone", frames=8)(batch)
    tree = [0, 0, 1, 2, 3, 1, 5, 6, 2, 8, 9, 5, 11, 12, 0, 0, 14, 15]
    for child, parent in enumerate(tree):
        torch.testing.assert_close(bones[:, :, :, child], joints[:, :, :, child] - joints[:, :, :, parent])


def test_other_skeletons_are_refused() -> None:
    with pytest.raises(TargetError, match="the recipe 2s-AGCN takes 3 coordinates of ntu-25; the data has 3 coord"):
        TwoStream()(Skeletons.pad([torch.ones(1, 2, 18, 3)], ["a"], OPENPOSE18))
