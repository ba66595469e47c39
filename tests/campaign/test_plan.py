from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from stumble.attacks import CIASA, OneStep, RandomFrames
from stumble.campaign.action_bench import ActionBench
from stumble.campaign.gait_bench import GaitBench
from stumble.campaign.plan import Plan, read_plan
from stumble.constraints import JointBudget
from stumble.errors import DataError, SpecError
from stumble.spec import from_plain, to_plain
from stumble.zoo import Shipped

YAML = """
benches:
  mine: {class_path: ActionBench, init_args: {model: mine.pt, data: ntu60, split: ntu60-xview}}
attacks:
  basic:
    class_path: CIASA
    init_args:
      budget: {class_path: JointBudget, init_args: {epsilon: 0.012}}
      iterations: 50
  step: {class_path: OneStep}
goals: [least-likely, untargeted]
seeds: [1, 2]
shard: 16
"""


def written(folder: Path, text: str) -> Path:
    file = folder / "plan.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_plan_in_yaml_is_the_same_dataclasses(tmp_path: Path) -> None:
    assert read_plan(written(tmp_path, YAML)) == Plan(
        benches={"mine": ActionBench("mine.pt", Path("ntu60"), split="ntu60-xview")},
        attacks={"basic": CIASA(JointBudget(0.012), iterations=50), "step": OneStep()},
        goals=("least-likely", "untargeted"),
        seeds=(1, 2),
        shard=16,
    )


def test_every_combination_is_an_entry_in_the_plans_order(tmp_path: Path) -> None:
    entries = [str(entry) for entry in read_plan(written(tmp_path, YAML)).entries()]
    assert len(entries) == 2 * 2 * 2
    assert entries[0] == "mine · basic · least-likely · seed 1"
    assert entries[-1] == "mine · step · untargeted · seed 2"


def test_a_plan_comes_back_from_plain_data(tmp_path: Path) -> None:
    plan = read_plan(written(tmp_path, YAML))
    assert from_plain(to_plain(plan), Plan) == plan


@pytest.mark.parametrize(
    ("wrong", "right", "told"),
    [
        ("CIASSA", "CIASA", "did you mean 'CIASA'"),
        ("shards", "shard", "did you mean 'shard'"),
        ("epsilom", "epsilon", "did you mean 'epsilon'"),
        ("GaitBench", "ActionBench", "unknown field 'split'"),
        ("[1, 1]", "[1, 2]", "seeds holds something twice"),
        ("shard: 0", "shard: 16", "shard is 0"),
        ("seeds: []", "seeds: [1, 2]", "no seeds"),
        ("iterations: fifty", "iterations: 50", "expected int"),
    ],
)
def test_what_cannot_be_is_refused_by_name(wrong: str, right: str, told: str, tmp_path: Path) -> None:
    file = written(tmp_path, YAML.replace(right, wrong))
    with pytest.raises(SpecError, match=told) as refused:
        read_plan(file)
    assert str(file) in str(refused.value)


def test_a_file_that_is_no_plan(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"plan\.yaml.*expected a plan in YAML"):
        read_plan(written(tmp_path, "benches: [\x00"))
    with pytest.raises(SpecError, match="found list"):
        read_plan(written(tmp_path, "- one\n- two\n"))


def test_gait_and_skeletons_do_not_mix() -> None:
    gait, attack = GaitBench("gaitset-synthetic", Path("walkers")), RandomFrames(Shipped("wgan-synthetic"))
    assert len(list(Plan({"a": gait}, {"b": attack}).entries())) == 1
    with pytest.raises(SpecError, match="'step' \\(OneStep\\) does not attack gait, which bench 'a' tests"):
        Plan({"a": gait}, {"step": OneStep()})


def test_a_limit_is_the_smaller_of_both() -> None:
    bench = ActionBench("mine.pt", Path("ntu60"), limit=10)
    plan = Plan({"few": bench, "all": replace(bench, limit=None)}, {"step": OneStep()})
    limits = {name: bench.limit for name, bench in plan.limited(20).benches.items()}
    assert limits == {"few": 10, "all": 20}
    assert plan.limited(None) is plan
    with pytest.raises(SpecError, match="limit is 0"):
        plan.limited(0)
