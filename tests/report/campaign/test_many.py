"""A hundred thousand rows: how long the page takes to be made, and to be used."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from stumble.attacks import OneStep
from stumble.campaign.cell import Cell, specified
from stumble.campaign.results import read_results
from stumble.campaign.run_folder import RunFolder
from stumble.constraints import JointBudget

ATTACKS, CLIPS, SHARD = 20, 5000, 32
SECONDS, MILLISECONDS = 20.0, 500.0  # of processor time for the page; of waiting for a filter or for sorting


@pytest.fixture
def many(campaigns: Any) -> RunFolder:
    """Twenty attacks on five thousand clips of 60 classes and 40 people, in 3140 shards."""
    small = campaigns.actions()
    verdicts = read_results(small)[0].verdicts
    assert verdicts is not None
    names = [f"S001C{k % 3:03d}P{k % 40:03d}R{k // 60:03d}A{k % 60:03d}" for k in range(CLIPS)]
    attacks = {f"step-{k}": OneStep(JointBudget(0.001 * (k + 1))) for k in range(ATTACKS)}
    benches = {"left": small.plan.benches["left"]}
    plan = replace(small.plan, benches=benches, attacks=attacks, shard=SHARD)
    facts = small.cells()[0].specification["bench"]
    cells = tuple(
        Cell(
            entry,
            {"bench": facts, "attack": specified(attacks[entry.attack]), "goal": entry.goal, "seed": entry.seed},
            tuple(names),
            SHARD,
            "clips",
            True,
            {},
        )
        for entry in plan.entries()
    )
    folder = RunFolder(small.root.with_name("many"))
    folder.start(plan, cells, {"command": "none"})
    rng = np.random.default_rng(0)
    for number, cell in enumerate(cells):
        for shard in cell.shards:
            folder.write(shard, lambda path, s=shard, n=number: table(verdicts, s.samples, n, rng), {"threads": 1})  # type: ignore[misc]
    return folder


def table(verdicts: pa.Table, samples: tuple[str, ...], number: int, rng: np.random.Generator) -> pa.Table:
    """Rows like those of the small campaign, more of them fooled the larger the attack's number."""
    count = len(samples)
    rows = verdicts.take(np.arange(count) % len(verdicts))
    fooled = rng.random(count) < (number + 1) / (ATTACKS + 2)
    columns = {
        "sample": list(samples),
        "subject": [name[8:12] for name in samples],
        "camera": [name[4:8] for name in samples],
        "label": [f"action {name[-3:]}" for name in samples],
        "fooled": fooled,
        "correct_after": ~fooled,
        "margin_after": np.where(fooled, 1, -1) * rng.random(count),
        "joint_mean": rng.random(count),
    }
    return pa.table({name: columns.get(name, rows[name]) for name in rows.column_names})


@pytest.mark.slow
def test_a_hundred_thousand_rows_take_less_than_twenty_seconds_and_their_page_is_quick(
    many: RunFolder, browser: Callable[..., Any], tmp_path: Path
) -> None:
    file = tmp_path / "many.html"
    before = getrusage(RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "stumble", "report", str(many.root), "--out", str(file), "--films", "0"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    after = getrusage(RUSAGE_CHILDREN)
    assert "100000 samples" in done.stdout
    spent = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    print(f"{spent:.1f} s of processor time, {file.stat().st_size / 1e6:.1f} MB")
    assert spent < SECONDS
    with browser(file) as page:
        for action in (
            "select = document.querySelector('.filters select'); select.value = '7'; s = select",
            "s = document.querySelector('[type=search]'); s.value = 'a059'",
        ):
            took = page.run(
                f"{action}; start = performance.now(); s.dispatchEvent(new Event('input', {{bubbles: true}}));"
                "performance.now() - start"
            )
            print(f"filtered in {took:.0f} ms")
            assert took < MILLISECONDS
        assert page.run("document.querySelector('.found').textContent").startswith("83 of 100,000 samples")
        page.run("document.querySelector('.filters').reset()")
        page.until("document.querySelector('.found').textContent.startsWith('100,000 of 100,000')")
        for head in (-1, 1):
            took = page.run(
                f"start = performance.now(); [...document.querySelectorAll('.samples th button')].at({head}).click();"
                "performance.now() - start"
            )
            print(f"sorted in {took:.0f} ms")
            assert took < MILLISECONDS
        assert page.run("document.querySelectorAll('.samples tbody tr').length") == 20
