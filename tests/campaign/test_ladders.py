from __future__ import annotations

import pyarrow as pa

from stumble.attacks import CIASA, OneStep
from stumble.campaign.cell import Cell, specified
from stumble.campaign.ladders import difference, ladders
from stumble.campaign.plan import Entry
from stumble.campaign.results import CellResult
from stumble.constraints import JointBudget

ROWS = pa.table({"sample": ["a"]})


def result(name: str, attack: object, *, bench: str = "b", goal: str = "untargeted", seed: int = 1) -> CellResult:
    specification = {"bench": {"name": bench}, "attack": specified(attack), "goal": goal, "seed": seed}
    return CellResult(
        Cell(Entry(bench, name, goal, seed), specification, ("a",), 1, "data", True, {}), ROWS, (), (), {}
    )


def test_attacks_that_differ_in_epsilon_alone_are_a_ladder_from_small_to_large() -> None:
    (ladder,) = ladders([result("large", OneStep(JointBudget(0.02))), result("small", OneStep(JointBudget(0.01)))])
    assert (ladder.component, ladder.number, ladder.kind) == ("OneStep", "epsilon", "budget")
    assert [(rung.value, rung.attack) for rung in ladder.rungs] == [(0.01, "small"), (0.02, "large")]


def test_seeds_share_a_rung_and_benches_goals_and_other_attacks_do_not() -> None:
    small, large = OneStep(JointBudget(0.01)), OneStep(JointBudget(0.02))
    results = [result("small", small, seed=seed) for seed in (1, 2)] + [result("large", large)]
    (ladder,) = ladders(results)
    assert [len(rung.results) for rung in ladder.rungs] == [2, 1]
    for other in (
        result("large", large, bench="c"),
        result("large", large, goal="least-likely"),
        result("large", OneStep(JointBudget(0.02, region="legs"))),
        result("large", CIASA(JointBudget(0.02))),
    ):
        assert ladders([result("small", small), other]) == ()


def test_one_attack_can_stand_on_two_ladders() -> None:
    results = [
        result("base", CIASA(JointBudget(0.01), iterations=10)),
        result("wide", CIASA(JointBudget(0.02), iterations=10)),
        result("long", CIASA(JointBudget(0.01), iterations=20)),
    ]
    found = {ladder.number: [rung.attack for rung in ladder.rungs] for ladder in ladders(results)}
    assert found == {"epsilon": ["base", "wide"], "iterations": ["base", "long"]}


def test_what_is_not_done_is_on_no_ladder() -> None:
    waiting = CellResult(result("large", OneStep(JointBudget(0.02))).cell, None, (), (), {})
    assert ladders([result("small", OneStep(JointBudget(0.01))), waiting]) == ()


def test_the_difference_of_two_attacks_is_one_number_or_nothing() -> None:
    base = specified(CIASA(JointBudget(0.01), iterations=10))
    assert difference(base, specified(CIASA(JointBudget(0.01), iterations=20))) == ("iterations", "effort", 10.0, 20.0)
    assert difference(base, specified(CIASA(JointBudget(0.02), iterations=20))) is None
    assert difference(base, base) is None
    assert difference(base, specified(CIASA(JointBudget({"hip": 0.01}), iterations=10))) is None
