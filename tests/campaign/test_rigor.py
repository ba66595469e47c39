"""A planted fault for every flag."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pytest
import torch

from stumble.attacks import (
    CIASA,
    BestReal,
    EvolvedLatents,
    GreedyTrials,
    JointPGD,
    OneStep,
    RandomFrames,
    RandomJoints,
    RandomLatents,
    TemporalSparse,
)
from stumble.campaign.cell import Cell, specified
from stumble.campaign.plan import Entry
from stumble.campaign.rigor import alike, flags, objections, reached_by_any, uncompared, worst_case
from stumble.constraints import Even, JointBudget, RandomPositions, Sparsity
from stumble.interfaces import Attack, FramePool, SkeletonAttack
from stumble.metrics.intervals import subject_bootstrap, wilson
from stumble.zoo import Shipped

Adversary = Attack | SkeletonAttack


def cell(name: str, attack: Adversary, goal: str = "untargeted", seed: int = 1, **sanity: int) -> Cell:
    specification = {"bench": {"model": "1"}, "attack": specified(attack), "goal": goal, "seed": seed}
    entry = Entry("bench", name, goal, seed)
    return Cell(entry, specification, (), 1, "data", True, {}, sanity, attack.access)


def verdicts(fooled: list[bool] | np.ndarray, still: int = 0, queries: int = 100, told: bool = True) -> pa.Table:
    count = len(fooled)
    after = [0.0 if k < still else 1.0 for k in range(count)]
    return pa.table(
        {
            "sample": [f"clip {k}" for k in range(count)],
            "subject": [f"P{k % 10}" if told else "" for k in range(count)],
            "goal": ["untargeted"] * count,
            "fooled": list(map(bool, fooled)),
            "margin_before": [0.0] * count,
            "margin_after": after,
            "queries": [queries] * count,
        }
    )


def share(part: float, of: int = 100) -> list[bool]:
    return [k < part * of for k in range(of)]


SMALL, LARGE = OneStep(JointBudget(0.01)), OneStep(JointBudget(0.02))


def test_a_larger_budget_that_does_worse_is_flagged() -> None:
    (flag,) = flags([(cell("small", SMALL), verdicts(share(0.6))), (cell("large", LARGE), verdicts(share(0.4)))])
    assert (flag.kind, flag.cell.entry.attack) == ("budget", "large")
    assert "'small', with less epsilon, succeeds more often (60.0 against 40.0 % of 100 rows)" in flag.text


def test_one_that_does_better_or_worse_by_chance_is_not() -> None:
    for larger in (0.9, 0.6, 0.58):
        results = [(cell("small", SMALL), verdicts(share(0.6))), (cell("large", LARGE), verdicts(share(larger)))]
        assert flags(results) == ()


@pytest.mark.parametrize(
    ("attack", "flagged"),
    [
        (TemporalSparse(Shipped("wgan-synthetic")), True),
        (TemporalSparse(Shipped("wgan-synthetic"), positions=GreedyTrials()), True),
        (TemporalSparse(Shipped("wgan-synthetic"), positions=Even()), False),
        (TemporalSparse(Shipped("wgan-synthetic"), positions=RandomPositions()), False),
        (TemporalSparse(Shipped("wgan-synthetic"), "insert"), False),
    ],
)
def test_more_frames_in_other_places_or_a_longer_sequence_may_do_worse(attack: TemporalSparse, flagged: bool) -> None:
    one, two = (cell(f"{k} frames", replace(attack, budget=Sparsity(frames=k))) for k in (1, 2))
    found = flags([(one, verdicts(share(0.6))), (two, verdicts(share(0.4)))])
    assert [flag.kind for flag in found] == ["budget"] * flagged


def of(whose: list[str], fooled: list[bool], name: str = "subject") -> pa.Table:
    """Every row's subject or sample; rows are told apart by gallery view."""
    table = verdicts(fooled, told=False)
    table = table.set_column(table.column_names.index(name), name, pa.array(whose))
    return table.append_column("gallery_view", pa.array([str(k) for k in range(len(whose))]))


@pytest.mark.parametrize("name", ["sample", "subject"])
def test_rows_of_one_probe_or_person_are_one_trial(name: str) -> None:
    """One of two probes falls, to ten gallery views at once: as likely as a coin."""

    def found(whose: list[str], fell: list[bool]) -> int:
        small, large = of(whose, fell, name), of(whose, [False] * len(fell), name)
        return len(flags([(cell("small", SMALL), small), (cell("large", LARGE), large)]))

    two = [f"probe {k // 10}" for k in range(20)]
    assert found(two, [whose == "probe 0" for whose in two]) == 0
    five = [f"probe {k}" for k in range(5)]
    assert found(five, [True] * 5) == 1 and found(five[:4], [True] * 4) == 0, "1/32 and 1/16"


