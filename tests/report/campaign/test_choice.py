from __future__ import annotations

from typing import Any

import pytest

from stumble.campaign.results import CellResult, read_results
from stumble.report.campaign.choice import chosen


@pytest.fixture
def results(campaigns: Any) -> tuple[CellResult, ...]:
    """Of three cells with six samples each, of which 2, 5 and none are successes."""
    return read_results(campaigns.gait(goals=("untargeted",)))


def test_as_many_successes_as_failures_of_each_cell(results: tuple[CellResult, ...]) -> None:
    by_cell: dict[str, list[bool]] = {}
    for choice in chosen(results, 12):
        by_cell.setdefault(choice.result.cell.entry.attack, []).append(choice.succeeded)
    assert by_cell == {
        "one": [True, True, False, False],
        "two": [True, True, True, False],  # there is but one failure
        "random": [False, False, False, False],
    }


def test_fewer_films_than_cells_go_to_evenly_spaced_cells_by_turns_success_and_failure(
    results: tuple[CellResult, ...],
) -> None:
    assert [(c.result.cell.entry.attack, c.succeeded) for c in chosen(results, 2)] == [
        ("two", True),
        ("random", False),
    ]
    assert chosen(results, 0) == ()


def test_no_sample_twice_and_each_in_its_shard(results: tuple[CellResult, ...]) -> None:
    choices = chosen(results, 99)
    assert len(choices) == len({(choice.result.cell.id, choice.sample) for choice in choices}) == 18
    assert all(choice.sample in choice.shard.samples for choice in choices)
    assert all(len(choice.verdicts) == 2 for choice in choices), "a row for each gallery view"
