"""What becomes of the decisions of a defended recogniser, by hand."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stumble.campaign.defence_names import GAIT_DEFENCES, DefenceName, defence_names
from stumble.campaign.defended import decisions_of, labelled, summarise_defence, tried
from stumble.errors import SpecError


def verdicts(before: str, after: str) -> pa.Table:
    """Two sequences in two views each; 1 for a right answer."""
    rows = zip(("a", "a", "b", "b"), ("000", "090") * 2, before, after, strict=True)
    named = [
        {"sample": s, "subject": s.upper(), "gallery_view": v, "correct_before": b == "1", "correct_after": e == "1"}
        for s, v, b, e in rows
    ]
    return pa.Table.from_pylist(named)


def certificates(right: str, radius: tuple[float, ...], abstained: str = "0000") -> pa.Table:
    rows = zip(("a", "a", "b", "b"), ("000", "090") * 2, right, radius, abstained, strict=True)
    return pa.Table.from_pylist(
        [
            {"sample": s, "gallery_view": v, "correct": c == "1", "radius": r, "abstained": n == "1"}
            for s, v, c, r, n in rows
        ]
    )


def row(decisions: pa.Table) -> Any:
    return summarise_defence(decisions, "vote", "S = 0.1", 1.25)


def test_each_decision_meets_the_worst_attack_and_is_certified_within_what_was_done_to_it() -> None:
    plain, knowing = verdicts("1110", "1010"), (verdicts("1110", "1110"), verdicts("1110", "1000"))
    proofs = certificates("1111", (2, 1, 3, 3))
    decisions = decisions_of(plain, knowing, proofs, {"a": 2.0, "b": 4.0})
    assert decisions["plain"].to_pylist() == [True, False, True, False]
    assert decisions["adaptive"].to_pylist() == [True, False, False, False]
    assert decisions["certified"].to_pylist() == [True, False, False, False]
    found = row(decisions)
    assert (found.sequences, found.decisions, found.within, found.broken) == (2, 4, 1, 0)
    assert (found.clean.percent, found.plain.percent, found.adaptive.percent) == (75, 50, 25)
    assert found.certified.percent == 25 and found.contradiction is None
    low, high = found.clean.ci95
    assert low <= 75 <= high


FOUR = st.text("01", min_size=4, max_size=4)


@given(FOUR, FOUR, st.lists(FOUR, max_size=3))
def test_what_is_left_was_right_unattacked(before: str, after: str, knowing: list[str]) -> None:
    """Who leaves a sample alone is an adversary too."""
    tables = [verdicts(before, each) for each in knowing]
    decisions = decisions_of(verdicts(before, after), tables, None, {"a": 1.0, "b": 1.0}).to_pylist()
    for row, b, a, k in zip(decisions, before, after, zip(before, after, *knowing, strict=True), strict=True):
        assert row["adaptive"] <= row["plain"] <= row["clean"]
        assert (row["clean"], row["plain"], row["adaptive"]) == (b == "1", "0" not in b + a, "0" not in k)


def test_a_broken_proof_is_a_contradiction() -> None:
    decisions = decisions_of(verdicts("1111", "1011"), (), certificates("1111", (1, 1, 0, 0)), {"a": 1.0, "b": 1.0})
    found = row(decisions)
    assert (found.within, found.broken) == (2, 1)
    assert found.contradiction == "1 of 2 certified decisions were broken within their radius"
    assert (tried([found]), found.sampled) == ((2, 1), None)


def test_what_is_certified_by_sampling_may_be_turned_by_chance_but_not_more_often_than_the_rest_holds() -> None:
    proofs = certificates("1111", (1, 1, 0, 0))
    decisions = decisions_of(verdicts("1111", "1000"), (), proofs, {"a": 1.0, "b": 1.0})
    found = summarise_defence(decisions, "ablation:8", "S = 0.1", 1.25, confidence=0.99)
    expected = "50.0 % of the decisions are certified, but only 25.0 % are left after the attacks"
    assert found.contradiction == f"{expected}: the proof is wrong, or the votes drawn are too few (--votes)"
    assert (tried([found]), found.sampled) == ((0, 0), None)
    decisions = decisions_of(verdicts("1111", "1011"), (), proofs, {"a": 1.0, "b": 1.0})
    found = summarise_defence(decisions, "ablation:8", "S = 0.1", 1.25, confidence=0.99)
    assert (found.contradiction, tried([found])) == (None, (0, 0))
    expected = "1 of 2 decisions certified by sampling were turned by the votes drawn, few and not drawn again"
    assert found.sampled == f"{expected}: no check of the proof"


@pytest.mark.parametrize("name", ["violation", "violation_box"])
def test_what_leaves_its_budget_is_in_no_radius(name: str) -> None:
    """The second sequence's adaptive attack does more than it may: no proof is about that, and the row says so."""
    over = verdicts("1111", "1100").append_column(name, pa.array([0.0, 1e-7, 0.5, 0.5]))
    decisions = decisions_of(
        verdicts("1111", "1111"), (over,), certificates("1111", (9, 9, 9, 9)), {"a": 1.0, "b": 1.0}
    )
    assert decisions["certified"].to_pylist() == [True, True, False, False]
    found = row(decisions)
    assert (found.within, found.broken, found.outside, found.contradiction) == (2, 0, 2, None)
    assert found.exceeded == "an attack left its budget in 2 of 4 decisions, which count as not certified"


def test_what_is_wrong_or_abstained_from_is_not_certified() -> None:
    proofs = certificates("0110", (9, 9, 9, 9), "0101")
    decisions = decisions_of(verdicts("1111", "1111"), (), proofs, {"a": 1.0, "b": 1.0})
    assert decisions["certified"].to_pylist() == [False, False, True, False]


def test_without_proofs_nothing_is_claimed() -> None:
    decisions = decisions_of(verdicts("1111", "0000"), (), None, {"a": 1.0, "b": 1.0})
    assert decisions["certified"].null_count == 4
    found = row(decisions)
    assert (found.certified, found.within, found.contradiction) == (None, 0, None)
    assert labelled(decisions, defence="none", sparsity=0.1).column_names[:2] == ["defence", "sparsity"]


def test_names_have_a_setting_and_weights() -> None:
    found = defence_names("none, partition:4,filter:0.5@mine.safetensors", GAIT_DEFENCES)
    assert found == (
        DefenceName("none", "none", 0.0, None),
        DefenceName("partition:4", "partition", 4.0, None),
        DefenceName("filter:0.5@mine.safetensors", "filter", 0.5, "mine.safetensors"),
    )
    assert found[1].whole == 4


@pytest.mark.parametrize("text", ["none:3", "voting", "partition:four", "none@", ""])
def test_what_is_no_name_is_told(text: str) -> None:
    with pytest.raises(SpecError, match=r"defence '.*': "):
        defence_names(text, GAIT_DEFENCES)


def test_a_number_of_groups_is_whole() -> None:
    (name,) = defence_names("partition:2.5", GAIT_DEFENCES)
    with pytest.raises(SpecError, match=r"found 2\.5; expected a whole number, at least 1"):
        _ = name.whole