def test_twice_the_steps_that_do_much_better_show_that_the_first_were_too_few() -> None:
    few, many = CIASA(iterations=50), CIASA(iterations=100)
    (flag,) = flags([(cell("few", few), verdicts(share(0.5))), (cell("many", many), verdicts(share(0.6)))])
    assert (flag.kind, flag.cell.entry.attack) == ("convergence", "few")
    assert flags([(cell("few", few), verdicts(share(0.5))), (cell("many", many), verdicts(share(0.51)))]) == ()


@pytest.mark.parametrize(("less", "more"), [(1, 2), (1, 10)])
def test_restarts_that_find_much_more_show_that_one_descent_is_not_enough(less: int, more: int) -> None:
    once, often = JointPGD(restarts=less), JointPGD(restarts=more)
    (flag,) = flags([(cell("once", once), verdicts(share(0.5))), (cell("often", often), verdicts(share(0.6)))])
    assert (flag.kind, flag.cell.entry.attack) == ("restarts", "once")
    assert "'often', with more restarts, has 10.0 points more" in flag.text
    assert flags([(cell("once", once), verdicts(share(0.5))), (cell("often", often), verdicts(share(0.51)))]) == ()


def test_more_restarts_that_find_less_are_flagged() -> None:
    once, often = JointPGD(restarts=1), JointPGD(restarts=5)
    (flag,) = flags([(cell("once", once), verdicts(share(0.6))), (cell("often", often), verdicts(share(0.4)))])
    assert (flag.kind, flag.cell.entry.attack) == ("effort", "often")


def test_attacks_that_differ_in_more_than_one_thing_are_not_compared() -> None:
    other = CIASA(JointBudget(0.01), iterations=200)
    assert flags([(cell("a", CIASA()), verdicts(share(0.9))), (cell("b", other), verdicts(share(0.1)))]) == ()


def test_a_control_that_does_better_is_flagged() -> None:
    prior = Shipped("wgan-synthetic")
    results = [
        (cell("sparse", TemporalSparse(prior)), verdicts(share(0.2))),
        (cell("random", RandomFrames(prior)), verdicts(share(0.5))),
    ]
    (flag,) = flags(results)
    assert (flag.kind, flag.cell.entry.attack) == ("control", "sparse")


@dataclass(frozen=True)
class Blank(FramePool):
    def load(self) -> tuple[torch.Tensor, tuple[str, ...]]:
        return torch.zeros(1, 64, 44, dtype=torch.uint8), ("001",)


POOL = Blank()


@pytest.mark.parametrize(
    ("attack", "blind"),
    [
        (CIASA(JointBudget(0.01)), RandomJoints(JointBudget(0.01))),
        (OneStep(JointBudget(0.01)), RandomJoints(JointBudget(0.01), projection="box")),
        (TemporalSparse(Shipped("wgan-synthetic")), RandomLatents(Shipped("wgan-synthetic"))),
        (TemporalSparse(Shipped("wgan-synthetic")), BestReal(POOL)),
    ],
)
def test_random_search_that_does_better_than_gradients_is_flagged(attack: Adversary, blind: Adversary) -> None:
    results = [
        (cell("ours", attack), verdicts(share(0.2), queries=150)),
        (cell("search", blind), verdicts(share(0.5), queries=100)),
    ]
    for order in (results, results[::-1]):
        (flag,) = flags(order)
        assert (flag.kind, flag.cell.entry.attack) == ("black box", "ours")
        assert "'search', without gradients and with 100 queries, where this one had 150, succeeds more" in flag.text
    weaker = [(cell("ours", attack), verdicts(share(0.5))), (cell("search", blind), verdicts(share(0.2)))]
    assert flags(weaker) == ()


def test_an_evolution_that_does_worse_than_what_is_drawn_is_flagged() -> None:
    prior = Shipped("wgan-synthetic")
    evolved, told = EvolvedLatents(prior), "with 100 queries, where this one had 150, succeeds more often"
    for drawn, text in (
        (RandomFrames(prior), "the control 'drawn' succeeds more often"),
        (RandomLatents(prior), f"'drawn', which optimises nothing, {told}"),
        (BestReal(POOL), f"'drawn', which optimises nothing, {told}"),
    ):
        results = [
            (cell("evolved", evolved), verdicts(share(0.2), queries=150)),
            (cell("drawn", drawn), verdicts(share(0.5))),
        ]
        (flag,) = flags(results)
        assert (flag.kind, flag.cell.entry.attack) == ("control", "evolved") and text in flag.text
    assert (
        flags(
            [(cell("a", RandomFrames(prior)), verdicts(share(0.5))), (cell("b", BestReal(POOL)), verdicts(share(0.2)))]
        )
        == ()
    )


@pytest.mark.parametrize(
    ("attack", "blind"),
    [
        (CIASA(JointBudget(0.01)), RandomJoints(JointBudget(0.02))),
        (TemporalSparse(Shipped("wgan-synthetic"), reach=20.0), RandomLatents(Shipped("wgan-synthetic"))),
        (CIASA(JointBudget(0.01)), RandomJoints(JointBudget(0.01), projection="box")),
        (TemporalSparse(Shipped("wgan-synthetic")), RandomFrames(Shipped("wgan-synthetic"), budget=Sparsity(frames=9))),
        (TemporalSparse(Shipped("wgan-synthetic")), BestReal(POOL, edit="insert")),
    ],
)
def test_an_adversary_who_may_do_more_is_no_yardstick(attack: Adversary, blind: Adversary) -> None:
    results = [(cell("ours", attack), verdicts(share(0.2))), (cell("search", blind), verdicts(share(0.5)))]
    assert flags(results) == ()


