"""The temporal sparse paper's tables from the shell, on a recogniser with random weights."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest

from stumble.cli import main
from stumble.data import Note, open_gait, write_frames


def command(preset: str, walkers: Path, networks: Path, out: Path, *options: str) -> list[str]:
    own = ["--model", str(networks / "gaitset.safetensors"), "--prior", str(networks / "wgan.safetensors")]
    return ["run", f"preset:{preset}", "--data", str(walkers), *own, "--out", str(out), "--iterations", "1", *options]


def test_a_table_with_the_papers_value_beside_ours(
    walkers: Path, networks: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command("gait-table2", walkers, networks, tmp_path, "--limit", "4")) == 0
    shown = capsys.readouterr().out
    assert "ours: walkers (synthetic data, made by computer" in shown and "paper: CASIA-B, GaitSet (real data)" in shown
    assert "… paper" in shown
    result = json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))
    assert result["synthetic"] and result["samples"] == 4 and len(result["rows"]) == 3
    row = result["rows"][0]
    assert row["paper"]["NM"]["views"]["000"] == 34.6
    assert sum(line["n"] for line in row["ours"].values()) == 4  # of two views one is the probe's own
    assert (tmp_path / "table.md").read_text(encoding="utf-8").count("paper |") == 3 * len(row["ours"])
    assert main(["status", str(tmp_path)]) == main(["report", str(tmp_path), "--films", "1"]) == 0


def test_frames_made_on_one_recogniser_are_judged_on_another(walkers: Path, networks: Path, tmp_path: Path) -> None:
    options = command("gait-table4", walkers, networks, tmp_path, "--limit", "2")
    gaitset, gaitgan = networks / "gaitset.safetensors", networks / "gaitgan.safetensors"
    options[options.index(str(gaitset))] = f"{gaitset},{gaitgan}"
    assert main(options) == 0
    result = json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))
    bench = result["specification"]["benches"]["target"]["init_args"]
    assert (bench["source"], bench["model"]) == (str(gaitset), str(gaitgan))
    assert result["rows"][0]["paper"]["NM"]["views"]["000"] == 35.9
    document = (tmp_path / "table.md").read_text(encoding="utf-8")
    assert f"recogniser {gaitgan}, frames made on {gaitset}" in document and "| natural, paper |" in document


@pytest.mark.slow
def test_places_of_inserted_frames(walkers: Path, networks: Path, tmp_path: Path) -> None:
    data, source = tmp_path / "walkers", open_gait(walkers)
    data.mkdir()
    Note(True, "casia-b", {}).write(data)
    for key in source.keys:  # clips of 30 frames and more
        write_frames(
            data / key.subject / key.condition / key.view / f"{key.view}.npz", np.tile(source.load(key), (2, 1, 1))
        )
    options = command("gait-table7", data, networks, tmp_path / "out", "--limit", "2")
    options[options.index(str(networks / "gaitset.safetensors"))] = str(networks / "selfgait.safetensors")
    assert main(options) == 0
    result = json.loads((tmp_path / "out" / "result.json").read_text(encoding="utf-8"))
    assert len(result["rows"]) == 14
    assert [row["label"] for row in result["rows"][8:10]] == ["at 13, 15, 17, 19", "at random, draw 0"]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["gait-fig4", "gait-table3", "gait-table8", "gait-baselines"])
def test_the_others(
    name: str, walkers: Path, networks: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command(name, walkers, networks, tmp_path, "--limit", "3")) == 0
    result = json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))
    assert result["samples"] == 3
    if name == "gait-fig4":
        ElementTree.parse(tmp_path / "figure.svg")
    assert main(["report", str(tmp_path)]) == 0
    assert "can be played" not in capsys.readouterr().out, "all can"
    if name == "gait-table8":
        assert result["rows"][-1]["name"] == "dynamic"
        assert result["specification"]["facts"]["target"]["protocol"] == "casia-b, pooled"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["gait-table5", "gait-table6"])
def test_those_on_casia_a(name: str, networks: Path, tmp_path: Path) -> None:
    data = tmp_path / "others"
    few = ["--subjects", "2", "--views", "00,90", "--conditions", "nm-01,nm-02,nm-04"]
    assert main(["data", "synth", "gait", "--protocol", "casia-a", "--out", str(data), "--workers", "1", *few]) == 0
    assert main(command(name, data, networks, tmp_path / "out")) == 0
    result = json.loads((tmp_path / "out" / "result.json").read_text(encoding="utf-8"))
    assert set(result["rows"][0]["ours"]["NM"]["views"]) == {"00", "90"}


@pytest.mark.parametrize(
    ("preset", "options", "told"),
    [
        ("gait-table5", (), "found data in the protocol casia-b; expected casia-a"),
        ("gait-table2", ("--split", "files"), "--split is for skeleton actions"),
        ("gait-table4", (), "found one model"),
        ("gait-tabel2", (), "did you mean 'gait-table2'"),
        ("ciasa-table1", (), "--prior is for gait"),
    ],
)
def test_what_cannot_be_done_is_said(
    preset: str,
    options: tuple[str, ...],
    told: str,
    walkers: Path,
    networks: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(command(preset, walkers, networks, tmp_path / "out", *options)) == 2
    assert told in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
