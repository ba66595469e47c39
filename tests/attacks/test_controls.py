from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from stumble.attacks import RandomFrames, RealFrames
from stumble.attacks.controls import draw_others
from stumble.constraints import Even, Kept, Sparsity
from stumble.data.frame_pool import LoadedFrames
from stumble.errors import DataError, SpecError
from stumble.interfaces import Goal, SetPooled, Weights
from stumble.sequences import Silhouettes

SUBJECTS = tuple(f"{i % 5:03d}" for i in range(40))
POOL = LoadedFrames(torch.arange(40, dtype=torch.uint8)[:, None, None].expand(40, 4, 3).contiguous(), SUBJECTS)
"""Frame k is of level k and shows subject k modulo 5."""

Leaving = Callable[[Silhouettes], Goal]


def levels(attack: RealFrames, target: SetPooled, walks: Silhouettes, goal: Goal, seed: int = 0) -> list[list[int]]:
    """The levels of the edited frames of each sequence, which name the pool's frames."""
    result = attack(target, walks, goal, seed=seed)
    stored = result.adversarial.quantised()
    return [frames[marks, 0, 0].tolist() for frames, marks in zip(stored.frames, result.edited, strict=True)]


def test_real_frames_of_other_people_stand_in(target: SetPooled, walks: Silhouettes, untargeted: Leaving) -> None:
    result = RealFrames(POOL, budget=Sparsity(frames=2))(target, walks, untargeted(walks), seed=0)
    assert result.edited.sum(1).tolist() == [2, 2, 2]
    assert result.steps.tolist() == result.queries.tolist() == [0, 0, 0]
    assert Kept().violation(result.adversarial, walks, result.edited).tolist() == [0, 0, 0]


def test_real_draws_never_show_the_subject_nor_the_same_frame_twice(
    target: SetPooled, walks: Silhouettes, untargeted: Leaving
) -> None:
    seen: set[int] = set()
    for seed in range(30):
        for row, drawn in enumerate(
            levels(RealFrames(POOL, budget=Sparsity(frames=5)), target, walks, untargeted(walks), seed)
        ):
            assert len(set(drawn)) == 5
            assert all(level % 5 != row for level in drawn)
            seen.update(drawn)
    assert len(seen) == 40  # and everybody else is drawn some time


def test_a_draw_depends_on_seed_and_sample_alone(target: SetPooled, walks: Silhouettes, untargeted: Leaving) -> None:
    attack = RealFrames(POOL, budget=Sparsity(frames=3))
    goal = untargeted(walks)
    assert levels(attack, target, walks, goal) == levels(attack, target, walks, goal)
    assert levels(attack, target, walks, goal) != levels(attack, target, walks, goal, seed=1)
    alone = walks.select([2])
    assert levels(attack, target, alone, untargeted(alone))[0] == levels(attack, target, walks, goal)[2]


def test_a_pool_without_enough_others_is_refused() -> None:
    with pytest.raises(
        DataError, match=r"002/nm-01/090: found a pool with 1 frames of other subjects; expected at least 2"
    ):
        draw_others(("002", "002", "003"), "002/nm-01/090", 2, 0, "real frames")


@pytest.mark.parametrize("edit", ["alter", "insert"])
def test_random_frames_are_generated_and_reproducible(
    edit: str, target: SetPooled, prior: Weights, walks: Silhouettes, untargeted: Leaving
) -> None:
    attack = RandomFrames(prior, edit, Sparsity(frames=2), Even())  # type: ignore[arg-type]
    one, again, other = (attack(target, walks, untargeted(walks), seed=seed) for seed in (0, 0, 1))
    assert torch.equal(one.adversarial.frames, again.adversarial.frames)
    assert not torch.equal(one.adversarial.frames, other.adversarial.frames)
    assert Kept(edit).violation(one.adversarial, walks, one.edited).tolist() == [0, 0, 0]  # type: ignore[arg-type]
    assert len({tuple(frame.flatten().tolist()) for frame in one.adversarial.frames[one.edited]}) == 6


def test_latents_are_normal_or_on_the_priors_support(
    target: SetPooled, prior: Weights, walks: Silhouettes, untargeted: Leaving
) -> None:
    attack = RandomFrames(prior, budget=Sparsity(frames=5))
    norms = {}
    for sphere in (False, True):
        result = replace(attack, sphere=sphere)(target, walks, untargeted(walks), seed=0)
        norms[sphere] = torch.logit(result.adversarial.frames[result.edited].double()).flatten(1).norm(dim=1)
    torch.testing.assert_close(norms[True], torch.full_like(norms[True], 12**0.5), rtol=1e-4, atol=0)
    assert float(norms[False].std()) > 0.3


def test_random_frames_need_a_generator(target: SetPooled, walks: Silhouettes, held: Callable[..., Weights]) -> None:
    with pytest.raises(SpecError, match="Identity; the attack needs a generator"):
        RandomFrames(held(torch.nn.Identity()))(target, walks, Goal("untargeted", torch.arange(3)), seed=0)
