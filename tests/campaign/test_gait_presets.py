from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pytest
import torch

from stumble.attacks import PixelAttack, RandomFrames, RealFrames, TemporalSparse
from stumble.campaign.gait_bench import GaitBench
from stumble.campaign.presets.gait import ALL, GAIT_PRESETS, GaitPreset, GaitRow, GaitSetting
from stumble.campaign.presets.gait_outcome import GaitOutcome, dynamic, figures
from stumble.campaign.presets.gait_printed import TABLE_2, TABLE_3, TABLE_4, VIEWS
from stumble.interfaces import Attack, FramePool
from stumble.metrics.intervals import subject_bootstrap
from stumble.spec import from_plain, identity, to_plain
from stumble.zoo import Shipped

YES, NO = True, False
PRIOR = Shipped("wgan-synthetic")


@dataclass(frozen=True)
class Blank(FramePool):
    def load(self) -> tuple[torch.Tensor, tuple[str, ...]]:
        return torch.zeros(1, 64, 44, dtype=torch.uint8), ("001",)


def made(name: str) -> GaitPreset:
    return GAIT_PRESETS[name](GaitSetting(PRIOR, Blank(), iterations=7))


def test_a_preset_is_a_plan_with_what_the_paper_prints() -> None:
    preset = made("gait-table2")
    first, *_ = preset.rows
    assert (first.label, first.name, preset.goal) == ("S = 1/40", "s-1in40", "targeted")
    assert first.printed["NM"].views["018"] == 18.9 and first.printed["CL"].mean == 22.927
    bench = GaitBench("gaitset-synthetic", Path("walkers"), kinds=preset.kinds, frames=preset.frames)
    plan = preset.plan({"target": bench}, seed=3, memory=0.5)
    assert [str(entry) for entry in plan.entries()] == [f"target · s-1in{n} · targeted · seed 3" for n in (40, 20, 10)]
    assert plan.memory == 0.5


@pytest.mark.parametrize(
    ("preset", "label", "kind", "view", "value", "mean"),
    [  # copied from the paper by hand
        ("gait-table2", "S = 1/40", "BG", "054", 11.41, 18.504),
        ("gait-table2", "S = 1/20", "CL", "180", 63.8, 45.509),
        ("gait-table2", "S = 1/10", "NM", "000", 78.6, 65.636),
        ("gait-table3", "S = 1/5", "NM", "090", 76.9, 78.0),
        ("gait-table4", "S = 1/40", "NM", "090", 24.4, 49.1),
        ("gait-table5", "S = 1/20", "NM", "90", 3.33, 15.55),
        ("gait-table6", "S = 1/10", "NM", "45", 63.33, 68.33),
        ("gait-table7", "at 0, 1, 2, 3", "NM", None, None, 17.711),
        ("gait-table7", "at 9, 14, 19, 24", "CL", None, None, 9.583),
        ("gait-table7", "at 4, 12, 20, 28", "BG", None, None, 14.565),
        ("gait-table8", "1 inserted frame", ALL, None, None, 52.49),
        ("gait-table8", "5 inserted frames", ALL, None, None, 99.44),
    ],
)
def test_printed_numbers(
    preset: str, label: str, kind: str, view: str | None, value: float | None, mean: float
) -> None:
    (row,) = (row for row in made(preset).rows if row.label == label)
    assert row.printed[kind].mean == mean
    assert view is None or row.printed[kind].views[view] == value


def test_printed_means_are_those_of_the_views() -> None:
    """Or the paper's sum is wrong, or ours was typed wrong."""
    lines = [line for by_kind in TABLE_2.values() for line in by_kind.values()]
    for line in (*lines, TABLE_3, *TABLE_4.values()):
        assert tuple(line.views) == VIEWS
        assert sum(line.views.values()) / len(VIEWS) == pytest.approx(line.mean, abs=0.06)


@pytest.mark.parametrize("name", GAIT_PRESETS)
def test_every_row_has_a_name_and_an_identity_of_its_own(name: str) -> None:
    preset = made(name)
    assert preset.name == name and preset.notes
    assert len({row.name for row in preset.rows}) == len({identity(row.attack) for row in preset.rows})
    for row in preset.rows:
        assert isinstance(row.attack, Attack)
        assert set(row.name) <= set("abcdefghijklmnopqrstuvwxyz0123456789.-")
        assert from_plain(to_plain(row.attack), Attack) == row.attack  # type: ignore[type-abstract]
        assert set(row.printed) <= {*preset.kinds.split(","), ALL}


