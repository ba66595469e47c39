from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from stumble.report import ActionReport, ActionSample, GaitReport, render

HOSTILE = "</script><script>alert(1)</script><img src=https://example.org/x onerror=alert(2)>\"'"


def test_a_page_of_skeletons_begins_with_the_result(actions: ActionReport, parsed: Callable[[str], Any]) -> None:
    page = parsed(render(actions))
    for said in (
        "Moving joints by at most 12 mm along each axis (0.7 % of the person’s height)",
        "No number on this page is a number on real people",
        "Targeted at the least likely class",
        "cross-subject",
        "61.2",
        "localized, legs",
        "a note",
        "0.75 % of height",
        "< 10⁻⁶",
        "93.0 clean",
        "The true class is walk, the wanted one bow",
        "stumble demo --seed 1",
        "Another sentence.",
    ):
        assert said in page.text, said
    assert len(page.all("svg", "poses")) == len(page.all("article", "clip")) == 2
    assert len(page.all("option")) == 2 + 4 + 3, "clips, speeds, displacements"


def test_every_link_of_the_navigation_leads_somewhere(
    actions: ActionReport, report: GaitReport, parsed: Callable[[str], Any]
) -> None:
    for parts in ((actions,), (report,), (report, actions)):
        page = parsed(render(*parts))
        anchors = [link["href"] for link in page.all("a")]
        ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
        assert len(ids) == len(set(ids)), "no id twice"
        assert {anchor[1:] for anchor in anchors if anchor} == {a["id"] for a in page.all("section")}


def test_both_parts_on_one_page(actions: ActionReport, report: GaitReport, parsed: Callable[[str], Any]) -> None:
    both = parsed(render(report, actions))
    assert "stumble demo and ST-GCN under CIASA" in both.text
    for part in (report, actions):
        alone = parsed(render(part))
        assert set(alone.text.split()) - {"Notes"} <= set(both.text.split()), "nothing is lost"
    assert both.text.count("stumble demo --seed 1") == 1, "one command for both"
    assert len(both.all("h1")) == 1


def test_synthetic_data_are_named_at_every_table_and_real_data_are_not(
    actions: ActionReport, report: GaitReport, parsed: Callable[[str], Any]
) -> None:
    assert len(parsed(render(actions)).all("span", "synthetic label")) == 3, "chart, table, clips"
    real = parsed(render(replace(actions, synthetic=False)))
    assert not real.all("span", "synthetic") and "made by computer" not in real.text
    mixed = parsed(render(report, replace(actions, synthetic=False)))
    assert mixed.text.count("made by computer") == 1 and "No number on this page" not in mixed.text


def test_what_comes_with_the_data_is_escaped_everywhere(actions: ActionReport, parsed: Callable[[str], Any]) -> None:
    hostile = replace(
        actions,
        title=HOSTILE,
        data=HOSTILE,
        clean={HOSTILE: actions.clean["xsub"]},
        clean_baseline={HOSTILE: 1.0},
        attacks=tuple(
            replace(row, attack=HOSTILE, mode="basic", goal=HOSTILE, region=HOSTILE, note=HOSTILE)
            for row in actions.attacks
        ),
        samples=tuple(replace(s, title=HOSTILE, caption=HOSTILE, classes=(HOSTILE,) * 7) for s in actions.samples),
        provenance={"command": HOSTILE, HOSTILE: HOSTILE},
        notes=(HOSTILE,),
        unit=HOSTILE,
    )
    ours, theirs = parsed(render(actions)), parsed(render(hostile))
    assert len(theirs.all("script")) == len(ours.all("script")) == 2, "the data, and the code"
    assert not theirs.all("img")
    assert not [a for _, a in theirs.tags if {"onerror", "onload", "onclick"} & set(a)]
    assert theirs.text.count("<script>alert(1)</script>") > 20, "shown as what it is: a strange name"


def test_the_data_of_the_player_are_json(actions: ActionReport) -> None:
    html = render(actions)
    data = json.loads(html.partition('<script type="application/json">')[2].partition("</script>")[0])
    assert [record["shape"] for record in data] == [[1, 20, 25, 3], [1, 30, 25, 3]]


def test_a_report_without_attacks_or_samples_is_still_a_page(
    actions: ActionReport, parsed: Callable[[str], Any]
) -> None:
    bare = replace(actions, attacks=(), samples=(), clean_baseline=None)
    page = parsed(render(bare))
    assert page.text.count("ST-GCN under CIASA") >= 2 and not page.all("svg") and not page.all("canvas")
    unjudged = replace(actions.attacks[0].summary, realness=None, realness_clean=None)
    assert (
        "Taken for real"
        not in parsed(render(replace(bare, attacks=(replace(actions.attacks[0], summary=unjudged),)))).text
    )


def test_forty_clips_stay_below_three_megabytes(actions: ActionReport, action: Callable[..., ActionSample]) -> None:
    many = tuple(action(f"clip {k}", frames=64, seed=k) for k in range(40))
    assert len(render(replace(actions, samples=many)).encode()) < 3e6
