from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from stumble.constraints import height
from stumble.layouts import NTU25, OPENPOSE18, Layout
from stumble.sequences import Skeletons

Crowd = Callable[..., Skeletons]

CHAINS = {
    NTU25.name: ("head", "neck", "spine shoulder", "spine middle", "spine base", "hip", "knee", "ankle", "foot"),
    OPENPOSE18.name: ("nose", "neck", "hip", "knee", "ankle"),
}


def upright(layout: Layout, frames: int = 3) -> torch.Tensor:
    """Somebody whose joints stand straight above each other, 0.2 apart, and whose arms are anywhere."""
    joints = torch.rand(1, frames, len(layout), 2)
    for k, name in enumerate(CHAINS[layout.name]):
        for joint, other in enumerate(layout.joints):
            if other in (name, f"left {name}", f"right {name}"):
                joints[:, :, joint] = torch.tensor([0.5, 2 - 0.2 * k])
    return joints


@pytest.mark.parametrize("layout", [NTU25, OPENPOSE18], ids=lambda layout: layout.name)
def test_somebody_who_stands_upright(layout: Layout) -> None:
    standing = Skeletons.pad([upright(layout)], ["a"], layout)
    assert height(standing).tolist() == pytest.approx([0.2 * (len(CHAINS[layout.name]) - 1)])


def test_the_longer_leg_counts_and_a_broken_frame_does_not() -> None:
    joints = upright(NTU25)
    joints[:, :, 19, 1] -= 0.1
    joints[:, 0, 3] += 50
    assert height(Skeletons.pad([joints], ["a"], NTU25)).tolist() == pytest.approx([1.7])


def test_joints_that_were_not_detected_do_not_count() -> None:
    confidence = torch.ones(1, 3, 18)
    confidence[0, :2, 1] = 0  # the neck, but for one frame
    confidence[0, :, 13] = confidence[0, :, 10] = 0  # both ankles
    joints = upright(OPENPOSE18) * (confidence > 0)[..., None]
    assert height(Skeletons.pad([joints], ["a"], OPENPOSE18, [confidence])).tolist() == pytest.approx([0.6])


def test_padding_and_company_change_nothing(crowd: Crowd) -> None:
    clean = crowd()
    assert torch.equal(height(clean), torch.cat([height(clean.select([row])) for row in range(2)]))
    assert height(replace(clean, joints=2 * clean.joints)).tolist() == pytest.approx((2 * height(clean)).tolist())
