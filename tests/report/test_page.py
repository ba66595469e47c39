from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from stumble.report import GaitReport, Strip, page, render, write_report

HOSTILE = "<script>alert(1)</script><img src=https://example.org/x onerror=alert(2)>\"'"


def decoded(uri: str | None) -> np.ndarray:
    assert uri is not None
    head, _, data = uri.partition(",")
    assert head == "data:image/png;base64"
    return cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_UNCHANGED)


def test_a_report_is_one_page_that_begins_with_the_result(
    report: GaitReport, tmp_path: Path, parsed: Callable[[str], Any]
) -> None:
    file = tmp_path / "out" / "demo" / "report.html"
    write_report(file, report)
    text = parsed(file.read_text(encoding="utf-8")).text.replace("\u00a0", " ")
    assert "One altered frame in forty takes rank-1 from 93.1 % to 14.2 %" in text
    assert "41.0 % of the decisions that were right are flipped by plausible frames alone." in text
    assert "Random real frames of other people in the same places leave rank-1 at 92.0 %." in text
    assert "12 attacked sequences (NM)" in text and "24 decisions" in text
    for said in ("PGD, 100 steps", "random start", "0.813", "stumble demo --seed 1", "One sentence for the reader."):
        assert said in text, said


def test_synthetic_data_are_named_as_such_and_real_data_are_not(
    report: GaitReport, parsed: Callable[[str], Any]
) -> None:
    assert "No number on this page is a number on real people" in parsed(render(report)).text
    assert "synthetic" not in parsed(render(replace(report, synthetic=False))).text.lower().replace(".synthetic", "")


def test_what_comes_with_the_data_is_escaped_everywhere(report: GaitReport, parsed: Callable[[str], Any]) -> None:
    hostile = replace(
        report,
        title=HOSTILE,
        data=HOSTILE,
        clean={HOSTILE: replace(report.clean["NM"], probe_views=(HOSTILE, "1", "2"))},
        clean_baseline={HOSTILE: 1.0},
        attacks=tuple(replace(a, attack=HOSTILE, condition=HOSTILE, note=HOSTILE) for a in report.attacks),
        strips=tuple(replace(s, title=HOSTILE, caption=HOSTILE) for s in report.strips),
        plausibility={HOSTILE: 0.5},
        provenance={"command": HOSTILE, HOSTILE: HOSTILE},
        notes=(HOSTILE,),
    )
    ours, theirs = parsed(render(report)), parsed(render(hostile))
    assert len(list(theirs.all("script"))) == len(list(ours.all("script"))) == 1
    assert not [attributes for _, attributes in theirs.tags if {"onerror", "onload", "onclick"} & set(attributes)]
    assert all((image["src"] or "").startswith("data:") for image in theirs.all("img"))
    assert theirs.text.count("<script>alert(1)</script>") > 10, "shown as what it is: a strange name"


def test_no_request_leaves_the_page(report: GaitReport, parsed: Callable[[str], Any]) -> None:
    html = render(report)
    loads = [
        value
        for _, attributes in parsed(html).tags
        for name, value in attributes.items()
        if name in ("src", "href", "srcset", "data", "poster", "action") and value is not None
    ]
    assert len(loads) > 5
    assert all(value.startswith(("data:", "#")) for value in loads)
    assert not re.search(r"url\(|@import|https?://", html)


def test_the_security_policy_admits_the_pages_own_script_and_no_other(
    report: GaitReport, parsed: Callable[[str], Any]
) -> None:
    html = render(report)
    policy = next(m["content"] for m in parsed(html).all("meta") if m.get("http-equiv") == "Content-Security-Policy")
    script = html.partition("<script>")[2].partition("</script>")[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert policy is not None
    assert policy.startswith("default-src 'none'; img-src data:;")
    assert f"script-src 'sha256-{digest}';" in policy


def test_strips_hold_every_frame_bit_for_bit_and_frame_the_altered_ones(
    report: GaitReport, strip: Callable[..., Strip], parsed: Callable[[str], Any]
) -> None:
    shown = strip(count=25, edited=(3, 21))
    html = parsed(render(replace(report, strips=(shown,))))
    images = [decoded(image["src"]) for image in html.all("img")]
    film, pairs = images[:2], images[2:]
    frames = [
        piece[row * 66 : row * 66 + 64, column * 46 : column * 46 + 44]
        for row in (0, 1)
        for piece in film
        for column in range((piece.shape[1] + 2) // 46)
    ]
    np.testing.assert_array_equal(frames, [*shown.clean, *shown.adversarial])
    for pair, position in zip(pairs, (3, 21), strict=True):
        np.testing.assert_array_equal(pair[:, :44], shown.clean[position])
        np.testing.assert_array_equal(pair[:, 46:], shown.adversarial[position])
    left = [float(re.match(r"left: ([\d.]+)%", e["style"] or "")[1]) / 100 for e in html.classed("edited")]  # type: ignore[index]
    widths = [film[0].shape[1], film[1].shape[1]]
    assert [round(x * w / 46, 6) for x, w in zip(left, widths, strict=True)] == [3, 1], "columns within their piece"


def test_an_inserted_frame_stands_beside_nothing(strip: Callable[..., Strip]) -> None:
    base = strip(count=10)
    edited = np.isin(np.arange(12), (0, 5))
    frames = np.zeros((12, 64, 44), np.uint8)
    frames[~edited] = base.clean
    shown = replace(base, adversarial=frames, edited=edited)
    assert shown.inserted and shown.positions == (0, 5)
    np.testing.assert_array_equal(shown.aligned[~edited], base.clean)
    assert not shown.aligned[edited].any()


def test_a_report_without_attacks_or_plausibility_is_still_a_page(
    report: GaitReport, parsed: Callable[[str], Any]
) -> None:
    bare = GaitReport("Evaluation", "walkers", False, report.clean, None, (), (), {}, {})
    html = parsed(render(bare))
    assert "Evaluation" in html.text and not list(html.all("svg"))
    unjudged = replace(
        report.attacks[0].summary,
        plausible=None,
        plausible_coherent=None,
        plausible_samples=None,
        coherent_samples=None,
        plausible_ci95=None,
    )
    alone = replace(bare, attacks=(replace(report.attacks[0], summary=unjudged),))
    assert "takes rank-1 from 93.1 % to 14.2 %." in parsed(render(alone)).text


def test_thirty_strips_stay_below_three_megabytes(report: GaitReport, strip: Callable[..., Strip]) -> None:
    many = tuple(strip(f"{i:03d}/nm-05/090", 48, (0, 12, 24, 36), seed=i) for i in range(30))
    assert len(render(replace(report, strips=many)).encode()) < 3e6


def test_a_page_that_cannot_be_finished_leaves_the_old_one(
    report: GaitReport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "report.html"
    file.write_text("the old one")
    monkeypatch.setattr(page, "render", lambda report: "half a page \ud800 that UTF-8 cannot hold")
    with pytest.raises(UnicodeEncodeError):
        write_report(file, report)
    assert [(f.name, f.read_text()) for f in tmp_path.iterdir()] == [("report.html", "the old one")]
