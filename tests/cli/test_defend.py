"""Defences at the command line."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import torch

from stumble import zoo
from stumble.campaign.defended import DefenceRow, Share
from stumble.campaign.gait_defended import DefendedGait
from stumble.certify import Partition
from stumble.cli import main
from stumble.cli.defence_table import show_defences
from stumble.layouts import NTU25
from stumble.models import STGCN
from stumble.preprocess import StGcn
from stumble.synth import Actors, write_actions
from stumble.synth.action_library import ACTIONS

SMALL = ["--attack", "PixelAttack", "--attack.iterations", "2", "--frames", "6", "--limit", "2"]
SAMPLED = ["--votes", "3", "--sampling.selection", "4", "--sampling.estimation", "8"]


@pytest.fixture
def gait(walkers: Path, networks: Path, tmp_path: Path) -> list[str]:
    model, critic = str(networks / "gaitset.safetensors"), str(networks / "wgan.safetensors")
    return ["defend", model, "--data", str(walkers), "--out", str(tmp_path / "out"), "--critic", critic, *SMALL]


def test_every_defence_of_gait_in_one_table(
    gait: list[str], networks: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = f"none,partition:3,ablation:2,trimmed:2,filter:5,partition:3@{networks / 'gaitset.safetensors'}"
    options = ["--defences", names, "--sparsities", "0.3", "--calibrate", "1-3", "--subjects", "75-76", *SAMPLED]
    status = main([*gait, *options])
    shown, errors = capsys.readouterr()
    assert status == 0, errors
    for told in (
        "synthetic data",
        "certified",
        "refuses",
        "decisions certified for sure met attacks within their radius, 0 broke",
    ):
        assert told in shown
    found = json.loads((tmp_path / "out" / "defences.json").read_text())
    assert found["specification"]["data"]["synthetic"] is True
    rows = {(row["defence"], row["budget"]): row for row in found["rows"]}
    assert len(rows) == 6
    assert {row["sequences"] for row in rows.values()} == {2}
    for (name, _), row in rows.items():
        assert (row["certified"] is None) == (name.partition(":")[0] not in ("partition", "ablation"))
        assert row["adaptive"]["percent"] <= row["plain"]["percent"] and row["contradiction"] is None
    assert rows["none", "S = 0.3"]["cost"] == pytest.approx(1, abs=0.9)
    assert "Synthetic data" in (tmp_path / "out" / "defences.html").read_text()
    table = pq.read_table(tmp_path / "out" / "defences.parquet")
    assert json.loads(table.schema.metadata[b"stumble"]) == found
    assert len(table) == sum(row["decisions"] for row in rows.values())
    assert set(found["false_alarms"]) == {"filter:5"}
    assert (tmp_path / "out" / "samples" / "1-partition" / "0.3" / "adaptive-1" / "0000.npz").exists()


def test_what_was_interrupted_goes_on(
    gait: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [*gait, "--defences", "none,partition:3", "--sparsities", "0.3"]
    attacked = DefendedGait.attacked

    def interrupted(self: DefendedGait, *args: Any, **kwargs: Any) -> Any:
        if self.defence.proof is not None:
            raise KeyboardInterrupt
        return attacked(self, *args, **kwargs)

    with monkeypatch.context() as patched:
        patched.setattr(DefendedGait, "attacked", interrupted)
        assert main(command) == 130
    assert "the same command goes on where this one stopped" in capsys.readouterr().err
    (unfinished,) = tmp_path.iterdir()
    assert unfinished.name.startswith("out.unfinished-")
    assert main(command) == 0
    shown = capsys.readouterr().err
    assert "none, 0.3: attacks" not in shown and "partition:3, 0.3: attacks" in shown
    assert [file.name for file in tmp_path.iterdir()] == ["out"]
    assert len(json.loads((tmp_path / "out" / "defences.json").read_text())["rows"]) == 2


def test_a_wrong_bound_is_found_out(
    gait: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Groups that are said to withstand anything: some answers of a network with random weights change."""
    monkeypatch.setattr(Partition, "__call__", _boasting(Partition.__call__))
    options = ["--defences", "partition:3", "--sparsities", "1.0", "--attack.step", "0.5"]
    assert main([*gait, *options]) == 1
    shown = capsys.readouterr().out
    assert "certified decisions were broken within their radius" in shown
    assert json.loads((tmp_path / "out" / "defences.json").read_text())["rows"][0]["contradiction"]


