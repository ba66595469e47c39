from __future__ import annotations

import numpy as np
import pytest
import torch

from stumble.errors import TargetError
from stumble.layouts import NTU25, OPENPOSE18
from stumble.preprocess import StGcn
from stumble.sequences import Skeletons


def detected(seed: int, people: int, frames: int) -> tuple[np.ndarray, np.ndarray]:
    """Positions in the image with random confidences, a fifth of them zero."""
    random = np.random.default_rng(seed)
    confidence = random.uniform(0.1, 1, (people, frames, 18)) * (random.uniform(size=(people, frames, 18)) > 0.2)
    return random.uniform(0.05, 0.95, (people, frames, 18, 2)).astype("f4"), confidence.astype("f4")


def test_bodies_in_the_sensors_coordinates_with_zeros_behind() -> None:
    clips = [torch.rand(3, 4, 25, 3) + 1, torch.rand(1, 7, 25, 3) + 1]
    array = StGcn(frames=6)(Skeletons.pad(clips, ["a", "b"], NTU25))
    assert array.shape == (2, 3, 6, 25, 2)
    assert torch.equal(array[0, :, :4].permute(3, 1, 2, 0), clips[0][:2])
    assert torch.equal(array[1, :, :, :, 0].permute(1, 2, 0), clips[1][0, :6])
    assert int(array[0, :, 4:].count_nonzero()) == int(array[1, ..., 1].count_nonzero()) == 0


def test_a_whole_clip_is_300_frames_of_two_people() -> None:
    assert StGcn()(Skeletons.pad([torch.ones(1, 2, 25, 3)], ["a"], NTU25)).shape == (1, 3, 300, 25, 2)


def test_what_is_not_there_stays_zero_and_gets_no_gradient() -> None:
    batch = Skeletons.pad([torch.ones(1, 2, 25, 3), torch.ones(2, 4, 25, 3)], ["a", "b"], NTU25)
    joints = (batch.joints + 1).requires_grad_()
    array = StGcn(frames=5)(batch.moved(joints))
    array.sum().backward()
    assert joints.grad is not None
    assert torch.equal(joints.grad, batch.present[..., None, None].expand_as(joints).float())
    assert int(array[0, ..., 1].count_nonzero()) == 0


def test_kinetics_keeps_the_two_people_of_highest_score_in_each_frame() -> None:
    positions, confidence = detected(0, 7, 9)
    batch = Skeletons.pad([positions], ["a"], OPENPOSE18, [confidence])
    array = StGcn(frames=12)(batch)
    assert array.shape == (1, 3, 12, 18, 2)
    for frame in range(9):
        ranked = sorted(range(5), key=lambda person: -confidence[person, frame].sum())
        for place, person in enumerate(ranked[:2]):
            for joint in range(18):
                score = confidence[person, frame, joint]
                x, y = positions[person, frame, joint] - np.float32(0.5) if score > 0 else (0, 0)
                assert array[0, :, frame, joint, place].tolist() == pytest.approx([x, y, score], abs=1e-7)
    assert int(array[:, :, 9:].count_nonzero()) == 0


def test_undetected_joints_get_no_gradient() -> None:
    positions, confidence = detected(1, 2, 5)
    batch = Skeletons.pad([positions], ["a"], OPENPOSE18, [confidence])
    joints = batch.joints.clone().requires_grad_()
    StGcn(frames=5)(batch.moved(joints)).sum().backward()
    assert joints.grad is not None
    assert torch.equal(joints.grad, batch.visible[..., None].expand_as(joints).float())


def test_gradient() -> None:
    positions, confidence = detected(2, 3, 3)
    batch = Skeletons.pad([positions], ["a"], OPENPOSE18, [confidence])
    joints = batch.joints.double().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: StGcn(frames=4)(batch.moved(x))[..., :2, :, :, :], joints)


def test_positions_in_the_image_without_confidences_are_refused() -> None:
    with pytest.raises(TargetError, match="the recipe ST-GCN takes a confidence with every joint; the data has none"):
        StGcn()(Skeletons.pad([torch.ones(1, 2, 18, 2)], ["a"], OPENPOSE18))
    with pytest.raises(TargetError, match="takes 2 coordinates of openpose-18; the data has 2 coordinates of ntu-25"):
        StGcn()(Skeletons.pad([torch.ones(1, 2, 25, 2)], ["a"], NTU25))
