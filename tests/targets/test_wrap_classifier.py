from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from stumble.errors import TargetError
from stumble.interfaces import SkeletonInput, SkeletonTarget
from stumble.layouts import NTU25
from stumble.preprocess import StGcn
from stumble.sequences import Skeletons
from stumble.targets import wrap_classifier
from stumble.testing import check_skeleton_target


def actors() -> Skeletons:
    generator = torch.Generator().manual_seed(0)
    clips = [torch.randn(1, frames, 25, 3, generator=generator) + 1 for frames in (6, 4)]
    return Skeletons.pad(clips, ["a", "b"], NTU25)


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(3 * 8 * 25, 5), nn.BatchNorm1d(5), nn.Dropout())


def test_any_network_recognises_actions() -> None:
    recipe = StGcn(frames=8, people=1)
    target = wrap_classifier(network(), SkeletonInput(NTU25), lambda net, batch: net(recipe(batch)))
    assert isinstance(target, SkeletonTarget)
    logits = target(actors()).logits
    assert logits is not None and logits.shape == (2, 5)


def test_it_keeps_the_contract_of_targets() -> None:
    recipe = StGcn(frames=16, people=1)
    torch.manual_seed(0)
    net = nn.Sequential(nn.Flatten(), nn.Linear(3 * 16 * 25, 5), nn.BatchNorm1d(5), nn.Dropout())
    check_skeleton_target(
        wrap_classifier(net, SkeletonInput(NTU25), lambda net, batch: net(recipe(batch))), actors(), tolerance=1e-5
    )


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (torch.zeros(2), r"2 sequences to \(2,\); expected \(2, classes\)"),
        (torch.zeros(3, 4), r"2 sequences to \(3, 4\)"),
        (torch.tensor([[1.0], [torch.inf]]), "b: the wrapped network's answer holds NaN or infinite"),
    ],
)
def test_an_answer_that_is_no_logits_is_refused(answer: Tensor, message: str) -> None:
    target = wrap_classifier(nn.Identity(), SkeletonInput(NTU25), lambda net, batch: answer)
    with pytest.raises(TargetError, match=message):
        target(actors())
