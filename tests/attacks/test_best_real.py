from __future__ import annotations

from collections.abc import Callable
from itertools import permutations

import pytest
import torch
from torch import Tensor

from stumble.attacks import BestReal, RealFrames
from stumble.attacks.frame_edit import FrameEdit
from stumble.constraints import First, Sparsity
from stumble.constraints.frames import Edit
from stumble.data.frame_pool import LoadedFrames
from stumble.errors import DataError, TargetError
from stumble.interfaces import Goal, Output, SetPooled, SilhouetteInput
from stumble.objectives import Cosine
from stumble.sequences import Silhouettes

Leaving = Callable[[Silhouettes], Goal]
FRAMES = torch.randint(0, 256, (12, 4, 3), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
SUBJECTS = tuple(f"{i % 4:03d}" for i in range(12))
POOL = LoadedFrames(FRAMES, SUBJECTS)


def harm(target: SetPooled, batch: Silhouettes, goal: Goal, row: int, edit: Edit, chosen: list[int]) -> float:
    """The loss of one sequence with these frames of the pool, by the whole forward pass."""
    alone, own = batch.select([row]), goal.select(torch.tensor([row]))
    scene = FrameEdit(target, alone, edit, Sparsity(frames=len(chosen)), First(), 0, incremental=False)
    return float(Cosine()(target(scene.sequences(FRAMES[chosen].float() / 255)), own))


def chosen_frames(attack: BestReal, target: SetPooled, batch: Silhouettes, goal: Goal) -> list[list[int]]:
    """For each sequence the positions in the pool of the frames that were put in."""
    result = attack(target, batch, goal, seed=0)
    frames = result.adversarial.quantised().frames
    found = []
    for row, marks in zip(frames, result.edited, strict=True):
        found.append([int((FRAMES == frame).all((1, 2)).nonzero()[0]) for frame in row[marks]])
    return found


def test_the_real_frame_that_hurts_most(target: SetPooled, walks: Silhouettes, untargeted: Leaving) -> None:
    result = BestReal(POOL)(target, walks, untargeted(walks), seed=0)
    assert result.edited.sum(1).tolist() == [1, 1, 1]
    assert result.queries.tolist() == [12, 12, 12]


def test_each_sample_counts_its_own_queries(target: SetPooled, walks: Silhouettes, untargeted: Leaving) -> None:
    budget = Sparsity(0.5)
    counts = [budget.count(length) for length in walks.lengths.tolist()]
    result = BestReal(POOL, budget=budget)(target, walks, untargeted(walks), seed=0)
    assert len(set(counts)) > 1 and result.queries.tolist() == [12 * count for count in counts]


@pytest.mark.parametrize("edit", ["alter", "insert"])
@pytest.mark.parametrize("targeted", [False, True])
def test_one_frame_equals_brute_force(
    edit: Edit, targeted: bool, target: SetPooled, walks: Silhouettes, untargeted: Leaving
) -> None:
    goal = untargeted(walks)
    if targeted:
        reference = torch.rand(3, 1, 12, generator=torch.Generator().manual_seed(1))
        goal = Goal("targeted", torch.arange(3), torch.tensor([1, 2, 0]), reference)
    for row, (found,) in enumerate(chosen_frames(BestReal(POOL, edit, Sparsity(frames=1)), target, walks, goal)):
        others = [k for k in range(12) if SUBJECTS[k] != f"{row:03d}"]
        best = min(others, key=lambda k: harm(target, walks, goal, row, edit, [k]))
        assert found == best


def test_several_frames_are_chosen_greedily_and_none_twice(
    target: SetPooled, walks: Silhouettes, untargeted: Leaving
) -> None:
    goal = untargeted(walks)
    for row, found in enumerate(chosen_frames(BestReal(POOL, budget=Sparsity(frames=3)), target, walks, goal)):
        assert len(set(found)) == 3
        others = [k for k in range(12) if SUBJECTS[k] != f"{row:03d}"]
        assert set(found) <= set(others)
        greedy: list[int] = []
        for _ in range(3):
            rest = [k for k in others if k not in greedy]
            greedy.append(min(rest, key=lambda k: _pooled_harm(target, walks, goal, row, [*greedy, k])))
        assert found == greedy


def test_a_frame_is_not_chosen_again_even_where_nothing_else_helps(
    target: SetPooled, walks: Silhouettes, untargeted: Leaving
) -> None:
    frames = torch.zeros(3, 4, 3, dtype=torch.uint8)
    frames[0, 1:] = 255  # leaves the clean embedding; the other two only lead back to it
    frames[1:, 0, 0] = 255
    frames[2, 0, 0] = 254
    pool = LoadedFrames(frames, ("009",) * 3)
    result = BestReal(pool, budget=Sparsity(frames=2))(target, walks, untargeted(walks), seed=0)
    for sequence, marks in zip(result.adversarial.quantised().frames, result.edited, strict=True):
        assert len({tuple(frame.flatten().tolist()) for frame in sequence[marks]}) == 2


def _pooled_harm(target: SetPooled, batch: Silhouettes, goal: Goal, row: int, chosen: list[int]) -> float:
    """The loss with these frames beside the clean ones that three altered frames leave."""
    kept = batch.floating().frames[row, 3 : int(batch.lengths[row])]
    sequence = Silhouettes.pad([torch.cat([FRAMES[chosen].float() / 255, kept])], ["x"])
    return float(Cosine()(target(sequence), goal.select(torch.tensor([row]))))


def test_it_is_never_worse_than_any_single_candidate(
    target: SetPooled, walks: Silhouettes, untargeted: Leaving
) -> None:
    goal = untargeted(walks)
    for count in (1, 2):
        for row, found in enumerate(chosen_frames(BestReal(POOL, budget=Sparsity(frames=count)), target, walks, goal)):
            reached = harm(target, walks, goal, row, "alter", found)
            others = [k for k in range(12) if SUBJECTS[k] != f"{row:03d}"]
            tried = (
                [list(p) for p in permutations(others, 1)]
                if count == 1
                else [[k, found[0]] for k in others if k != found[0]]
            )
            assert all(reached <= harm(target, walks, goal, row, "alter", each) + 1e-6 for each in tried)


def test_it_hurts_at_least_as_much_as_random_real_frames(
    target: SetPooled, walks: Silhouettes, untargeted: Leaving
) -> None:
    goal = untargeted(walks)

    def losses(attack: BestReal | RealFrames, seed: int) -> Tensor:
        return Cosine()(target(attack(target, walks, goal, seed=seed).adversarial), goal)

    for seed in range(5):
        assert bool((losses(BestReal(POOL), 0) <= losses(RealFrames(POOL), seed) + 1e-6).all())


def test_only_so_many_candidates_are_tried_the_same_for_all(
    target: SetPooled, walks: Silhouettes, untargeted: Leaving
) -> None:
    few = BestReal(POOL, candidates=6)
    assert few(target, walks, untargeted(walks), seed=0).queries.tolist() == [6, 6, 6]
    used = {
        index
        for found in chosen_frames(
            BestReal(POOL, budget=Sparsity(frames=4), candidates=6), target, walks, untargeted(walks)
        )
        for index in found
    }
    assert len(used) <= 6


def test_what_it_needs_is_said(target: SetPooled, walks: Silhouettes, untargeted: Leaving) -> None:
    class Opaque:
        takes = SilhouetteInput(4, 3)

        def __call__(self, batch: Silhouettes) -> Output:
            return target(batch)

    with pytest.raises(TargetError, match="Opaque: the search for real frames needs a target that pools a set"):
        BestReal(POOL)(Opaque(), walks, untargeted(walks), seed=0)
    own = LoadedFrames(FRAMES[:2], ("000", "000"))
    with pytest.raises(DataError, match=r"000/nm-01/090: found 0 candidates of other subjects; expected at least 1"):
        BestReal(own)(target, walks, untargeted(walks), seed=0)