def test_what_the_first_look_at_the_target_found_is_flagged() -> None:
    sound = {"samples": 4, "varying": 0, "flat": 0, "broken": 0}
    done = verdicts(share(0.5))
    assert flags([(cell("a", SMALL, **sound), done)]) == ()
    for name, kind, text in (
        ("varying", "varying", "answers 3 of 4 clean sequences otherwise"),
        ("flat", "gradient", "on 3 of 4 clean sequences the gradient is zero everywhere"),
        ("broken", "gradient", "on 3 of 4 clean sequences the gradient is NaN"),
    ):
        (flag,) = flags([(cell("a", SMALL, **{**sound, name: 3}), done)])
        assert flag.kind == kind and text in flag.text
    assert flags([(cell("a", RandomJoints(), **{**sound, "flat": 4}), done)]) == (), "it needs none"


def test_what_is_said_of_several_cells_is_said_once() -> None:
    done, varying = verdicts(share(0.5)), {"samples": 4, "varying": 1}
    found = alike(flags([(cell("a", SMALL, **varying), done), (cell("b", LARGE, **varying), done)]))
    assert [[flag.cell.entry.attack for flag in same] for same in found] == [["a", "b"]]


def test_and_in_one_sentence() -> None:
    done, varying = verdicts(share(0.5)), {"samples": 4, "varying": 1}
    cells = [cell("a", SMALL, **varying), cell("b", LARGE, **varying), cell("b", LARGE, "least-likely", **varying)]
    (found,) = objections([(one, done) for one in cells])
    assert (found.kind, found.count) == ("varying", 3)
    told = "the target answers 1 of 4 clean sequences otherwise when it is asked again"
    assert str(found) == f"varying: bench · a · untargeted · seed 1 · synthetic data and 2 more: {told}"
    (alone,) = objections([(cells[0], done)])
    assert str(alone) == f"varying: bench · a · untargeted · seed 1 · synthetic data: {told}"


def test_samples_on_which_nothing_changed_are_counted() -> None:
    (flag,) = flags([(cell("a", SMALL), verdicts(share(0.5), still=3))])
    assert flag.kind == "unchanged" and "in 3 of 100 rows" in flag.text


def test_the_worst_case_takes_each_sample_by_its_worst_attack_and_seed() -> None:
    odd = [k % 2 == 1 for k in range(100)]
    results = [
        (cell("a", SMALL), verdicts(share(0.5))),
        (cell("b", LARGE), verdicts(odd)),
        (cell("b", LARGE, seed=2), verdicts(odd)),
        (cell("c", LARGE, goal="least-likely"), verdicts(share(1.0, of=10))),
    ]
    worst = {goal: (rate.percent, rate.n) for (_, goal), rate in worst_case(results).items()}
    assert worst == {"untargeted": (75.0, 100), "least-likely": (100.0, 10)}


@pytest.mark.parametrize("told", [True, False])
def test_its_interval_is_over_subjects_where_the_data_tells_them(told: bool) -> None:
    """Everything of the odd half of the people has fallen, so decisions of one person are as one."""
    odd = [k % 2 == 1 for k in range(100)]
    (rate,) = worst_case([(cell("a", SMALL), verdicts(odd, told=told))]).values()
    people = np.arange(100) % 10
    assert (rate.low, rate.high) == (subject_bootstrap(odd, [1] * 100, people) if told else wilson(50, 100))


def test_row_by_row_the_worst_case_is_what_any_attack_reached() -> None:
    few, all_of_them = cell("a", SMALL), cell("b", LARGE)
    results = [(few, verdicts([True, False, False])), (all_of_them, verdicts([False, True, False, True]))]
    found = reached_by_any(results)
    assert found[few.id].tolist() == [True, True, False]
    assert found[all_of_them.id].tolist() == [True, True, False, True]


def test_what_had_nothing_to_be_compared_with_is_counted() -> None:
    done = verdicts(share(0.5))
    assert uncompared([(cell("a", SMALL), done)]) == {"budget": 1, "effort": 1, "gradients": 1}
    assert uncompared([(cell("a", SMALL), done), (cell("b", LARGE), done)]) == {"effort": 2, "gradients": 2}
    few, many = CIASA(JointBudget(0.01), iterations=50), CIASA(JointBudget(0.01), iterations=100)
    larger, control = CIASA(JointBudget(0.02), iterations=50), RandomJoints(JointBudget(0.01))
    cells = [cell(str(k), attack) for k, attack in enumerate((few, many, larger, control))]
    assert uncompared([(one, done) for one in cells]) == {"budget": 2, "effort": 2, "gradients": 1}
    assert flags([(one, done) for one in cells]) == ()
