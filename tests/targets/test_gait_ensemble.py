from __future__ import annotations

import pytest
import torch
from torch import nn

from stumble.attacks import pgd
from stumble.constraints import Sparsity
from stumble.errors import TargetError
from stumble.interfaces import Features, FrameSeparable, Goal, Output, SetPooled, SilhouetteInput, Target
from stumble.objectives import Cosine
from stumble.sequences import Silhouettes
from stumble.targets import GaitEnsemble, gait_ensemble, wrap
from stumble.testing import check_target


class Projection:
    """The mean or the maximum over frames of a bent linear map of their pixels; two features, only one of them used."""

    def __init__(self, seed: int, dims: int) -> None:
        draw = torch.Generator().manual_seed(seed)
        self.weight, self.takes = torch.randn(64 * 44, dims, generator=draw) / 50, SilhouetteInput(64, 44, 1 + seed)

    def __call__(self, batch: Silhouettes) -> Output:
        return self.aggregate(self.encode(batch.floating().packed()), batch.lengths)

    def encode(self, frames: torch.Tensor) -> Features:
        return (frames.mean((1, 2)), torch.tanh(frames.flatten(1) @ self.weight))

    def aggregate(self, features: Features, lengths: torch.Tensor) -> Output:
        parts = features[1].split(lengths.tolist())
        return Output(embedding=torch.stack([part.mean(0) for part in parts])[:, None])


class Highest(Projection):
    def aggregate(self, features: Features, lengths: torch.Tensor) -> Output:
        return self.head(self.pool(features, lengths))

    def pool(self, features: Features, lengths: torch.Tensor) -> Features:
        return (torch.stack([part.amax(0) for part in features[1].split(lengths.tolist())]),)

    def merge(self, first: Features, second: Features) -> Features:
        return (torch.where(first[0] >= second[0], first[0], second[0]),)

    def head(self, pooled: Features) -> Output:
        return Output(embedding=pooled[0][:, None])


def flat(seed: int) -> Target:
    net = nn.Linear(64 * 44, 5)
    return wrap(
        net, SilhouetteInput(), lambda net, batch: torch.stack([net(f.mean(0).flatten()) for f in batch.unpadded()])
    )


@pytest.fixture
def batch() -> Silhouettes:
    draw = torch.Generator().manual_seed(0)
    return Silhouettes.pad([torch.rand(n, 64, 44, generator=draw) for n in (6, 4, 5)], ["a", "b", "c"])


def test_the_cosine_is_the_mean_of_the_members(batch: Silhouettes) -> None:
    members = (Projection(0, 3), Highest(2, 7), flat(1))
    both = gait_ensemble(members)
    nobody = torch.zeros(3, dtype=torch.int64)
    goals = [Goal("untargeted", nobody, None, target(batch).embedding) for target in (*members, both)]
    other = Silhouettes(batch.frames.flip(0).clone(), batch.lengths, batch.ids)
    cosines = [Cosine()(target(other), goal) for target, goal in zip((*members, both), goals, strict=True)]
    torch.testing.assert_close(cosines[-1], torch.stack(cosines[:-1]).mean(0))
    assert both.takes == SilhouetteInput(64, 44, 3)


@pytest.mark.parametrize(
    ("members", "kind"),
    [
        ((Highest(0, 3), Highest(1, 4)), SetPooled),
        ((Highest(0, 3), Projection(1, 4)), FrameSeparable),
        ((Highest(0, 3), flat(0)), GaitEnsemble),
    ],
    ids=["pooled", "separable", "neither"],
)
def test_it_can_do_what_all_members_can(members: tuple[Target, ...], kind: type, batch: Silhouettes) -> None:
    both = gait_ensemble(members)
    assert isinstance(both, kind)
    assert isinstance(both, SetPooled) == (kind is SetPooled)
    assert isinstance(both, FrameSeparable) == (kind is not GaitEnsemble)
    check_target(both, batch)


@pytest.mark.parametrize("members", [(Highest(0, 3), Highest(1, 4)), (Highest(0, 3), Projection(1, 4))])
def test_clean_frames_are_encoded_once_and_the_attack_is_the_same(
    members: tuple[Target, ...], batch: Silhouettes
) -> None:
    both = gait_ensemble(members)
    goal = Goal("untargeted", torch.zeros(3, dtype=torch.int64), None, both(batch).embedding)
    attack = pgd(budget=Sparsity(frames=1))
    fast = attack(both, batch, goal, seed=1)
    slow = attack(GaitEnsemble(members), batch, goal, seed=1)
    difference = (fast.adversarial.frames - slow.adversarial.frames).abs()
    assert float(difference.gt(1e-6).float().mean()) < 1e-3  # signs of rounding's size


def test_members_that_do_not_fit_together_are_named(batch: Silhouettes) -> None:
    wide = wrap(nn.Identity(), SilhouetteInput(64, 64), lambda net, batch: batch.frames.mean((1, 2)))
    with pytest.raises(TargetError, match="take 64x44, 64x64; expected all to take the same size"):
        gait_ensemble((flat(0), wide))
    with pytest.raises(TargetError, match="take nothing"):
        gait_ensemble(())

    class Mute(Projection):
        def aggregate(self, features: Features, lengths: torch.Tensor) -> Output:
            return Output(logits=features[1])

    with pytest.raises(TargetError, match="one answers with no embedding"):
        gait_ensemble((Projection(0, 3), Mute(0, 3)))(batch)