def test_what_is_attacked_and_how() -> None:
    fig4, table8, pixels = made("gait-fig4"), made("gait-table8"), made("gait-baselines")
    assert [type(row.attack) for row in fig4.rows[:3]] == [TemporalSparse, RandomFrames, RealFrames]
    assert {row.attack.iterations for row in fig4.rows if isinstance(row.attack, TemporalSparse)} == {7}
    for count, row in enumerate(table8.rows, 1):
        assert isinstance(row.attack, TemporalSparse)
        assert (row.attack.edit, row.attack.budget.frames) == ("insert", count)
    assert (table8.pooled, table8.frames, table8.apart) == (True, 30, False)
    table7 = made("gait-table7")
    attacks = [row.attack for row in table7.rows if isinstance(row.attack, TemporalSparse)]
    assert {(attack.edit, attack.budget.frames) for attack in attacks} == {("insert", 4)} and table7.frames == 30
    chosen = [attack.positions.choose(34, 4, "a", seed=1) for attack in attacks]
    assert len(set(chosen)) == 14 and [row.label for row in table7.rows[:9]] == [
        f"at {str(p)[1:-1]}" for p in chosen[:9]
    ]
    assert made("gait-table4").models == ("gaitset-synthetic", "gaitgan-synthetic")
    steps = [row.attack.iterations for row in pixels.rows[1:5] if isinstance(row.attack, PixelAttack)]
    assert steps == [1, 20, 20, 7]


def verdicts(**changes: list[bool]) -> pa.Table:
    """Two people; two views of one, one view of the other; two gallery views each."""
    columns: dict[str, object] = {
        "sample": ["a/0", "a/0", "a/1", "a/1", "b/0", "b/0"],
        "subject": ["a"] * 4 + ["b"] * 2,
        "condition": ["nm-05"] * 4 + ["cl-01"] * 2,
        "view": ["000", "000", "090", "090", "000", "000"],
        "gallery_view": ["018", "036"] * 3,
        "correct_before": [YES, YES, YES, NO, YES, YES],
        "correct_after": [NO, YES, NO, NO, NO, NO],
        "hit_before": [NO, NO, NO, YES, NO, NO],
        "hit_after": [YES, NO, YES, YES, NO, NO],
    }
    return pa.table({**columns, **changes})


def test_figures_are_by_view_and_their_mean_is_that_of_the_views() -> None:
    rank1 = figures(verdicts(), "rank1")
    assert rank1.views == {"000": 25.0, "090": 0.0} and rank1.mean == 12.5 and rank1.n == 6
    who, view = ["a"] * 4 + ["b"] * 2, ["000"] * 2 + ["090"] * 2 + ["000"] * 2
    assert rank1.ci95 == subject_bootstrap([0, 1, 0, 0, 0, 0], [1] * 6, who, groups=view)
    assert rank1.ci95 == (0.0, 25.0), "b alone has 0 at 0°; a alone 50 and 0"
    before = figures(verdicts(), "rank1", "before")
    assert before.views == {"000": 100.0, "090": 50.0}
    success = figures(verdicts(), "success")
    assert success.views == {"000": 25.0, "090": 100.0} and success.n == 6
    fooling = figures(verdicts(), "fooling")
    assert fooling.views == {"000": 75.0, "090": 100.0} and fooling.n == 5
    together = figures(verdicts(), "fooling", apart=False)
    assert together.views == {} and together.mean == 80.0 and together.n == 5


def test_a_view_without_a_right_decision_has_no_fooling() -> None:
    assert figures(verdicts(correct_before=[YES, YES, NO, NO, YES, YES]), "fooling").views == {"000": 75.0}
    nothing = figures(verdicts(correct_before=[NO] * 6), "fooling")
    assert nothing.views == {} and nothing.mean is None and nothing.ci95 is None and nothing.n == 0


def test_as_few_frames_as_a_decision_takes() -> None:
    """One falls to one frame and stands up again, one falls to two, three hold out, one was wrong before."""

    def outcome(*fallen: int) -> GaitOutcome:
        table = verdicts(correct_after=[k not in (*fallen, 3) for k in range(6)])
        return GaitOutcome(GaitRow("x", TemporalSparse(PRIOR)), {}, {}, table)

    none = dynamic([outcome()])
    assert (none.fooling, none.frames, none.n) == (0.0, None, 5)
    found = dynamic([outcome(0), outcome(1), outcome(1)])
    assert (found.fooling, found.frames, found.most, found.n) == (40.0, 1.5, 3, 5)
