from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch

from stumble.cli import main
from stumble.models.checkpoints import export_gaitset, load_gaitset


def test_the_clean_table(walkers: Path, networks: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model, out = str(networks / "gaitset.safetensors"), tmp_path / "new" / "clean.json"
    assert main(["evaluate", "--model", model, "--data", str(walkers), "--frames", "4", "--out", str(out)]) == 0
    shown = capsys.readouterr().out
    assert "synthetic data" in shown and "energy images" in shown
    result = json.loads(out.read_text())
    assert (result["data"], result["synthetic"], result["identical_views"]) == ("walkers", True, False)
    assert result["subjects"] == ["075", "076", "077"] and result["left_out"] == {}
    assert list(result["clean"]) == ["NM", "BG", "CL"]
    for rank in result["clean"].values():
        assert (rank["probes"], rank["decisions"]) == (6, 6)  # 3 people, 2 views; the other view decides
        assert rank["ci95"][0] <= rank["rank1"] <= rank["ci95"][1]
        assert rank["rank1"] == pytest.approx((rank["cells"][0][1] + rank["cells"][1][0]) / 2, abs=1e-3)
        assert rank["energy_images"] is not None


def test_a_view_is_printed_as_it_is_called(
    walkers: Path, networks: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, command = tmp_path / "walkers", ["evaluate", "--model", str(networks / "gaitset.safetensors")]
    shutil.copytree(walkers, data)
    for folder in data.glob("*/*/090"):
        folder.rename(folder.with_name("[red]"))
    assert main([*command, "--data", str(data), "--frames", "2", "--subjects", "75,76", "--baseline", "none"]) == 0
    assert "│ [red] " in capsys.readouterr().out


def test_any_layout_and_either_distance_without_the_baseline(
    walkers: Path, networks: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.save(export_gaitset(load_gaitset(networks / "gaitset.safetensors"), "opengait"), tmp_path / "open.pt")
    command = ["evaluate", "--data", str(walkers), "--frames", "2", "--subjects", "75,76", "--baseline", "none"]
    shown = []
    for model in (networks / "gaitset.safetensors", tmp_path / "open.pt"):
        assert main([*command, "--model", str(model), "--distance", "flattened"]) == 0
        table = capsys.readouterr().out
        shown.append([line for line in table.splitlines() if "│" in line])
    assert shown[0] == shown[1]
    assert "energy images" not in table


def test_energy_images_are_a_model_without_weights(walkers: Path, tmp_path: Path) -> None:
    out = tmp_path / "clean.json"
    assert main(["evaluate", "--model", "gei", "--data", str(walkers), "--frames", "4", "--out", str(out)]) == 0
    for rank in json.loads(out.read_text())["clean"].values():
        assert rank["rank1"] == rank["energy_images"]


def test_a_damaged_sequence_is_listed_and_left_out(
    walkers: Path, networks: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(walkers, tmp_path / "walkers")
    (tmp_path / "walkers" / "075" / "nm-05" / "090" / "090.npz").write_bytes(b"")
    out = tmp_path / "clean.json"
    model = str(networks / "gaitset.safetensors")
    command = ["evaluate", "--model", model, "--data", str(tmp_path / "walkers"), "--frames", "2"]
    assert main([*command, "--baseline", "none", "--out", str(out)]) == 0
    assert "stumble: left out 075/nm-05/090: " in capsys.readouterr().err
    result = json.loads(out.read_text())
    assert list(result["left_out"]) == ["075/nm-05/090"]
    assert (result["clean"]["NM"]["probes"], result["clean"]["BG"]["probes"]) == (5, 6)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("gaitset-synthetik", "gaitset-synthetik: found no such file; expected a checkpoint, or the name of shipped"),
        ("wgan.safetensors", "wgan.safetensors: found a SilhouetteGAN; expected a gait recogniser"),
    ],
)
def test_another_model_is_refused(
    model: str,
    message: str,
    walkers: Path,
    networks: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(networks)
    assert main(["evaluate", "--model", model, "--data", str(walkers)]) == 2
    shown = capsys.readouterr().err
    assert message in shown and shown.count("\n") == 1


def test_people_whom_nobody_is(walkers: Path, networks: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = str(networks / "gaitset.safetensors")
    assert main(["evaluate", "--model", model, "--data", str(walkers), "--subjects", "90-99"]) == 2
    assert "'90-99' is none of the people of walkers (6 people, 001 to 077)" in capsys.readouterr().err
