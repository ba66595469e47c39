from __future__ import annotations

import math

import pytest
import torch

from stumble.layouts import NTU25, OPENPOSE18, Layout
from stumble.priors.bone_angles import (
    BoneAngleDiscriminator,
    angle_maps,
    lsgan_discriminator_loss,
    lsgan_generator_loss,
    major_bones,
    per_sample_scores,
    stacked_parameters,
)


def poses(*shape: int, joints: int = 25, axes: int = 3, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, joints, axes, generator=torch.Generator().manual_seed(seed))


def discriminator(layout: Layout = NTU25) -> BoneAngleDiscriminator:
    torch.manual_seed(0)
    return BoneAngleDiscriminator(layout)


def test_a_pose_gets_a_probability() -> None:
    network, joints = discriminator(), poses(4)
    probability = network.realness(joints)
    assert probability.shape == (4,) and probability.dtype == torch.float32
    assert bool(((0 < probability) & (probability < 1)).all())
    assert torch.equal(network(angle_maps(joints, NTU25)), probability)


def test_it_has_the_papers_size() -> None:
    assert [tuple(p.shape) for p in discriminator().parameters()] == [
        *((32, 1, 3, 3), (32,)),
        *((32, 32, 3, 3), (32,)),
        *((1, 32 * 14 * 14), (1,)),
    ]


def test_the_major_bones_leave_out_extremities() -> None:
    ours = {tuple(NTU25.joints[j] for j in bone) for bone in major_bones(NTU25)}
    assert len(ours) == 18
    assert ("left hand", "left wrist") in ours and ("right ankle", "right knee") in ours
    named = {name for bone in ours for name in bone}
    assert len(named) == 19 and not any(w in n for n in named for w in ("tip", "thumb", "foot"))
    theirs = {OPENPOSE18.joints[j] for bone in major_bones(OPENPOSE18) for j in bone}
    assert len(major_bones(OPENPOSE18)) == 13 and not any("eye" in n or n.endswith("ear") for n in theirs)


@pytest.mark.parametrize(("layout", "axes"), [(NTU25, 3), (OPENPOSE18, 2)])
def test_cosines_agree_with_a_loop(layout: Layout, axes: int) -> None:
    joints = poses(2, 3, joints=len(layout), axes=axes).double()
    maps, bones = angle_maps(joints, layout), major_bones(layout)
    assert maps.shape == (2, 3, len(bones), len(bones))
    for i, (a, b) in enumerate(bones):
        for j, (c, d) in enumerate(bones):
            one, other = joints[1, 2, a] - joints[1, 2, b], joints[1, 2, c] - joints[1, 2, d]
            expected = float(one @ other) / math.sqrt(float(one @ one) * float(other @ other))
            assert float(maps[1, 2, i, j]) == pytest.approx(expected, abs=1e-12)


def test_moving_turning_or_scaling_the_whole_body_changes_no_angle() -> None:
    joints = poses(3).double()
    turn = torch.linalg.qr(torch.randn(3, 3, generator=torch.Generator().manual_seed(1)).double())[0]
    torch.testing.assert_close(angle_maps(2.5 * joints @ turn + 7, NTU25), angle_maps(joints, NTU25))


def test_a_bone_without_direction_is_a_row_of_zeros_and_sends_no_gradient() -> None:
    bones = major_bones(NTU25)
    child, parent = bones[5]
    joints = poses(1)
    joints[:, child] = joints[:, parent]
    joints.requires_grad_()
    maps = angle_maps(joints, NTU25)
    assert bool((maps[0, 5] == 0).all()) and bool((maps[0, :, 5] == 0).all())
    maps.square().sum().backward()
    assert joints.grad is not None and bool(joints.grad.isfinite().all())

    visible = torch.ones(1, 25, dtype=torch.bool)
    visible[0, bones[3][0]] = False
    hidden = angle_maps(poses(1), NTU25, visible)
    gone = torch.tensor([bones[3][0] in bone for bone in bones])
    assert bool((hidden[0, gone] == 0).all()) and bool((hidden[0].diagonal()[~gone] > 0.99).all())


def test_an_absent_person_sends_no_gradient() -> None:
    joints = torch.zeros(2, 25, 3, requires_grad=True)
    discriminator().realness(joints).sum().backward()
    assert joints.grad is not None and bool((joints.grad == 0).all())


def test_the_adversarys_loss_reaches_the_joints() -> None:
    """Finite differences, along each joint's every axis."""
    network, mask = discriminator().double(), torch.tensor([[True, True]])

    def loss(joints: torch.Tensor) -> torch.Tensor:
        return lsgan_generator_loss(network(angle_maps(joints, NTU25))[None], mask)[0]

    joints = poses(2).double().requires_grad_()
    (gradient,) = torch.autograd.grad(loss(joints), joints)
    steps = 1e-6 * torch.eye(joints.numel(), dtype=torch.float64).view(-1, *joints.shape)
    with torch.no_grad():
        slopes = torch.stack([(loss(joints + s) - loss(joints - s)) / 2e-6 for s in steps]).view(joints.shape)
    torch.testing.assert_close(gradient, slopes, atol=1e-9, rtol=1e-5)
    assert float(gradient.abs().max()) > 1e-5


def test_losses_by_hand() -> None:
    yes = torch.ones(2, 2, dtype=torch.bool)
    fake, some = torch.tensor([[0.5, 0.0], [0.25, 1.0]]), torch.tensor([[True, True], [True, False]])
    assert lsgan_generator_loss(fake, some).tolist() == [(0.25 + 1) / 2, 0.5625]
    real = torch.tensor([[1.0, 0.5], [0.0, 0.0]])
    found = lsgan_discriminator_loss(real, fake, yes, some).tolist()
    assert found == [0.125 + 0.125, 1 + 0.0625]
    assert lsgan_generator_loss(fake, ~yes).tolist() == [0, 0]


def test_each_sample_has_a_discriminator_of_its_own() -> None:
    network = discriminator()
    parameters = stacked_parameters(network, 3)
    maps = angle_maps(poses(3, 4), NTU25)
    together = per_sample_scores(network, parameters, maps)
    torch.testing.assert_close(together, torch.stack([network(own) for own in maps]))
    gradients = torch.autograd.grad(together[1].sum(), list(parameters.values()))
    for gradient in gradients:
        assert bool((gradient[[0, 2]] == 0).all()) and bool((gradient[1] != 0).any())
