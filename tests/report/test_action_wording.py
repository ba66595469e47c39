from __future__ import annotations

from dataclasses import replace

import pytest

from stumble.report import ActionReport
from stumble.report.action_wording import (
    action_appearance,
    action_groups,
    action_headline,
    epsilon_axis,
    excess,
    goal_name,
    kept,
    length,
    main_action,
    protocol,
    region,
    significant,
)


def test_the_result_in_sentences(actions: ActionReport) -> None:
    said = [sentence.replace("\u00a0", " ") for sentence in action_headline(actions.attacks, "m")]
    assert said == [
        "Moving joints by at most 12 mm along each axis (0.7 % of the person’s height) makes the recogniser name the "
        "action it thought least likely in 97.5 % of the clips.",
        "Accuracy goes from 96.5 % to 3.2 %. A joint moves by 5.26 mm on average, and no bone’s length changes by more "
        "than 0.061 %.",
        "200 attacked clips; 95 % interval of the success 94.0 to 99.0 %.",
    ]
    alone = replace(actions.attacks[3], region="legs")
    said = action_headline([alone], "")[0].replace("\u00a0", " ")
    assert said.startswith("Moving the joints of the legs by at most 0.012 along") and "changes the recogniser" in said
    assert "name “bow”" in action_headline([replace(alone, goal="bow")], "m")[0]
    assert action_headline((), "m") == ()


def test_the_headline_is_the_smallest_budget_that_does_or_else_the_best(actions: ActionReport) -> None:
    weak, strong, *others = actions.attacks
    larger = replace(strong, epsilon=0.02, summary=replace(strong.summary, success=99.0))
    assert main_action((larger, *others, weak, strong)) is strong
    assert main_action((weak, *others)) is weak
    better = replace(weak, epsilon=0.02, summary=replace(weak.summary, success=80.0))
    assert main_action((weak, better)) is better
    assert main_action(others) is others[0], "CIASA before one step"
    assert main_action(()) is None


def test_attacks_are_grouped_by_goal(actions: ActionReport) -> None:
    groups = action_groups(actions.attacks)
    assert [(group.goal, len(group.rows)) for group in groups] == [("least-likely", 4), ("untargeted", 1)]


def test_a_broken_promise_is_said_and_rounding_is_not(actions: ActionReport) -> None:
    assert kept(actions.attacks, "m").startswith("Every sample keeps")
    row = actions.attacks[1]
    found = {"box": 0.0083, "bones": 0.02, "untouched": 3.0}
    broken = replace(row, attack="ciasa-paper", summary=replace(row.summary, violations=found))
    said = kept((*actions.attacks, broken), "m").replace("\u00a0", " ")
    assert "CIASA as printed: 8.3 mm beyond the box; CIASA as printed: bones off by 2.0 %" in said
    assert "3 values changed that it may not touch" in said
    assert [excess(value, "m").replace("\u00a0", " ") for value in (None, 0.0, 2e-9, 0.0083)] == [
        "–",
        "0",
        "< 10⁻⁶",
        "8.3 mm",
    ]


@pytest.mark.parametrize(
    ("goal", "said"),
    [
        ("untargeted", "untargeted"),
        ("least-likely", "targeted at the least likely class"),
        ("sit down", "targeted at “sit down”"),
    ],
)
def test_goals_in_words(goal: str, said: str) -> None:
    assert goal_name(goal) == said


def test_names_and_numbers(actions: ActionReport) -> None:
    assert action_appearance("ciasa").label == "CIASA" and action_appearance("somebody's").label == "somebody's"
    assert region(actions.attacks[0]) == "basic" and region(actions.attacks[2]) == "localized, legs"
    assert protocol("xsub") == "cross-subject" and protocol("mine") == "mine"
    assert (length(0.25, "m"), length(0.02, "")) == ("250\u00a0mm", "0.02")
    assert [significant(x) for x in (0.06123, 4.26, 412.3, None, float("nan"))] == ["0.061", "4.3", "412", "–", "–"]
    assert "1\u00a0% of the mean height is 16\u00a0mm" in epsilon_axis(actions.attacks, "m")
