"""Every benchmark runs, on as little as it takes; nothing here is timed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from stumble.synth import write_walkers

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def walkers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("data") / "walkers"
    conditions = ("nm-01", "nm-05")
    write_walkers(root, range(75, 77), conditions=conditions, views=("054", "090"), workers=1)
    return root


def page(out: Path, name: str, *arguments: str) -> str:
    """What a benchmark writes."""
    command = [sys.executable, str(BENCHMARKS / f"{name}.py"), *arguments, str(out), "--quick"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return (out / f"{name}.md").read_text(encoding="utf-8")


def test_what_an_iteration_costs(tmp_path: Path) -> None:
    assert "| 8 | 1 | 1 |" in page(tmp_path, "incremental")


def test_what_attacks_on_skeletons_cost(tmp_path: Path) -> None:
    assert "| CIASA |" in page(tmp_path, "overhead")


def test_how_long_the_whole_experiment_takes(tmp_path: Path, walkers: Path) -> None:
    assert "| Table II | targeted | 1/40 | 3,300 |" in page(tmp_path, "experiment", str(walkers))


def test_what_is_beyond_the_paper(tmp_path: Path, walkers: Path) -> None:
    text = page(tmp_path, "beyond", str(walkers))
    assert "| 1 | greedy by trial |" in text and "| bounded | 0.7 |" in text and "| targeted | random search |" in text
    assert "success by queries" in (tmp_path / "images" / "queries.svg").read_text(encoding="utf-8")


def test_what_the_machinery_of_a_campaign_costs(tmp_path: Path, walkers: Path) -> None:
    assert "| more |" in page(tmp_path, "campaign", str(walkers))


def test_the_same_attack_through_other_tools(tmp_path: Path, walkers: Path) -> None:
    for tool in ("art", "foolbox", "torchattacks"):
        pytest.importorskip(tool, reason="the other tools are installed by `make peers`")
    assert "stumble, stops at success" in page(tmp_path, "peers", str(walkers))
