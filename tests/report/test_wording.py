from __future__ import annotations

from dataclasses import replace

import pytest

from stumble.report import AttackRow, GaitReport
from stumble.report.wording import appearance, headline, main_row, number, plausible_scale, sparsity, violations


def said(*rows: AttackRow) -> str:
    return " ".join(headline(rows)).replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("share", "fraction", "words"),
    [
        (1 / 40, "1/40", "One altered frame in forty takes"),
        (1 / 20, "1/20", "One altered frame in twenty takes"),
        (0.1, "1/10", "One altered frame in ten takes"),
        (1 / 37, "1/37", "One altered frame in 37 takes"),
        (0.3, "30 %", "30.0 % of altered frames take"),
    ],
)
def test_a_sparsity_in_words(report: GaitReport, share: float, fraction: str, words: str) -> None:
    row = replace(report.attacks[0], sparsity=share, summary=replace(report.attacks[0].summary, sparsity=share))
    assert sparsity(share) == fraction
    assert said(row).startswith(f"{words} rank-1 from 93.1 % to 14.2 %")


def test_no_round_fraction_is_claimed_that_was_not_realised(report: GaitReport) -> None:
    row = replace(report.attacks[0], summary=replace(report.attacks[0].summary, sparsity=0.031))
    assert said(row).startswith("3.1 % of altered frames take")


def test_a_targeted_attack_is_told_beside_what_chance_does(report: GaitReport) -> None:
    row = replace(report.attacks[-1], edit="insert")
    assert said(row) == (
        "One inserted frame in ten makes the recogniser name a person chosen beforehand in 60.0 % of its decisions, "
        "1.5 % without the attack; 41.0 % of the decisions are won by plausible frames alone."
    )


def test_the_headline_is_the_generators_attack_with_the_fewest_frames(report: GaitReport) -> None:
    assert main_row(tuple(reversed(report.attacks))) is report.attacks[0]
    assert main_row(report.attacks[2:4]) is report.attacks[2]
    assert main_row(()) is None and headline(()) == ()


def test_plausible_shares_of_the_controls_stand_beside_the_attacks(report: GaitReport) -> None:
    assert plausible_scale(report.attacks) == (("Temporal sparse", 48.0), ("Random real", 97.9))


def test_a_broken_budget_is_said(report: GaitReport) -> None:
    assert violations(report.attacks) == "In no sample did any other frame change by a single bit."
    broken = replace(report.attacks[0], summary=replace(report.attacks[0].summary, violation=7.0))
    assert "Temporal sparse; 7 pixels" in violations((broken, *report.attacks))


def test_names_and_numbers() -> None:
    assert appearance("pgd").role == "pixel" and appearance("pgd-100").label == "PGD, 100 steps"
    assert appearance("somebody's own").label == "somebody's own"
    assert (number(41.04), number(None), number(float("nan"))) == ("41.0", "–", "–")
