from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
import torch
from torch import Tensor

from stumble.attacks.joint_pgd import JointPGD
from stumble.constraints.joint_budget import JointBudget
from stumble.errors import SpecError
from stumble.interfaces import Goal, Output, SkeletonInput
from stumble.layouts import NTU25
from stumble.objectives import Margin
from stumble.seeds import normal
from stumble.sequences import Skeletons


@dataclass
class Linear:
    """Two classes, w . V over all joints and frames apart; counts the clips that it is asked about."""

    weights: Tensor  # (T, J, 3)
    takes: SkeletonInput = SkeletonInput(NTU25)
    asked: int = 0

    def __call__(self, batch: Skeletons) -> Output:
        self.asked += len(batch)
        apart = torch.einsum("bmtjc,tjc->b", batch.joints, self.weights[: batch.joints.shape[2]])
        return Output(logits=torch.stack([torch.zeros_like(apart), apart], 1))


TARGET = Linear(normal(3, ("w",), "weights", (6, 25, 3))[0])


def people(count: int = 3, frames: int = 6) -> Skeletons:
    """The last clip is shorter than the others."""
    clips = list(normal(0, tuple(str(k) for k in range(count)), "pose", (1, frames, 25, 3)))
    clips[-1] = clips[-1][:, : frames - 2]
    return Skeletons.pad(clips, [f"clip {k}" for k in range(count)], NTU25)


def other_class(target: Linear, batch: Skeletons) -> tuple[Goal, Tensor]:
    """Away from the class it is taken for; and the smallest epsilon that does it: margin over the L1 norm of w."""
    logits = target(batch).logits
    assert logits is not None
    goal = Goal("untargeted", logits.argmax(1))
    steepest = target.weights.abs().sum((1, 2))
    reach = torch.stack([steepest[:length].sum() for length in batch.lengths.tolist()])
    return goal, -goal.margin(logits) / reach


def test_the_nearest_other_class_of_a_linear_target() -> None:
    """With the box alone nobody can do better than the closed form, and the attack does not do worse."""
    batch = people()
    goal, smallest = other_class(TARGET, batch)
    for share, reached in ((0.99, False), (1.01, True)):
        for row in range(len(batch)):
            attack = JointPGD(JointBudget(share * float(smallest[row])), Margin())
            moved = attack(TARGET, batch.select([row]), goal.select(torch.tensor([row])), seed=0).adversarial
            logits = TARGET(moved).logits
            assert logits is not None
            assert bool(goal.select(torch.tensor([row])).margin(logits) > 0) == reached


def test_finished_samples_leave_the_batch_and_change_no_other() -> None:
    batch, target = people(), replace(TARGET)
    goal, smallest = other_class(target, batch)
    budget = JointBudget(float(smallest.sort().values[1]) * 1.2)  # two of three can be reached
    target.asked = 0
    stopped = JointPGD(budget, Margin(), stop=0.0)(target, batch, goal, seed=0)
    assert target.asked == int(stopped.queries.sum())
    assert sorted(stopped.stopped) == ["budget", "reached", "reached"]
    assert int(stopped.steps.max()) == 20 and int(stopped.steps.min()) < 20
    for row, clip in enumerate(batch.ids):
        alone = JointPGD(budget, Margin(), stop=0.0)(
            target, batch.select([row]), goal.select(torch.tensor([row])), seed=0
        )
        frames = int(batch.lengths[row])
        torch.testing.assert_close(
            alone.adversarial.joints[0, :, :frames],
            stopped.adversarial.joints[row, :, :frames],
            rtol=0,
            atol=0,
            msg=f"{clip} depends on its company",
        )


def test_more_steps_and_more_restarts_are_never_worse() -> None:
    batch = people()
    goal, _ = other_class(TARGET, batch)

    def margins(attack: JointPGD) -> Tensor:
        logits = TARGET(attack(TARGET, batch, goal, seed=0).adversarial).logits
        assert logits is not None
        return goal.margin(logits)

    least = JointPGD(JointBudget(0.05), Margin(), iterations=3, step=0.3)
    more, again = replace(least, iterations=6), replace(least, restarts=3)
    assert bool((margins(more) >= margins(least)).all())
    assert bool((margins(again) >= margins(least)).all())


def test_no_descent_at_all_is_refused() -> None:
    with pytest.raises(SpecError, match="0 iterations, 1 restarts; expected at least one of each"):
        JointPGD(iterations=0)
