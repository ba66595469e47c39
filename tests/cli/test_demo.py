"""The demo from the shipped weights, with a handful of probes and clips."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stumble.cli import main


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    assert main(["demo", "--probes", "4", "--clips", "2", "--out", str(folder)]) == 0
    return folder


def test_the_summary_has_every_attack_with_its_count_and_interval(out: Path) -> None:
    gait = json.loads((out / "summary.json").read_text(encoding="utf-8"))["gait"]
    assert "synthetic" in gait["data"]
    assert set(gait["clean"]) == {"NM", "BG", "CL"}
    assert all(0 <= value <= 100 for value in gait["clean"].values())
    named = {(row["attack"], row["goal"], row["sparsity"]) for row in gait["attacks"]}
    assert {("temporal-sparse", "untargeted", s) for s in (0.025, 0.05, 0.1)} <= named
    assert ("temporal-sparse", "targeted", 0.1) in named
    assert {"temporal-sparse-bounded", "random", "real", "best-real", "fgsm", "pgd", "mi-fgsm"} <= {
        row["attack"] for row in gait["attacks"]
    }
    for row in gait["attacks"]:
        assert row["condition"] == "NM"
        assert 0 < row["n"] <= 4 * 3  # four probes, three gallery views that are not their own
        assert row["ci95"][0] <= row["success"] <= row["ci95"][1]
        assert row["plausible"] <= row["success"]
        assert row["kept"]


def test_the_shipped_attack_is_stronger_than_its_controls(out: Path) -> None:
    rows = json.loads((out / "summary.json").read_text(encoding="utf-8"))["gait"]["attacks"]
    success = {
        row["attack"]: row["success"] for row in rows if row["goal"] == "untargeted" and row["sparsity"] == 0.025
    }
    assert success["temporal-sparse"] > max(success["random"], success["real"])


def test_the_summary_has_every_attack_on_skeletons(out: Path) -> None:
    skeleton = json.loads((out / "summary.json").read_text(encoding="utf-8"))["skeleton"]
    assert "synthetic" in skeleton["data"]
    assert set(skeleton["clean"]) == {"xsub", "xview"}
    assert {(row["attack"], row["mode"]) for row in skeleton["attacks"]} >= {
        ("one-step", "basic"),
        ("ciasa", "basic"),
        ("ciasa", "localized"),
        ("ciasa", "advanced"),
        ("ciasa-paper", "basic"),
    }
    for row in skeleton["attacks"]:
        assert row["n"] == 2
        assert row["ci95"][0] <= row["success"] <= row["ci95"][1]
        assert row["violations"]["untouched"] == 0
        if row["attack"] in ("ciasa", "ciasa-rotations"):
            assert row["violations"]["box"] <= 1e-6
            assert row["bone_max_pct"] <= 0.1


def test_one_modality_alone(tmp_path: Path) -> None:
    assert main(["demo", "--only", "skeleton", "--clips", "1", "--out", str(tmp_path)]) == 0
    assert set(json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))) == {"skeleton"}
    assert not (tmp_path / "walkers").exists()


def test_the_page_and_the_samples_are_there(out: Path) -> None:
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "temporal sparse" in page
    assert "rendered" in page  # the label of synthetic data
    assert list((out / "samples").glob("*/*.npz"))
    assert not list(out.rglob(".*.npz*"))


def test_a_senseless_number_of_probes_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--probes", "0", "--out", str(tmp_path / "out")]) == 2
    assert "--probes is 0; expected at least 1" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
