"""Certificates at the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import torch

from stumble import zoo
from stumble.campaign import portions
from stumble.certify import Ablation, Method, Partition, Sampling, Smoothing
from stumble.cli import main
from stumble.layouts import NTU25
from stumble.models import STGCN
from stumble.preprocess import StGcn
from stumble.spec import from_plain
from stumble.synth import Actors, write_actions
from stumble.synth.action_library import ACTIONS

FILES = {"certify.json", "certificates.parquet", "certified.svg"}


def result(folder: Path) -> dict[str, object]:
    assert {path.name for path in folder.iterdir()} == FILES
    found: dict[str, object] = json.loads((folder / "certify.json").read_text())
    table = pq.read_table(folder / "certificates.parquet")
    assert json.loads(table.schema.metadata[b"stumble"]) == found
    return found


@pytest.fixture
def gait(walkers: Path, networks: Path, tmp_path: Path) -> list[str]:
    model = str(networks / "gaitset.safetensors")
    return ["certify", model, "--data", str(walkers), "--out", str(tmp_path / "out"), "--limit", "2"]


@pytest.fixture(scope="module")
def actions(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    root = tmp_path_factory.mktemp("actions")
    write_actions(root / "data", [75], Actors(), replications=1)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        card = zoo.Card(data="nothing", command="none", seed=0, metrics={})
        zoo.save(STGCN(tuple(ACTIONS), NTU25, StGcn(frames=16, people=1)), root / "stgcn.safetensors", card)
    return ["certify", "actions", str(root / "stgcn.safetensors"), "--data", str(root / "data"), "--limit", "2"]


def test_any_recogniser_from_a_file(
    gait: list[str], networks: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gait[1] = str(networks / "selfgait.safetensors")
    assert main([*gait, "--method", "partition", "--method.groups", "2", "--frames", "7"]) == 0
    assert "deterministic" in capsys.readouterr().out
    result(tmp_path / "out")


def test_what_was_interrupted_goes_on(
    gait: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command, honest, made = [*gait, "--method.groups", "3"], Partition.__call__, []

    def counted(method: Partition, *args: Any, **kwargs: Any) -> Any:
        if len(made) == 1:
            made.append("interrupted")
            raise KeyboardInterrupt
        made.append("certified")
        return honest(method, *args, **kwargs)

    monkeypatch.setattr(portions, "_TOGETHER", 1)
    monkeypatch.setattr(Partition, "__call__", counted)
    assert main(command) == 130
    assert "the same command goes on where this one stopped" in capsys.readouterr().err
    assert main(command) == 0
    assert made == ["certified", "interrupted", "certified"]
    found = result(tmp_path / "out")
    assert found["summary"]["sequences"] == 2  # type: ignore[index]
    assert [file.name for file in tmp_path.iterdir()] == ["out"]


def test_groups_of_frames(gait: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*gait, "--method", "partition", "--method.groups", "3", "--frames", "7"]) == 0
    shown = capsys.readouterr().out
    for told in ("synthetic data", "proven right", "deterministic", "unattacked", "3 answers"):
        assert told in shown
    found = result(tmp_path / "out")
    assert from_plain(found["specification"]["method"], Method) == Partition(3)  # type: ignore[index]
    assert found["specification"]["data"]["synthetic"] is True  # type: ignore[index]
    assert found["summary"]["sequences"] == 2 and found["attacks"] == []  # type: ignore[index]
    assert "Synthetic data" in (tmp_path / "out" / "certified.svg").read_text()


def test_kinds_of_probes_stand_apart(gait: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*gait[:-1], "6", "--kinds", "NM,BG", "--frames", "7"]) == 0
    shown = capsys.readouterr().out
    assert "\nNM: " in shown and "\nBG: " in shown and "proven against 0: " in shown
    found = result(tmp_path / "out")
    kinds, whole = found["kinds"], found["summary"]
    assert list(kinds) == ["NM", "BG"]  # type: ignore[call-overload]
    assert sum(own["decisions"] for own in kinds.values()) == whole["decisions"]  # type: ignore[attr-defined, index]


def test_beside_an_attack_on_the_same_probes(
    gait: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, data = gait[1], gait[3]
    attack = ["attack", "--model", model, "--data", data, "--out", str(tmp_path / "attack"), "--limit", "2"]
    small = ["--attack", "PixelAttack", "--attack.iterations", "1", "--attack.budget.frames", "2", "--frames", "7"]
    assert main([*attack, *small]) == 0
    assert main([*gait, "--frames", "7", "--campaign", str(tmp_path / "attack")]) == 0
    assert "after attacks" in capsys.readouterr().out
    (point,) = result(tmp_path / "out")["attacks"]  # type: ignore[misc, attr-defined]
    assert (point["radius"], point["attacks"]) == (2.0, 1) and point["decisions"] > 0
    assert main([*gait[:-4], "--out", str(tmp_path / "other"), "--campaign", str(tmp_path / "attack")]) == 2
    assert "found attacks with frames 7; expected None, as certified" in capsys.readouterr().err
    assert not (tmp_path / "other").exists()


def test_subsets_of_frames(gait: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sampling = ["--method.sampling.selection", "3", "--method.sampling.estimation", "8"]
    assert main([*gait, "--method", "ablation", "--method.frames", "2", "--method.edit", "insert", *sampling]) == 0
    assert "claims hold with probability 0.999" in capsys.readouterr().out
    found = result(tmp_path / "out")
    method = from_plain(found["specification"]["method"], Method)  # type: ignore[index]
    assert method == Ablation(2, "insert", Sampling(3, 8))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--method", "smoothing"], "found gait; expected partition or ablation, or `stumble certify actions`"),
        (["--method", "voting"], "method 'voting': expected one of partition, ablation, smoothing"),
        (["--method", "partition", "--method.edit", "insert"], "a frame to insert shifts the index of all that follow"),
        (["--campaign", "nowhere"], "neither plan.json nor verdicts.parquet"),
        (["--subjects", "900"], "'900' is none of the people"),
    ],
)
def test_what_cannot_be_certified_is_told_in_a_line(
    gait: list[str], options: list[str], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*gait, "--frames", "4", *options]) == 2
    assert says in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_smoothing_of_actions(actions: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sampling = ["--method.sampling.selection", "4", "--method.sampling.estimation", "8"]
    options = ["--out", str(tmp_path / "out"), "--method", "smoothing", "--method.sigma", "0.02", *sampling]
    assert main([*actions, *options, "--epsilon", "0.004"]) == 0
    shown = capsys.readouterr().out
    assert "synthetic data" in shown and "the box of an attack with ε = 0.004 has a corner at a distance of" in shown
    found = result(tmp_path / "out")
    method = from_plain(found["specification"]["method"], Method)  # type: ignore[index]
    assert method == Smoothing(0.02, Sampling(4, 8, portion=64))
    rows = pq.read_table(tmp_path / "out" / "certificates.parquet").to_pylist()
    norm = sum(0.004 * row["coordinates"] ** 0.5 for row in rows) / 2
    assert found["box"]["norm"] == pytest.approx(norm)  # type: ignore[index]


def test_groups_of_frames_of_actions(actions: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--method", "partition", "--method.by", "content", "--method.edit", "delete"]
    assert main([*actions, "--out", str(tmp_path / "out"), *options]) == 0
    assert "radius, frames" in capsys.readouterr().out
    found = result(tmp_path / "out")
    assert found["box"] is None and found["specification"]["stretch"] == 5  # type: ignore[index]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--epsilon", "0"], "epsilon is 0; it must be a number above 0"),
        (["--stretch", "2"], "stretch is 2; it must be at least 1, and 1 for smoothing, which sees whole clips"),
        (["--method", "ablation", "--stretch", "0"], "stretch is 0; it must be at least 1"),
    ],
)
def test_what_cannot_be_certified_of_actions_is_told_in_a_line(
    actions: list[str], options: list[str], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*actions, "--out", str(tmp_path / "out"), *options]) == 2
    assert says in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
