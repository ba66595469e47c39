"""Random search against brute force over the same draws."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from stumble.attacks import RandomJoints, RandomLatents
from stumble.constraints import JointBudget, Sparsity
from stumble.errors import SpecError
from stumble.interfaces import Goal, Output, SetPooled, SkeletonInput, Weights
from stumble.layouts import NTU25
from stumble.seeds import normal, uniform
from stumble.sequences import Silhouettes, Skeletons

WEIGHTS = normal(3, ("w",), "weights", (25, 3))[0]


@dataclass(frozen=True)
class Linear:
    """Two classes, w . V over all people, frames and joints apart."""

    takes: SkeletonInput = SkeletonInput(NTU25)

    def __call__(self, batch: Skeletons) -> Output:
        apart = (batch.joints * WEIGHTS).flatten(1).sum(1)
        return Output(logits=torch.stack([torch.zeros_like(apart), apart], 1))


@pytest.fixture
def clips() -> Skeletons:
    poses = normal(0, ("a", "b"), "pose", (2, 4, 25, 3))
    return Skeletons.pad([poses[0], poses[1][:1, :3]], ["a", "b"], NTU25)


def test_the_best_of_the_draws_is_taken(clips: Skeletons) -> None:
    """The margin of a draw is linear in its noise, so that of all draws is known."""
    wanted = torch.tensor([1, 0])
    goal = Goal("targeted", 1 - wanted, wanted)
    result = RandomJoints(JointBudget(0.1), draws=5, projection="box")(Linear(), clips, goal, seed=8)
    noise = [
        torch.stack([uniform(8, ("a", "b"), f"draw {draw} person {k}", (4, 25, 3)) for k in (0, 1)], 1)
        for draw in range(5)
    ]
    moved = [torch.where(clips.visible[..., None], clips.joints + 0.1 * (2 * drawn - 1), 0) for drawn in noise]
    margins = torch.stack([goal.margin(Linear()(clips.moved(joints)).logits) for joints in moved])  # type: ignore[arg-type]
    for row, draw in enumerate(margins.argmax(0).tolist()):
        torch.testing.assert_close(result.adversarial.joints[row], moved[draw][row])
    assert len(set(margins.argmax(0).tolist())) == 2, "else the first of all would do"
    assert result.queries.tolist() == [5, 5] and result.steps.tolist() == [0, 0]
    assert set(RandomJoints(projection="box").constraints(clips)) == {"box", "untouched"}


def test_box_and_bones_hold_by_default(clips: Skeletons) -> None:
    attack = RandomJoints(JointBudget(0.05, "left leg"), draws=3)
    goal = Goal("untargeted", torch.tensor([0, 1]))
    result = attack(Linear(), clips, goal, seed=0)
    assert bool((result.adversarial.joints != clips.joints).any())
    for constraint in attack.constraints(clips).values():
        assert float(constraint.violation(result.adversarial, clips).max()) < 1e-5


def test_of_random_latents_the_best_is_taken(
    target: SetPooled,
    prior: Weights,
    walks: Silhouettes,
    untargeted: Callable[[Silhouettes], Goal],
    similarity: Callable[[Silhouettes, Goal], Tensor],
) -> None:
    goal = untargeted(walks)

    def reached(draws: int) -> Tensor:
        attack = RandomLatents(prior, budget=Sparsity(frames=1), draws=draws, plausibility=0.0)
        result = attack(target, walks, goal, seed=0)
        assert result.queries.tolist() == [draws] * 3 and result.steps.tolist() == [0] * 3
        return similarity(result.adversarial, goal)

    network = prior.load()
    drawn = [network.to_prior(normal(0, walks.ids, f"latents {k}", (1, 12))[:, 0]) for k in range(8)]
    changed = [torch.cat([network.generate(z)[:, None], walks.floating().frames[:, 1:]], 1) for z in drawn]
    each = torch.stack([similarity(Silhouettes(frames, walks.lengths, walks.ids), goal) for frames in changed])
    torch.testing.assert_close(reached(8), each.min(0).values)
    torch.testing.assert_close(reached(3), each[:3].min(0).values)


def test_nothing_to_choose_from_is_refused(prior: Weights) -> None:
    with pytest.raises(SpecError, match="draws is 1; expected at least 2"):
        RandomLatents(prior, draws=1)
    with pytest.raises(SpecError, match="draws is 0"):
        RandomJoints(draws=0)
