"""The discriminator at work: frozen, and trained along with the attack."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import torch
from torch import nn

from stumble.data.pose_pool import LoadedPoses
from stumble.errors import SpecError
from stumble.interfaces import Weights
from stumble.layouts import NTU25, OPENPOSE18
from stumble.priors import BoneAngleDiscriminator, Frozen, PoseCritic, PosePrior, TrainedAlong
from stumble.sequences import Skeletons


@dataclass(frozen=True)
class Made(Weights):
    """Weights that are made, not read."""

    network: nn.Module

    @property
    def digest(self) -> str:
        return "made"

    def load(self) -> nn.Module:
        return self.network.requires_grad_(False).eval()


def body(*shape: int, seed: int) -> torch.Tensor:
    """A standing person who sways a little."""
    rest = torch.linspace(0, 1.7, 25)[:, None] * torch.tensor([0.1, 1.0, 0.3]) + torch.eye(3).repeat(9, 1)[:25]
    return rest + 0.05 * torch.randn(*shape, 25, 3, generator=torch.Generator().manual_seed(seed))


def attacked(joints: torch.Tensor) -> torch.Tensor:
    return joints + 0.3 * torch.randn(joints.shape, generator=torch.Generator().manual_seed(9))


IDS = ("a", "b", "c")
CLEAN = Skeletons.pad([body(1, 6, seed=1), body(2, 4, seed=2), body(1, 5, seed=3)], IDS, NTU25)
POOL = LoadedPoses(body(30, seed=4), tuple("abcde"[k % 5] for k in range(30)))


def frozen() -> Frozen:
    torch.manual_seed(0)
    return Frozen(Made(BoneAngleDiscriminator(NTU25)))


PRIORS = [frozen(), TrainedAlong(POOL, shown=8)]


def learnt(prior: PosePrior, batch: Skeletons, steps: int = 4, seed: int = 0) -> PoseCritic:
    critic = prior.begin(CLEAN.select([CLEAN.ids.index(name) for name in batch.ids]), seed)
    for _ in range(steps):
        critic.learn(batch)
    return critic


@pytest.mark.parametrize("prior", PRIORS)
def test_the_loss_is_the_mean_over_the_frames_of_those_who_are_there(prior: PosePrior) -> None:
    losses = prior.begin(CLEAN, 0).loss(CLEAN)
    assert losses.shape == (3,) and bool(((0 < losses) & (losses < 1)).all())
    if isinstance(prior, Frozen):
        network = prior.weights.load()
        assert isinstance(network, BoneAngleDiscriminator)
        for k in range(3):
            expected = (network.realness(CLEAN.joints[k][CLEAN.present[k]]) - 1).square().mean()
            torch.testing.assert_close(losses[k], expected)


@pytest.mark.parametrize("prior", PRIORS)
def test_the_loss_reaches_the_joints_of_those_who_are_there_and_nothing_else(prior: PosePrior) -> None:
    critic = prior.begin(CLEAN, 0)
    joints = attacked(CLEAN.joints).requires_grad_()
    critic.loss(CLEAN.moved(joints)).sum().backward()
    assert joints.grad is not None
    moving = joints.grad.flatten(3).ne(0).any(3)
    assert torch.equal(moving, CLEAN.present)
    for value in getattr(critic, "parameters", {}).values():
        assert value.grad is None


def test_learning_sends_nothing_to_the_joints() -> None:
    critic = TrainedAlong(POOL, shown=8).begin(CLEAN, 0)
    joints = attacked(CLEAN.joints).requires_grad_()
    before = critic.loss(CLEAN.moved(joints.detach()))
    critic.learn(CLEAN.moved(joints))
    assert joints.grad is None
    assert not torch.equal(critic.loss(CLEAN.moved(joints.detach())), before)  # and yet something was learnt


def test_trained_along_it_tells_attacked_poses_from_clean_ones() -> None:
    batch = CLEAN.moved(torch.where(CLEAN.present[..., None, None], attacked(CLEAN.joints), 0))
    critic = learnt(TrainedAlong(POOL, shown=16), batch, steps=25)
    assert bool((critic.loss(CLEAN) < 0.2).all())
    assert bool((critic.loss(batch) > 0.5).all())


def test_a_sample_learns_the_same_alone_in_any_order_and_after_others_left() -> None:
    prior, batch = TrainedAlong(POOL, shown=8), CLEAN.moved(attacked(CLEAN.joints))
    whole = learnt(prior, batch).loss(batch)
    turned = learnt(prior, batch.select([2, 0, 1])).loss(batch.select([2, 0, 1]))
    torch.testing.assert_close(turned, whole[[2, 0, 1]], atol=1e-5, rtol=1e-4)
    alone = learnt(prior, batch.select([1])).loss(batch.select([1]))
    torch.testing.assert_close(alone, whole[1:2], atol=1e-5, rtol=1e-4)

    critic, kept = learnt(prior, batch, steps=2), torch.tensor([0, 2])
    fewer = critic.select(kept)
    for _ in range(2):
        fewer.learn(batch.select(kept))
    torch.testing.assert_close(fewer.loss(batch.select(kept)), whole[kept], atol=1e-5, rtol=1e-4)


def test_the_seed_decides() -> None:
    batch, prior = CLEAN.moved(attacked(CLEAN.joints)), TrainedAlong(POOL, shown=8)
    assert torch.equal(learnt(prior, batch).loss(batch), learnt(prior, batch).loss(batch))
    assert not torch.equal(learnt(prior, batch).loss(batch), learnt(prior, batch, seed=1).loss(batch))


def test_a_sample_is_not_shown_its_own_clean_poses() -> None:
    """Other poses of `a` in the pool change what is learnt for everybody but `a`."""
    poses = body(6, seed=5)
    owners = ("a", "a", "a", "x", "y", "z")
    one = learnt(TrainedAlong(LoadedPoses(poses, owners), shown=16), CLEAN, steps=2).loss(CLEAN)
    poses = torch.cat([poses[:3].flip(1), poses[3:]])
    other = learnt(TrainedAlong(LoadedPoses(poses, owners), shown=16), CLEAN, steps=2).loss(CLEAN)
    assert ((one - other).abs() > 1e-4).tolist() == [False, True, True]


def test_what_cannot_serve_is_named() -> None:
    with pytest.raises(SpecError, match="a Linear; expected a discriminator of bone angles"):
        Frozen(Made(nn.Linear(1, 1))).begin(CLEAN, 0)
    with pytest.raises(SpecError, match="a discriminator of openpose-18 skeletons; the data has ntu-25"):
        Frozen(Made(BoneAngleDiscriminator(OPENPOSE18))).begin(CLEAN, 0)
    with pytest.raises(SpecError, match=r"found \(joints, axes\) \(18, 2\); the data has \(25, 3\)"):
        TrainedAlong(LoadedPoses(torch.rand(4, 18, 2), ("x",) * 4)).begin(CLEAN, 0)
    with pytest.raises(SpecError, match="b: found no clean poses of other samples"):
        TrainedAlong(LoadedPoses(body(4, seed=0), ("b",) * 4)).begin(CLEAN, 0)
