from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from stumble import zoo
from stumble.attacks import GreedyTrials, PixelAttack, RealFrames, TemporalSparse
from stumble.cli import main
from stumble.cli.shorthand import spelled_out
from stumble.constraints import Even, Sparsity
from stumble.data.frame_pool import FolderFrames
from stumble.interfaces import Attack
from stumble.spec import from_plain, to_plain

TINY = ["--attack.budget.share", "0.2", "--frames", "6", "--limit", "2"]


@pytest.fixture
def command(walkers: Path, networks: Path, tmp_path: Path) -> list[str]:
    out = str(tmp_path / "out")
    return ["attack", "--model", str(networks / "gaitset.safetensors"), "--data", str(walkers), "--out", out]


def test_temporal_sparse_with_nested_fields(
    command: list[str], networks: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prior = networks / "wgan.safetensors"
    options = ["--attack", "TemporalSparse", "--attack.prior", str(prior), "--attack.iterations", "2", *TINY]
    assert main([*command, *options, "--attack.positions", "Even"]) == 0
    shown = capsys.readouterr().out
    assert "synthetic data" in shown and "rank-1, clean" in shown and "plausible success" in shown
    out = tmp_path / "out"
    assert {path.name for path in tmp_path.iterdir()} == {"out"}
    assert {path.name for path in out.iterdir()} == {"attack.json", "verdicts.parquet", "samples"}
    result = json.loads((out / "attack.json").read_text())
    assert from_plain(result["specification"]["attack"], Attack) == TemporalSparse(
        zoo.File(prior, "wgan-gp"), budget=Sparsity(0.2), positions=Even(), iterations=2
    )
    assert result["specification"]["data"] == {"name": "walkers", "synthetic": True, "protocol": "casia-b"}
    assert (result["summary"]["NM"]["sequences"], result["summary"]["NM"]["violation"]) == (2, 0)
    assert result["summary"]["NM"]["sparsity"] == pytest.approx(2 / 6)
    assert 0 < result["plausibility"]["overlap"] <= 1
    verdicts = pq.read_table(out / "verdicts.parquet")
    assert json.loads(verdicts.schema.metadata[b"stumble"]) == result
    assert len(verdicts) == 2 and verdicts["realness"].null_count == 0
    with np.load(out / "samples" / "0000.npz") as samples:
        assert samples["frames"].shape == (2, 6, 64, 44)
        np.testing.assert_array_equal(samples["edited"][0], [False, True, False, False, True, False])


def test_searched_positions_and_coherent_frames(command: list[str], networks: Path, tmp_path: Path) -> None:
    options = ["--attack", "TemporalSparse", "--attack.prior", str(networks / "wgan.safetensors"), *TINY]
    options += ["--attack.iterations", "1", "--attack.positions", "GreedyTrials", "--attack.coherence", "0.6"]
    assert main([*command, *options]) == 0
    result = json.loads((tmp_path / "out" / "attack.json").read_text())
    attack = from_plain(result["specification"]["attack"], Attack)
    assert isinstance(attack, TemporalSparse)
    assert (attack.positions, attack.coherence) == (GreedyTrials(), 0.6)
    verdicts = pq.read_table(tmp_path / "out" / "verdicts.parquet")
    assert set(verdicts["queries"].to_pylist()) == {6 + 5 + 1}, "the places tried for two frames, and a step"


def test_a_black_box_attack_stores_the_queries_of_each_sample(
    command: list[str], networks: Path, tmp_path: Path
) -> None:
    options = ["--attack", "EvolvedLatents", "--attack.prior", str(networks / "wgan.safetensors"), *TINY]
    assert main([*command, *options, "--attack.queries", "7", "--attack.population", "4"]) == 0
    verdicts = pq.read_table(tmp_path / "out" / "verdicts.parquet")
    for stopped, queries in zip(verdicts["stopped"].to_pylist(), verdicts["queries"].to_pylist(), strict=True):
        assert (stopped, queries) == ("budget", 7) or (stopped == "reached" and 1 <= queries <= 7)


def test_a_file_and_the_command_line_mean_the_same(command: list[str], networks: Path, tmp_path: Path) -> None:
    options = ["--goal", "targeted", "--kinds", "BG", "--frames", "3", "--limit", "1"]
    assert main([*command, *options, "--attack", "PixelAttack", "--attack.iterations", "1"]) == 0
    file = tmp_path / "attack.yaml"
    model, data, _ = command[2::2]
    attack = {"class_path": "PixelAttack", "init_args": {"iterations": 1}}
    again = {"model": model, "data": data, "out": str(tmp_path / "again"), "attack": attack}
    file.write_text(json.dumps({**again, "goal": "targeted", "kinds": "BG", "frames": 3, "limit": 1}))
    assert main(["attack", "--config", str(file)]) == 0
    one, two = (json.loads((tmp_path / name / "attack.json").read_text()) for name in ("out", "again"))
    assert one["identity"] == two["identity"] and one["summary"] == two["summary"]
    assert main(["attack", "--config", str(file), "--out", str(tmp_path / "other"), "--seed", "2"]) == 0
    assert json.loads((tmp_path / "other" / "attack.json").read_text())["identity"] != one["identity"]


def test_real_frames_come_from_the_people_that_the_protocol_trains(
    command: list[str], walkers: Path, tmp_path: Path
) -> None:
    assert main([*command, "--attack", "RealFrames", f"--attack.pool={walkers}", *TINY]) == 0
    result = json.loads((tmp_path / "out" / "attack.json").read_text())
    attack = from_plain(result["specification"]["attack"], Attack)
    assert attack == RealFrames(FolderFrames(walkers, ("001", "002", "003")), budget=Sparsity(0.2))


def test_a_preset_is_named_by_its_path(command: list[str], tmp_path: Path) -> None:
    assert main([*command, "--attack", "stumble.attacks.fgsm", *TINY, "--kinds", "NM,CL"]) == 0
    result = json.loads((tmp_path / "out" / "attack.json").read_text())
    assert from_plain(result["specification"]["attack"], Attack) == PixelAttack(Sparsity(0.2), iterations=1, step=1.0)
    assert list(result["summary"]) == ["NM", "CL"]


def test_without_training_people_plausibility_is_not_judged(
    command: list[str], walkers: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tested = tmp_path / "tested"
    tested.mkdir()
    for name in ("stumble.json", "075", "076"):
        (tested / name).symlink_to(walkers / name)
    command[command.index("--data") + 1] = str(tested)
    assert main([*command, "--attack", "stumble.attacks.fgsm", *TINY]) == 0
    assert "plausibility is not judged: fewer than 3 training people" in capsys.readouterr().err
    result = json.loads((tmp_path / "out" / "attack.json").read_text())
    assert result["plausibility"] is None and result["summary"]["NM"]["plausible"] is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--attack", "TemporalSpars"], "TemporalSpars"),
        (["--attack", "TemporalSparse"], "the following arguments are required: prior"),
        (["--attack", "PixelAttack", "--attack.bugdet.share", "0.1"], "bugdet"),
        (["--attack", "PixelAttack", "--attack.budget.share", "2"], "Sparsity: share is 2; it must lie in (0, 1]"),
        (["--attack", "TemporalSparse", "--attack.prior", "wgan-x"], "wgan-x: found no such file; expected a checkp"),
        (["--attack", "TemporalSparse", "--attack.prior", "{gaitset}"], "expected a silhouette generator's"),
        (["--attack", "RealFrames", "--attack.pool", "nowhere"], "nowhere: found nothing; expected a folder of gait"),
        (["--attack", "PixelAttack", "--kinds", "nm"], "kind 'nm': expected some of NM, BG, CL; did you mean"),
    ],
)
def test_what_cannot_be_run_is_refused_and_nothing_written(
    options: list[str],
    message: str,
    command: list[str],
    networks: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    options = [option.format(gaitset=networks / "gaitset.safetensors") for option in options]
    assert main([*command, *options]) == 2
    shown = capsys.readouterr().err
    assert message in shown and "Traceback" not in shown
    assert not list(tmp_path.iterdir())


def test_a_folder_with_something_in_it_is_left_alone(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "notes.txt").write_text("mine")
    assert main([*command, "--attack", "PixelAttack"]) == 2
    assert "found something there already; expected a new or an empty folder" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["notes.txt"]


def test_an_interrupted_attack_leaves_nothing(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        assert [path.name.startswith(".out.") for path in tmp_path.iterdir()] == [True]
        raise KeyboardInterrupt

    monkeypatch.setattr("stumble.campaign.GaitEvaluation.attack", interrupted)
    assert main([*command, "--attack", "PixelAttack", *TINY]) == 130
    assert "interrupted; nothing was written" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_shorthand_leaves_alone_what_is_spelled_out(networks: Path) -> None:
    spelled = ["--attack.prior=Shipped", "--attack.prior.name=x", "--attack.pool=FolderFrames", "--seed", "1"]
    assert spelled_out("stumble attack", spelled) == spelled
    file = networks / "wgan.safetensors"
    (written,) = spelled_out("stumble attack", ["--attack.prior", str(file)])
    assert json.loads(written.partition("=")[2]) == to_plain(zoo.File(file, "wgan-gp"))


def test_shorthand_knows_shipped_names(networks: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stumble.zoo.weights.SHIPPED", networks)
    (written,) = spelled_out("stumble attack", ["--attack.prior=wgan"])
    assert json.loads(written.partition("=")[2]) == to_plain(zoo.Shipped("wgan"))
