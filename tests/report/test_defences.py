"""The table of defences says what it is of, and is red where it cannot be true."""

from __future__ import annotations

import re
from dataclasses import replace

from stumble.campaign.defended import DefenceRow, Share
from stumble.report.defences import defences_page

HALF, LESS = Share(50.0, (40.0, 60.0)), Share(25.0, (10.0, 33.0))
HONEST = DefenceRow("partition:5", "S = 0.1", 5, 40, HALF, HALF, LESS, LESS, 10, 0, 1.25)
BARE = replace(HONEST, defence="none", certified=None, within=0)


def test_every_row_stands_with_its_intervals_under_the_label_of_its_data() -> None:
    page = defences_page([BARE, HONEST], "mine on walkers", True, {"filter": Share(1.5, (1.0, 2.0))}, "stumble defend")
    assert "Synthetic data" in page and "mine on walkers" in page
    assert 'class="wrong"' not in page
    assert page.count("<small>25.0") == 0 and page.count("<small>10.0–33.0</small>") == 3
    assert "1.25×" in page and "10 decisions certified for sure met attacks within their radius; 0 broke" in page
    assert 'aria-label="clean 50.0, attacked 50.0, knowing it 25.0, certified 25.0 %"' in page
    assert "5 sequences, 40 decisions" in page
    assert "filter refuses 1.50 % (1.00–2.00)" in page


def test_what_cannot_be_true_is_red_and_at_the_head() -> None:
    wrong = replace(HONEST, broken=2)
    page = defences_page([BARE, HONEST, wrong], "mine on walkers", False, {}, "")
    assert "Synthetic data" not in page
    assert len(re.findall(r'<tr class="wrong">', page)) == 1
    assert '<p class="wrong">partition:5, S = 0.1: 2 of 10 certified decisions were broken' in page


def test_what_may_be_chance_is_told_and_not_red() -> None:
    page = defences_page([BARE, replace(HONEST, broken=2, confidence=0.99)], "mine on walkers", False, {}, "")
    assert 'class="wrong"' not in page and "0 decisions certified for sure met attacks" in page
    assert "partition:5, S = 0.1: 2 of 10 decisions certified by sampling were turned by the votes drawn" in page


def test_names_are_escaped() -> None:
    page = defences_page([replace(BARE, defence="none@<b>")], "a <model> & data", False, {}, "")
    assert "none@&lt;b&gt;" in page and "a &lt;model&gt; &amp; data" in page and "<model>" not in page
