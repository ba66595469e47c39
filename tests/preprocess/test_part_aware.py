from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from stumble.errors import TargetError
from stumble.layouts import NTU25
from stumble.preprocess import PartAware
from stumble.sequences import Skeletons

BASE, MIDDLE, LEFT, RIGHT = NTU25.index("spine base", "spine middle", "left shoulder", "right shoulder")


def slowly(clip: np.ndarray, frames: int, people: int = 2) -> np.ndarray:
    """The recipe on one clip (M, T, 25, 3), frame by frame: (people, frames, 25, 3)."""
    spreads = []
    for person in clip[:4]:
        seen = np.array([frame for frame in person if frame.any()])
        spreads.append(sum(seen[..., axis].std() for axis in range(3)) if len(seen) else 0.0)
    ranked = sorted(range(len(spreads)), key=lambda person: -spreads[person])[:people]
    led = [t for t in range(clip.shape[1]) if clip[ranked[0], t].any()]
    result = np.zeros((people, frames, 25, 3))
    for step in range(frames):
        if not led:
            continue
        t = led[int((step + 0.5) / frames * len(led))]
        main = clip[ranked[0], t]
        x = (main[LEFT] - main[RIGHT]) / np.linalg.norm(main[LEFT] - main[RIGHT])
        spine = main[MIDDLE] - main[BASE]
        z = np.cross(x, spine)
        z = z / np.linalg.norm(z)
        axes = np.stack([x, np.cross(z, x), z])
        for place, person in enumerate(ranked):
            if clip[person, t].any():
                result[place, step] = (clip[person, t] - main[MIDDLE]) @ axes.T / np.linalg.norm(spine)
    return result


@pytest.mark.parametrize(("frames", "people"), [(4, 2), (16, 1)])
def test_against_frame_by_frame(company: Skeletons, frames: int, people: int) -> None:
    array = PartAware(frames, people)(company)
    assert array.shape == (len(company), 3, frames, 25, people)
    for row, clip in zip(array, company.unpadded(), strict=True):
        expected = slowly(clip.double().numpy(), frames, people)
        np.testing.assert_allclose(row.permute(3, 1, 2, 0).numpy(), expected, rtol=1e-4, atol=1e-4)


def test_how_large_the_body_is_and_where_the_camera_stands_makes_no_difference(company: Skeletons) -> None:
    rotation = torch.tensor(Rotation.from_euler("xyz", [20, -70, 130], degrees=True).as_matrix()).float()
    there = company.present[..., None, None]
    elsewhere = company.moved((1.5 * company.joints @ rotation.T + torch.tensor([0.5, -1.0, 3.0])) * there)
    torch.testing.assert_close(PartAware(12)(elsewhere), PartAware(12)(company), atol=1e-3, rtol=1e-3)


def test_gradient(company: Skeletons) -> None:
    few = company.select([1, 2])
    joints = few.joints.double().requires_grad_()
    recipe = PartAware(frames=9)
    assert torch.autograd.gradcheck(lambda x: recipe(few.moved(x)), joints, fast_mode=True)


@pytest.mark.parametrize("lost", [[BASE, MIDDLE], [LEFT, RIGHT], list(range(25))])
def test_a_body_without_axes_is_centred_and_has_finite_gradients(company: Skeletons, lost: list[int]) -> None:
    one = company.select([0])
    joints = one.joints.clone()
    joints[..., lost, :] = joints[..., lost[:1], :]
    joints.requires_grad_()
    array = PartAware(frames=5)(one.moved(joints))
    array.square().sum().backward()
    assert joints.grad is not None
    assert bool(joints.grad.isfinite().all())
    centred = (joints - joints[..., MIDDLE, None, :])[0, 0].permute(2, 0, 1)
    torch.testing.assert_close(array[0, ..., 0], centred)


def test_other_skeletons_are_refused() -> None:
    with pytest.raises(TargetError, match="the recipe PA-LSTM takes 3 coordinates of ntu-25; the data has 2 coord"):
        PartAware()(Skeletons.pad([torch.ones(1, 2, 25, 2)], ["a"], NTU25))
