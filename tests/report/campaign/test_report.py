"""From a run folder to a page."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import yaml

from stumble.campaign.plan import read_plan
from stumble.campaign.results import read_results
from stumble.campaign.run_folder import RunFolder
from stumble.errors import DataError, SpecError
from stumble.report import CampaignReport, campaign_report, render, write_report
from stumble.report.actions import Motion
from stumble.report.campaign.wording import headline
from stumble.report.gait import Strip

Reported = Callable[..., CampaignReport]
Parsed = Callable[[str], Any]


def rows_of(html: str) -> dict[str, Any]:
    """What the list of samples reads."""
    return json.loads(html.split('<script type="application/json">')[1].partition("</script>")[0])


def test_a_campaign_is_one_page_that_begins_with_the_result(campaigns: Any, parsed: Parsed) -> None:
    run = campaigns.gait()
    write_report(run.root / "report.html", campaign_report(run, read_results(run)))
    text = parsed((run.root / "report.html").read_text(encoding="utf-8")).text
    for said in (
        "At least one of 3 attacks reaches its goal in 83.3 % (50.0 to 100.0) of 12 decisions: "
        "<gaitset>, untargeted, synthetic data.",
        "1 bench, 3 attacks, 2 goals, 1 seed: 6 cells with 36 attacked sequences.",
        "No flag; but there was nothing to compare with in budget for 2 of 6 cells, in effort for 6, "
        "in the use of gradients for 2.",
        "decisions that were right",
        "all decisions",
        "stumble run plan.yaml",
        "TemporalSparse (one, two)",
        "By probe view",
    ):
        assert said in text, said


def test_skeletons_likewise(campaigns: Any, reported: Reported, parsed: Parsed) -> None:
    page = parsed(render(reported(campaigns.actions())))
    assert (
        "At least one of 2 attacks reaches its goal in 83.3 % (66.7 to 100.0) of 6 clips: left, untargeted, "
        "synthetic data."
    ) in page.text
    assert "Benches against attacks" in page.text and "By class" in page.text and "By camera" in page.text
    assert len(page.all("article", "clip")) == len(page.all("svg", "poses")) == 24


def test_clips_that_cannot_be_aimed_are_in_no_denominator(campaigns: Any, reported: Reported, parsed: Parsed) -> None:
    campaigns.unaimed = (0, 3)
    text = " ".join(parsed(render(reported(campaigns.actions(goals=("walk",)), 0))).text.split())
    assert "4 cells with 16 attacked sequences" in text
    assert text.count("4of 6") == 4, "of each cell, in the column of n"
    assert "n: all clips aimed at" in text and "Success in percent of all clips aimed at" in text


@pytest.mark.parametrize("source", [None, "1", "3"])
def test_what_was_made_on_another_recogniser_is_said(
    source: str | None, campaigns: Any, reported: Reported, parsed: Parsed
) -> None:
    campaigns.facts = {"right": {} if source is None else {"source": source}}
    report = reported(campaigns.actions())
    text = parsed(render(report)).text
    itself, other = "Each bench is attacked for itself", "Attacked from another recogniser: right."
    assert (itself in text, other in text) == (source != "3", source == "3"), "the bench's own is the digest 1"
    assert report.provenance.get("right: digest of the weights attacked") == source
    assert "left: digest of the weights attacked" not in report.provenance


def test_every_link_leads_somewhere_and_no_id_is_there_twice(
    campaigns: Any, reported: Reported, parsed: Parsed
) -> None:
    campaigns.fell = lambda attack, number: attack in ("random", "small")
    for run in (campaigns.gait(), campaigns.actions()):
        page = parsed(render(reported(run)))
        ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
        assert len(ids) == len(set(ids))
        assert {link["href"][1:] for link in page.all("a")} <= set(ids)


def test_nothing_is_asked_from_elsewhere_and_no_other_script_may_run(
    campaigns: Any, reported: Reported, parsed: Parsed
) -> None:
    html = render(reported(campaigns.gait()))
    page = parsed(html)
    loads = [value for _, attributes in page.tags for name, value in attributes.items() if name in ("src", "href")]
    assert len(loads) > 20 and all(value.startswith(("data:", "#")) for value in loads)
    assert not re.search(r"url\(|@import|https?://", html)
    (policy,) = [m["content"] for m in page.all("meta") if m.get("http-equiv") == "Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; img-src data:;")


@pytest.mark.parametrize("kind", ["gait", "actions"])
def test_names_of_people_clips_and_attacks_are_escaped_everywhere(
    kind: str, campaigns: Any, reported: Reported, parsed: Parsed
) -> None:
    name = "<img src=x onerror=alert(1)>" if kind == "gait" else "</script><script>alert(1)</script>"
    html = render(reported(getattr(campaigns, kind)(name)))
    page, rows = parsed(html), rows_of(html)
    assert len(page.all("script")) == (2 if kind == "gait" else 3), "the rows, the joints, the code"
    assert not [a for _, a in page.tags if {"onerror", "onload", "onclick"} & set(a)]
    assert all(image["src"].startswith("data:") for image in page.all("img"))
    (samples,) = [column["words"] for column in rows["columns"] if column["name"] == "sample"]
    assert any(name in sample for sample in samples)
    assert page.text.count(name) > 3, "shown as what it is: a strange name"


def test_the_list_has_every_sample_of_every_cell(campaigns: Any, reported: Reported) -> None:
    rows = rows_of(render(reported(campaigns.gait())))
    columns = {column["name"]: column for column in rows["columns"]}
    assert len(rows["reached"]) == 6 * 6
    assert sum(rows["reached"]) == 2 * 2 * (2 + 5), "two goals, two decisions; 2 probes of one attack, 5 of another"
    results = [columns["result"]["words"][k] for k in columns["result"]["values"]]
    assert (results.count("success"), results.count("no success")) == (14, 22)
    assert "seed" not in columns and "bench" not in columns, "what is everywhere the same says nothing"
    shown = [columns["sample"]["words"][columns["sample"]["values"][row]] for row in rows["films"]]
    assert shown == [film.shown.title for film in reported(RunFolder(campaigns.root / "gait")).films]


def test_films_are_what_was_attacked_and_what_came_of_it(campaigns: Any, reported: Reported) -> None:
    strips = [film.shown for film in reported(campaigns.gait()).films]
    assert {strip.positions for strip in strips if isinstance(strip, Strip)} == {(0,), (0, 1)}
    assert all((strip.adversarial[0] == 255 - strip.clean[0]).all() for strip in strips if isinstance(strip, Strip))
    motions = [film.shown for film in reported(campaigns.actions()).films]
    far = {round(float((m.adversarial - m.clean)[m.visible].max()), 3) for m in motions if isinstance(m, Motion)}
    assert far == {0.01, 0.02} and all(m.attacked.all() for m in motions if isinstance(m, Motion))


def test_a_flag_stands_where_the_number_is_with_its_reason(campaigns: Any, reported: Reported, parsed: Parsed) -> None:
    campaigns.fell = lambda attack, number: attack == "random"
    campaigns.told = False  # three people are too few for a sign test, six sequences are enough
    report = reported(campaigns.gait(goals=("untargeted",)))
    assert [(flag.kind, flag.cell.entry.attack) for flag in report.flags] == [("control", "one")]
    page = parsed(render(report))
    assert page.text.count("the control 'random' succeeds more often (100.0 against 0.0 % of 12 rows)") == 2
    marks = page.all("a", "flag")
    assert {"the control 'random' succeeds more often (100.0 against 0.0 % of 12 rows)"} == {a["title"] for a in marks}
    assert "1 flag speaks against figures" in page.text


def test_a_flag_of_many_cells_is_listed_once(campaigns: Any, reported: Reported, parsed: Parsed) -> None:
    campaigns.sanity = {"samples": 4, "varying": 1, "flat": 0, "broken": 0}
    text = " ".join(parsed(render(reported(campaigns.gait()))).text.split())
    assert "6 flags speak against figures" in text
    assert text.count("<gaitset>, untargeted, seed 1 and 5 more cells") == 1
    assert text.count("the target answers 1 of 4 clean sequences otherwise when it is asked again") == 1 + 2
    assert text.count("3 of 3 cells: the target answers") == 2, "once for each goal"


def test_numbers_from_synthetic_data_are_labelled_and_those_from_real_data_are_not(
    campaigns: Any, reported: Reported, parsed: Parsed
) -> None:
    run = campaigns.actions()
    page = parsed(render(reported(run)))
    assert "No number on this page is a number on real people" in page.text
    sections = page.text.count("synthetic data")
    assert sections > 10
    for file in run.root.glob("cells/*/cell.json"):
        cell = json.loads(file.read_text(encoding="utf-8"))
        cell["synthetic"] = cell["entry"]["bench"] == "left"
        file.write_text(json.dumps(cell), encoding="utf-8")
    mixed = parsed(render(reported(run)))
    assert "No number on this page" not in mixed.text
    assert 0 < mixed.text.count("synthetic data") < sections


@pytest.mark.parametrize("real", ["left", "right"])
def test_of_two_benches_the_synthetic_one_is_labelled(real: str, campaigns: Any, reported: Reported) -> None:
    campaigns.real = (real,)
    report = reported(campaigns.actions())
    assert ("synthetic data" in headline(report)[0]) == (real == "right"), "the first sentence is about the left one"
    for film in report.films:
        assert ("synthetic data" in film.shown.caption) == (film.choice.result.cell.entry.bench != real)


def test_an_unfinished_campaign_says_how_far_it_is(campaigns: Any, reported: Reported, parsed: Parsed) -> None:
    campaigns.left = ("two",)
    run = campaigns.gait(goals=("untargeted",))
    shard = run.cells()[1].shards[1]
    run.fail(shard, ValueError("no gradient today"))
    text = " ".join(parsed(render(reported(run))).text.split())
    assert "Not finished: 5 of 6 shards are done, and every figure is of these." in text
    assert "4of 6" in text, "sequences of the cell"
    assert "1 shard failed" in text and "no gradient today" in text


def test_while_no_sample_has_met_every_attack_there_is_no_worst_case(
    campaigns: Any, reported: Reported, parsed: Parsed
) -> None:
    run = campaigns.gait(goals=("untargeted",))
    one, *others = run.cells()
    for shard in (one.shards[1], *(cell.shards[0] for cell in others)):
        (run.root / "cells" / str(shard) / "verdicts.parquet").unlink()
    page = parsed(render(reported(run)))
    assert "No worst case yet: none of the decisions has met every attack." in page.text


def test_where_the_data_are_gone_the_page_is_there_all_the_same(
    campaigns: Any, reported: Reported, parsed: Parsed
) -> None:
    run = campaigns.gait()
    (campaigns.root / "walkers").rename(campaigns.root / "moved")
    report = reported(run)
    assert report.films == () and len(report.rows) == 36
    text = parsed(render(report)).text
    assert "No sample of bench <gaitset> can be played:" in text and "walkers: found nothing" in text


def test_clips_that_changed_since_are_not_shown_as_those_attacked(campaigns: Any, reported: Reported) -> None:
    run = campaigns.actions()
    file = campaigns.root / "clips" / "val_data.npy"
    np.save(file, 1.1 * np.load(file))
    report = reported(run)
    assert report.films == () and all("other joints in" in note for note in report.notes)


def test_the_plan_in_the_page_is_one_that_can_be_run(campaigns: Any, reported: Reported) -> None:
    run = campaigns.gait()
    file = campaigns.root / "again.yaml"
    file.write_text(reported(run).plan, encoding="utf-8")
    assert read_plan(file) == run.plan
    assert list(yaml.safe_load(reported(run).plan)) == [
        *("benches", "attacks", "goals", "seeds", "shard", "threads", "memory")
    ]


def test_as_many_films_as_asked_for_or_none(campaigns: Any, reported: Reported) -> None:
    run = campaigns.gait()
    assert [len(reported(run, count).films) for count in (0, 1, 4, 36, 99)] == [0, 1, 4, 36, 36]
    with pytest.raises(SpecError, match="films: found -1"):
        reported(run, -1)


def test_what_is_no_campaign_is_said(campaigns: Any, reported: Reported) -> None:
    with pytest.raises(DataError, match=r"plan\.json"):
        reported(RunFolder(campaigns.root / "nowhere"))
    run = campaigns.gait()
    for file in run.root.glob("cells/*/*/verdicts.parquet"):
        file.unlink()
    with pytest.raises(SpecError, match="found no verdicts yet"):
        reported(run)
