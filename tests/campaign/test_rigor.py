from __future__ import annotations

import numpy as np
import pyarrow as pa

from stumble.attacks import CIASA, OneStep, RandomFrames, TemporalSparse
from stumble.campaign.cell import Cell, specified
from stumble.campaign.plan import Entry
from stumble.campaign.rigor import flags, worst_case
from stumble.constraints import JointBudget
from stumble.zoo import Shipped


def cell(name: str, attack: object, goal: str = "untargeted", seed: int = 1) -> Cell:
    specification = {"bench": {"model": "1"}, "attack": specified(attack), "goal": goal, "seed": seed}
    return Cell(Entry("bench", name, goal, seed), specification, (), 1, "data", True, {})


def verdicts(fooled: list[bool] | np.ndarray, still: int = 0) -> pa.Table:
    count = len(fooled)
    after = [0.0 if k < still else 1.0 for k in range(count)]
    return pa.table(
        {
            "sample": [f"clip {k}" for k in range(count)],
            "goal": ["untargeted"] * count,
            "fooled": list(map(bool, fooled)),
            "margin_before": [0.0] * count,
            "margin_after": after,
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


def test_twice_the_steps_that_do_much_better_show_that_the_first_were_too_few() -> None:
    few, many = CIASA(iterations=50), CIASA(iterations=100)
    (flag,) = flags([(cell("few", few), verdicts(share(0.5))), (cell("many", many), verdicts(share(0.6)))])
    assert (flag.kind, flag.cell.entry.attack) == ("convergence", "few")
    assert flags([(cell("few", few), verdicts(share(0.5))), (cell("many", many), verdicts(share(0.51)))]) == ()


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
    assert worst_case(results) == {("bench", "untargeted"): (75.0, 100), ("bench", "least-likely"): (100.0, 10)}
