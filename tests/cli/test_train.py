from __future__ import annotations

from pathlib import Path

import cv2
import pytest
import torch

from stumble import zoo
from stumble.cli import main
from stumble.models import GaitSet
from stumble.models.wgan_gp import SilhouetteGAN

GAITSET = ["--training.iterations=2", "--training.subjects=2", "--training.sequences=2", "--training.frames=2"]
WGAN = ["--training.iterations=2", "--training.width=4", "--training.batch=4", "--training.penalised=2"]


def test_gaitset_with_validation(walkers: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "mine.safetensors"
    command = ["train", "gaitset", "--data", str(walkers), "--out", str(out), "--validate", "75-77", *GAITSET]
    assert main(command) == 0
    shown = capsys.readouterr()
    assert "training: 2/2; loss" in shown.err and "s/iteration, rank-1" in shown.err
    assert isinstance(zoo.File(out).load(), GaitSet)
    card = zoo.Card.read(out.with_suffix(".json"))
    assert card.data == "walkers (synthetic data), 3 people from 001 to 003"
    assert card.command == " ".join(["stumble", *command])
    assert set(card.metrics) == {"rank-1 NM", "rank-1 BG", "rank-1 CL"}
    assert f"rank-1 NM {card.metrics['rank-1 NM']:.1f} %" in shown.out


SMALL = {
    "gaitbase": ["--training.channels=[4,4,4,4]"],
    "geinet": [],
    "gaitgan": ["--training.width=2"],
    "selfgait": ["--training.unlabelled=1"],
}


@pytest.mark.parametrize("name", SMALL)
def test_every_recogniser_is_trained_alike_and_evaluated_by_its_file(
    name: str, walkers: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "mine.safetensors"
    data = ["--data", str(walkers)]
    assert main(["train", name, *data, "--out", str(out), "--validate", "75-77", *GAITSET, *SMALL[name]]) == 0
    assert "training: 2/2; " in capsys.readouterr().err
    card = zoo.Card.read(out.with_suffix(".json"))
    assert card.architecture == name and set(card.metrics) == {"rank-1 NM", "rank-1 BG", "rank-1 CL"}
    assert main(["evaluate", "--model", str(out), *data, "--frames", "4", "--baseline", "none"]) == 0
    attack = ["--attack", "PixelAttack", "--attack.iterations", "1", "--limit", "2", "--frames", "4"]
    assert main(["attack", "--model", str(out), *data, "--out", str(tmp_path / "attacked"), *attack]) == 0


def test_gaitset_goes_on_where_it_stopped(walkers: Path, tmp_path: Path) -> None:
    one, two = tmp_path / "one.safetensors", tmp_path / "two.safetensors"
    fixed = ["--data", str(walkers), *GAITSET, "--training.decay=0"]
    assert main(["train", "gaitset", "--out", str(one), *fixed, "--training.iterations=1"]) == 0
    half = one.read_bytes()
    assert main(["train", "gaitset", "--out", str(one), *fixed]) == 0
    assert main(["train", "gaitset", "--out", str(two), *fixed]) == 0
    assert one.read_bytes() == two.read_bytes() != half
    assert {path.name for path in tmp_path.iterdir()} == {
        f"{name}.{end}" for name in ("one", "two") for end in ("safetensors", "json", "state.pt")
    }


def test_hardening_goes_on_from_weights_and_names_its_generator(
    walkers: Path, networks: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, start = tmp_path / "mine.safetensors", networks / "gaitset.safetensors"
    command = ["harden", "gaitset", "--data", str(walkers), "--out", str(out), "--init", str(start), *GAITSET]
    assert main([*command, "--training.prior", str(networks / "wgan.safetensors"), "--training.steps", "1"]) == 0
    assert isinstance(zoo.File(out).load(), GaitSet) and out.read_bytes() != start.read_bytes()
    assert main([*command, "--training.prior", str(start)]) == 2
    assert "found a training with prior=" in capsys.readouterr().err  # whose state is there


def test_a_state_of_another_training_is_refused(
    walkers: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["train", "gaitset", "--data", str(walkers), "--out", str(tmp_path / "mine.safetensors"), *GAITSET]
    assert main(command) == 0
    capsys.readouterr()
    assert main([*command, "--training.seed", "5"]) == 2
    assert "found a training with seed=0; expected seed=5" in capsys.readouterr().err


def test_wgan(walkers: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "mine.safetensors"
    assert main(["train", "wgan", "--data", str(walkers), "--out", str(out), "--held-out", "75,76", *WGAN]) == 0
    shown = capsys.readouterr()
    assert "training: 2/2; Wasserstein distance" in shown.err
    prior = zoo.File(out, "wgan-gp").load()
    assert isinstance(prior, SilhouetteGAN)
    assert float(prior.scale) != 1 and torch.isfinite(prior.scale)
    card = zoo.Card.read(out.with_suffix(".json"))
    assert card.data == "walkers (synthetic data), 3 people from 001 to 003"
    assert 0 <= card.metrics["nearest_neighbour_accuracy"] <= 1
    assert f"real iou: {card.metrics['real_iou']:.4g}" in shown.out
    assert cv2.imread(str(out.with_suffix(".png"))).shape == (8 * 64, 16 * 44, 3)


def test_wgan_holds_out_the_last_of_those_to_train_on(walkers: Path, tmp_path: Path) -> None:
    out = tmp_path / "mine.safetensors"
    assert main(["train", "wgan", "--data", str(walkers), "--out", str(out), "--subjects", "1-3,75", *WGAN]) == 0
    assert zoo.Card.read(out.with_suffix(".json")).data == "walkers (synthetic data), 3 people from 001 to 003"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--out", "mine.pt"], "mine.pt: found suffix '.pt'; expected .safetensors"),
        (["--out", "x.safetensors", "--validate", "3-75"], "--validate 3-75: 003 would be trained on too"),
        (["--out", "x.safetensors", "--subjects", "1-3,200"], "'200' is none of the people of walkers (6 people"),
        (["--out", "x.safetensors", "--training.subjects", "8"], "3 training subjects for batches of 8"),
    ],
)
def test_what_cannot_be_trained_is_refused_and_nothing_written(
    options: list[str],
    message: str,
    walkers: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["train", "gaitset", "--data", str(walkers), *GAITSET, *options]) == 2
    assert message in capsys.readouterr().err.splitlines()[-1]
    assert not list(tmp_path.iterdir())
