from __future__ import annotations

import pyarrow as pa

from stumble.campaign.breakdown import breakdowns
from stumble.campaign.cell import Cell
from stumble.campaign.plan import Entry
from stumble.campaign.results import CellResult


def result(table: pa.Table | None, attack: str = "a", seed: int = 1) -> CellResult:
    return CellResult(Cell(Entry("b", attack, "untargeted", seed), {}, (), 1, "data", True, {}), table, (), (), {})


def clips(fooled: list[bool], label: list[str], camera: list[str]) -> pa.Table:
    count = len(fooled)
    columns: dict[str, list[object]] = {"subject": [""] * count, "goal": ["untargeted"] * count}
    right = {"correct_before": [True] * count, "correct_after": [not fell for fell in fooled]}
    return pa.table({**columns, **right, "fooled": fooled, "label": label, "camera": camera})


def test_success_by_class_of_each_attack() -> None:
    first = clips([True, True, False], ["walk", "bow", "bow"], ["", "", ""])
    second = clips([False, True, True], ["walk", "bow", "bow"], ["", "", ""])
    (split,) = breakdowns([result(first), result(second, "b")])
    assert (split.by, split.attacks, list(split.rows)) == ("class", ("a", "b"), ["bow", "walk"])
    shares = {value: [o.success.percent for o in row if o is not None] for value, row in split.rows.items()}
    assert shares == {"bow": [50.0, 100.0], "walk": [100.0, 0.0]}


def test_seeds_are_taken_together_and_what_an_attack_has_not_met_is_none() -> None:
    one, two = clips([True], ["walk"], ["001"]), clips([False, True], ["walk", "bow"], ["001", "002"])
    by_camera, by_class = breakdowns([result(one), result(two, seed=2), result(one, "b"), result(None, "c")])
    assert (by_camera.by, by_class.by) == ("camera", "class")
    first, second = by_class.rows["walk"]
    assert first is not None and second is not None and (len(first), len(second)) == (2, 1)
    assert by_class.rows["bow"][1] is None


def test_probes_are_split_by_view_and_by_kind() -> None:
    count = 4
    table = pa.table(
        {
            "subject": ["1"] * count,
            "goal": ["untargeted"] * count,
            "correct_before": [True] * count,
            "correct_after": [False, True, True, True],
            "condition": ["nm-05", "nm-06", "cl-01", "cl-02"],
            "view": ["000", "090", "000", "090"],
        }
    )
    kinds, views = breakdowns([result(table)])
    assert (kinds.by, list(kinds.rows)) == ("kind of probe", ["CL", "NM"])
    assert (views.by, list(views.rows)) == ("probe view", ["000", "090"])
    (at_000,) = views.rows["000"]
    assert at_000 is not None and (at_000.success.percent, at_000.success.n) == (50.0, 2)
