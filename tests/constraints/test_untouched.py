from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from stumble.constraints import JointBudget, Untouched
from stumble.layouts import OPENPOSE18
from stumble.sequences import Skeletons

Crowd = Callable[..., Skeletons]


@pytest.fixture
def clean(crowd: Crowd) -> Skeletons:
    return crowd(layout=OPENPOSE18, clips=((2, 6), (1, 4)), lost=0.2)


def test_what_may_move_may_go_anywhere(clean: Skeletons) -> None:
    untouched = Untouched(JointBudget(region="left leg"))
    free = untouched.budget.radius(clean)[..., None] > 0
    moved = clean.moved(torch.where(free, clean.joints + 7, clean.joints))
    assert untouched.violation(moved, clean).tolist() == [0, 0]
    assert torch.equal(untouched.project(moved, clean).joints, moved.joints)


def test_each_value_that_must_stay_counts(clean: Skeletons) -> None:
    untouched = Untouched(JointBudget(region="left leg"))
    joints = clean.joints.clone()
    joints[0, 0, 0, 0] += 1  # outside the region, two coordinates
    joints[1, 0, 5, 11, 0] = 1e-30  # padding
    joints[1, 1, 0, 11, 0] = -0.0  # somebody who is not there: zero, but other bits
    lost = (clean.present[..., None] & ~clean.visible)[0, :, :, 11:14].nonzero()[0]
    joints[0, lost[0], lost[1], 11 + lost[2], 1] += 1
    changed = clean.moved(joints)
    assert untouched.violation(changed, clean).tolist() == [3, 2]
    restored = untouched.project(changed, clean)
    assert untouched.violation(restored, clean).tolist() == [0, 0]


def test_confidences_and_presence_are_no_adversarys_business(clean: Skeletons) -> None:
    untouched = Untouched(JointBudget())
    assert clean.confidence is not None
    surer = replace(clean, confidence=clean.confidence + 0.1 * (clean.confidence > 0.5))
    count = (clean.confidence > 0.5).flatten(1).sum(1)
    assert untouched.violation(surer, clean).tolist() == count.tolist()
    assert untouched.project(surer, clean).confidence is clean.confidence
    assert untouched.violation(replace(clean, confidence=None), clean).tolist() == [torch.inf] * 2
    gone = clean.present.clone()
    gone[0, 0, 3] = False
    assert untouched.violation(replace(clean, present=gone), clean).tolist() == [1, 0]
    assert untouched.violation(replace(clean, lengths=torch.tensor([6, 3])), clean).tolist() == [0, 1]