def _boasting(call: object) -> object:
    def made(self: object, *args: object, **kwargs: object) -> object:
        proof = call(self, *args, **kwargs)  # type: ignore[operator]
        return replace(proof, radius=proof.radius + 100, abstained=torch.zeros_like(proof.abstained))

    return made


def test_what_cannot_be_true_is_red_and_fails_and_what_may_be_chance_is_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    share = Share(50.0, (40.0, 60.0))
    chance = DefenceRow("ablation:8", "S = 0.1", 5, 10, share, share, share, share, 5, 2, 1.0, confidence=0.99)
    assert show_defences([chance], "walkers (synthetic data)") == 0
    shown = capsys.readouterr().out
    assert "0 decisions certified for sure met attacks within their radius, 0 broke" in shown
    assert "ablation:8, S = 0.1: 2 of 5 decisions certified by sampling were turned by the votes drawn" in shown
    assert show_defences([chance, replace(chance, defence="vote", confidence=1.0)], "walkers (synthetic data)") == 1
    assert "vote, S = 0.1: 2 of 5 certified decisions were broken within their radius" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["partition:3@[/x].pt", "partition:3@[red].pt"])
def test_names_of_defences_and_attacks_are_no_markup(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    share = Share(50.0, (40.0, 60.0))
    show_defences([DefenceRow(name, f"of {name}", 5, 10, share, share, share, None, 0, 0, 1.0)], "walkers")
    assert capsys.readouterr().out.count(name) == 2


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--defences", "filter"], "expected --calibrate, such as 125-134"),
        (["--defences", "filter", "--calibrate", "75"], "075 are tested; expected people who are not"),
        (["--defences", "filter", "--subjects", "75", "--calibrate", "76"], "076 are tested; expected people who"),
        (["--defences", "voting"], "defence 'voting': expected one of none, partition"),
        (["--defences", "ablation:99"], "frames; the target takes at least 99"),
        (["--defences", "none", "--sparsities", "1/40"], "sparsities 1/40: expected numbers in (0, 1]"),
    ],
)
def test_what_cannot_be_done_is_told_and_nothing_written(
    gait: list[str], options: list[str], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*gait, *options]) == 2
    assert says in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_what_proves_nothing_about_the_edit_is_refused_before_anything_is_attacked(
    gait: list[str], walkers: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    inserted = ["--attack", "RealFrames", "--attack.pool", str(walkers), "--attack.edit", "insert"]
    assert main([*gait[:6], *inserted, "--limit", "2", "--defences", "none,partition"]) == 2
    shown = capsys.readouterr().err
    assert "a frame to insert shifts the index of all that follow" in shown and "attacks:" not in shown
    assert not list(tmp_path.iterdir())


def test_defences_of_actions(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_actions(tmp_path / "data", [75], Actors(), replications=1)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        card = zoo.Card(data="nothing", command="none", seed=0, metrics={})
        network = STGCN(tuple(ACTIONS), NTU25, StGcn(frames=16, people=1))
        zoo.save(network, tmp_path / "stgcn.safetensors", card)
    command = ["defend", "actions", str(tmp_path / "stgcn.safetensors"), "--data", str(tmp_path / "data")]
    options = ["--limit", "2", "--attack.iterations", "2", "--epsilons", "0.001,0.01", *SAMPLED]
    names = ["--defences", "none,partition:2,smoothing:0.01", "--out", str(tmp_path / "out")]
    assert main([*command, *options, *names]) == 0
    shown = capsys.readouterr().out
    assert "synthetic data" in shown and "ε = 0.01" in shown
    found = json.loads((tmp_path / "out" / "defences.json").read_text())
    assert [row["certified"] is None for row in found["rows"]] == [True, True, False] * 2
    assert main([*command, *options, *names, "--epsilons", "wide"]) == 2
    assert "epsilons wide: expected numbers above 0" in capsys.readouterr().err
