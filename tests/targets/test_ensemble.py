from __future__ import annotations

import pytest
import torch
from torch import nn

from stumble.attacks.one_step import OneStep
from stumble.errors import TargetError
from stumble.interfaces import Goal, SkeletonInput, SkeletonTarget
from stumble.layouts import NTU25, OPENPOSE18
from stumble.preprocess import StGcn
from stumble.sequences import Skeletons
from stumble.targets import Ensemble, WrappedClassifier, wrap_classifier
from stumble.testing import check_skeleton_attack, check_skeleton_target

RECIPE = StGcn(frames=8, people=1)


def member(seed: int, classes: int = 4) -> WrappedClassifier:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        net = nn.Sequential(nn.Flatten(), nn.Linear(3 * 8 * 25, 16), nn.Tanh(), nn.Linear(16, classes))
    return wrap_classifier(net, SkeletonInput(NTU25), lambda net, batch: net(RECIPE(batch)))


@pytest.fixture
def batch() -> Skeletons:
    draw = torch.Generator().manual_seed(0)
    return Skeletons.pad([torch.randn(1, n, 25, 3, generator=draw) for n in (8, 5)], ["a", "b"], NTU25)


def test_its_logits_are_the_mean_of_its_members(batch: Skeletons) -> None:
    one, two = member(1), member(2)
    both = Ensemble((one, two))
    assert isinstance(both, SkeletonTarget)
    expected = [target(batch).logits for target in (one, two)]
    assert expected[0] is not None and expected[1] is not None
    torch.testing.assert_close(both(batch).logits, (expected[0] + expected[1]) / 2)
    check_skeleton_target(both, batch)


def test_its_gradient_is_the_mean_of_theirs(batch: Skeletons) -> None:
    """Of the margin between two classes, which is linear in logits."""
    targets = (member(1), member(2), member(3))
    gradients = []
    for target in (*targets, Ensemble(targets)):
        joints = batch.joints.clone().requires_grad_()
        logits = target(batch.moved(joints)).logits
        assert logits is not None
        gradients.extend(torch.autograd.grad((logits[:, 0] - logits[:, 1]).sum(), joints))
    torch.testing.assert_close(gradients[-1], torch.stack(gradients[:-1]).mean(0))


def test_attacks_take_it_as_any_other_target(batch: Skeletons) -> None:
    both = Ensemble((member(1), member(2)))
    check_skeleton_attack(OneStep(), both, batch, Goal("untargeted", torch.tensor([0, 1])))


def test_members_that_do_not_fit_together_are_named(batch: Skeletons) -> None:
    with pytest.raises(TargetError, match="answer with 4, 3 logits; expected as many from each"):
        Ensemble((member(1), member(2, classes=3)))(batch)
    flat = wrap_classifier(nn.Identity(), SkeletonInput(OPENPOSE18, 2), lambda net, batch: net(batch.joints))
    with pytest.raises(TargetError, match="take 3 coordinates of ntu-25, 2 coordinates of openpose-18"):
        Ensemble((member(1), flat))
    with pytest.raises(TargetError, match="take nothing"):
        Ensemble(())
