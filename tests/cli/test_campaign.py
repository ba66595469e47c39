"""A plan from the shell: run, status, judge, export, report."""

from __future__ import annotations

from pathlib import Path

import pyarrow.csv
import pyarrow.parquet as pq
import pytest
import torch

from stumble import zoo
from stumble.campaign.results import read_results
from stumble.campaign.run_folder import RunFolder
from stumble.campaign.store import read_samples
from stumble.cli import main
from stumble.models import GaitSet

YAML = """
benches:
  mine: {{class_path: GaitBench, init_args: {{model: {networks}/gaitset.safetensors, data: {walkers}, frames: 20}}}}
attacks:
  sparse:
    class_path: TemporalSparse
    init_args:
      prior: {{class_path: File, init_args: {{path: {networks}/wgan.safetensors, architecture: wgan-gp}}}}
      iterations: 2
  random:
    class_path: RandomFrames
    init_args: {{prior: {{class_path: File, init_args: {{path: {networks}/wgan.safetensors, architecture: wgan-gp}}}}}}
goals: [untargeted]
shard: 4
"""


@pytest.fixture(scope="module")
def plan(walkers: Path, networks: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("plan") / "plan.yaml"
    file.write_text(YAML.format(networks=networks, walkers=walkers), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def done(plan: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("out") / "grid"
    assert main(["run", str(plan), "--out", str(out), "--workers", "1"]) == 0
    return out


def test_run_says_how_it_came_out(plan: Path, done: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is left to do, so this is quick."""
    assert main(["run", str(plan), "--out", str(done), "--workers", "1"]) == 0
    shown = capsys.readouterr()
    assert "sparse" in shown.out and "synthetic" in shown.out
    assert "among decisions that were right" in shown.out
    assert f"`stumble report {done}` shows it as a page" in shown.out
    assert "12/12; 2 of 2 cells" in shown.err


def test_status(done: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", str(done)]) == 0
    shown = capsys.readouterr().out
    assert "6 of 6" in shown and "everything is done" in shown


def test_the_samples_can_be_judged_again(done: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["judge", str(done)]) == 0
    assert "12 rows judged again, the same verdicts" in capsys.readouterr().out


def test_a_verdict_that_was_changed_by_hand_shows(done: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = next(done.glob("cells/*/0000/verdicts.parquet"))
    original, table = file.read_bytes(), pq.read_table(file)
    flipped = pyarrow.array([not value for value in table["correct_after"].to_pylist()])
    place = table.column_names.index("correct_after")
    pq.write_table(table.set_column(place, "correct_after", flipped), file)
    try:
        assert main(["judge", str(done)]) == 1
    finally:
        file.write_bytes(original)
    assert "correct_after was" in capsys.readouterr().out


def test_exports(done: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for kind, suffix in (("csv", "csv"), ("parquet", "parquet"), ("latex", "tex")):
        assert main(["export", str(done), "--to", kind]) == 0
        assert f"results.{suffix}" in capsys.readouterr().out
    table = pyarrow.csv.read_csv(done / "results.csv")
    assert len(table) == len(pq.read_table(done / "results.parquet")) == 12
    assert set(table["attack"].to_pylist()) == {"sparse", "random"}
    assert set(table["synthetic"].to_pylist()) == {True}
    rows = pq.read_table(done / "results.parquet").to_pylist()
    for row in rows:
        assert row["reached"] == (row["correct_before"] and not row["correct_after"])
        both = [other["reached"] for other in rows if other["sample"] == row["sample"]]
        assert row["worst_case"] == any(both) and isinstance(row["flags"], str)
    text = (done / "results.tex").read_text(encoding="utf-8")
    assert text.count("sparse & 1 & ") == 1 and r"\bottomrule" in text


def test_report(done: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["report", str(done), "--films", "3"]) == 0
    assert "report.html: 12 samples, 3 to be played, " in capsys.readouterr().out
    page = (done / "report.html").read_text(encoding="utf-8")
    assert "At least one of 2 attacks reaches its goal in" in page and "synthetic data" in page
    assert page.count('<article class="sequence"') == 3
    assert main(["report", str(done), "--films", "0", "--out", str(tmp_path / "new" / "bare.html")]) == 0
    assert (tmp_path / "new" / "bare.html").exists()


def test_export_and_report_need_no_network(done: Path, networks: Path, tmp_path: Path) -> None:
    gone = networks / "gaitset.safetensors"
    gone.rename(tmp_path / "aside")
    try:
        for command in (["report", str(done)], ["export", str(done), "--to", "latex"]):
            assert main(command) == 0
    finally:
        (tmp_path / "aside").rename(gone)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["run", "plan.yml", "--out", "x"], "found 'plan.yml' to run; expected a YAML file or preset:NAME"),
        (["run", "preset:ciasa-table1", "--out", "x"], "found no --data; a preset needs it"),
        (["run", "PLAN", "--out", "x", "--model", "m"], "--model, --prior and --data are for presets"),
        (["run", "PLAN", "--out", "x", "--workers", "0"], "--workers is 0"),
        (["status", "nowhere"], "nowhere/plan.json"),
        (["judge", "nowhere"], "nowhere/plan.json"),
        (["export", "nowhere"], "nowhere/plan.json"),
        (["report", "nowhere"], "nowhere/plan.json"),
    ],
)
def test_what_cannot_be_done_is_said(
    arguments: list[str],
    told: str,
    plan: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([str(plan) if a == "PLAN" else a for a in arguments]) == 2
    assert told in capsys.readouterr().err


def test_weights_that_are_gone_stop_nothing_that_is_done(
    plan: Path, done: Path, networks: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    gone = networks / "gaitset.safetensors"
    gone.rename(tmp_path / "aside")
    try:
        assert main(["run", str(plan), "--out", str(done)]) == 2
        assert "gaitset.safetensors" in capsys.readouterr().err
        assert main(["status", str(done)]) == 0
    finally:
        (tmp_path / "aside").rename(gone)
    assert main(["judge", str(done)]) == 0


def test_what_is_made_on_one_recogniser_is_judged_on_another(
    walkers: Path, networks: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The attack and so the samples are the same; the decisions are the other's."""
    with torch.random.fork_rng():
        torch.manual_seed(1)
        zoo.save(GaitSet(), tmp_path / "other.safetensors", zoo.Card("nothing", "none", 0, {}))
    text = YAML.format(networks=networks, walkers=walkers).replace("frames: 20", "frames: 20, limit: 2")
    own = next(line for line in text.splitlines() if "GaitBench" in line)
    other = own.replace("mine:", "other:").replace("gaitset.safetensors", "gaitset.safetensors, source: SOURCE")
    other = other.replace(f"{networks}/gaitset.safetensors", f"{tmp_path}/other.safetensors")
    other = other.replace("SOURCE", f"{networks}/gaitset.safetensors")
    text = text.replace(own, f"{own}\n{other}").partition("  random:")[0] + "goals: [untargeted]\nshard: 4\n"
    (tmp_path / "plan.yaml").write_text(text, encoding="utf-8")
    out = tmp_path / "out"
    assert main(["run", str(tmp_path / "plan.yaml"), "--out", str(out), "--workers", "1"]) == 0
    folder = RunFolder(out)
    mine, transfer = (result.verdicts for result in read_results(folder))
    assert mine is not None and transfer is not None
    assert mine["sample"].equals(transfer["sample"]) and not mine["margin_after"].equals(transfer["margin_after"])
    first, second = (sorted(folder.samples(cell.shards[0]).glob("*.npz")) for cell in folder.cells())
    for one, two in zip(first, second, strict=True):
        assert torch.equal(read_samples(one)[0].frames, read_samples(two)[0].frames)
    assert main(["judge", str(out)]) == 0
