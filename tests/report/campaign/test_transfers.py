"""Recognisers that attacks see against those that are judged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from stumble.report import CampaignReport, render

Reported = Callable[..., CampaignReport]
Pairs = dict[str, tuple[str, str | None]]

EACH_ON_EACH: Pairs = {
    "graph": ("st-gcn.pt", None),
    "graph to lstm": ("lstm.pt", "st-gcn.pt"),
    "lstm to graph": ("st-gcn.pt", "lstm.pt"),
    "lstm": ("lstm.pt", None),
}


@pytest.fixture
def transferred(campaigns: Any, reported: Reported) -> Callable[..., CampaignReport]:
    """The report of a campaign with benches of these models and sources, and more facts of some of them."""

    def make(pairs: Pairs, facts: dict[str, dict[str, str]] | None = None) -> CampaignReport:
        campaigns.recognisers = pairs
        for bench, (model, source) in pairs.items():
            own = {"model": f"digest of {model}", "name": ""} | ({"source": f"digest of {source}"} if source else {})
            campaigns.facts[bench] = own | (facts or {}).get(bench, {})
        return reported(campaigns.actions(), 0)

    return make


def test_a_table_for_each_attack_with_the_white_box_on_the_diagonal(
    transferred: Callable[..., CampaignReport], parsed: Callable[[str], Any]
) -> None:
    report = transferred(EACH_ON_EACH)
    assert [(m.attack, m.goal, m.data, m.synthetic) for m in report.transfers] == [
        (attack, "untargeted", "clips", True) for attack in ("small", "large")
    ]
    small, large = report.transfers
    assert small.judged == ("st-gcn.pt", "lstm.pt") and tuple(small.rows) == small.judged
    entries = [[entry for entry in row if entry] for row in small.rows.values()]
    assert [[entry.bench for entry in row] for row in entries] == [
        ["graph", "graph to lstm"],
        ["lstm to graph", "lstm"],
    ]
    assert [[entry.white_box for entry in row] for row in entries] == [[True, False], [False, True]]
    for matrix, fooled in ((small, 2), (large, 5)):
        rates = [entry.success for row in matrix.rows.values() for entry in row if entry]
        assert {(round(rate.percent, 1), rate.n) for rate in rates} == {(round(100 * fooled / 6, 1), 6)}
    page = parsed(render(report))
    assert page.text.count("white box") == 4 and "Judged on: success among all clips" in page.text


def test_pairs_that_no_bench_has_are_left_empty(transferred: Callable[..., CampaignReport]) -> None:
    three: Pairs = {"a": ("a.pt", None), "to b": ("b.pt", "a.pt"), "both": ("b.pt", "c.pt+a.pt")}
    matrix = transferred(three).transfers[0]
    shown = {source: [entry and entry.bench for entry in row] for source, row in matrix.rows.items()}
    assert matrix.judged == ("a.pt", "b.pt") and shown == {"a.pt": ["a", "to b"], "c.pt+a.pt": [None, "both"]}


@pytest.mark.parametrize(
    ("pairs", "facts"),
    [
        ({"left": ("a.pt", None), "right": ("b.pt", None)}, {}),
        ({"left": ("a.pt", None), "right": ("b.pt", "b.pt")}, {}),
        ({"only": ("b.pt", "a.pt")}, {}),
        ({"left": ("a.pt", None), "right": ("b.pt", "a.pt")}, {"right": {"sequences": "others"}}),
        ({"left": ("a.pt", None), "right": ("b.pt", "a.pt")}, {"right": {"layout": "another"}}),
    ],
)
def test_there_is_none_without_transfer_or_anything_to_compare_it_with(
    pairs: Pairs, facts: dict[str, dict[str, str]], transferred: Callable[..., CampaignReport]
) -> None:
    """Each on itself, one pair alone, other sequences or other facts."""
    report = transferred(pairs, facts)
    assert report.transfers == () and 'id="transfer"' not in render(report)


def test_names_of_recognisers_are_escaped(
    transferred: Callable[..., CampaignReport], parsed: Callable[[str], Any]
) -> None:
    hostile = "<img src=x onerror=alert(1)>.pt"
    page = parsed(render(transferred({"left": (hostile, None), "right": ("b.pt", hostile)})))
    assert not [a for _, a in page.tags if "onerror" in a]
    assert page.text.count(hostile) >= 4, "a row and a column in both tables"
