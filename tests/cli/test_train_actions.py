from __future__ import annotations

import pickle
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from stumble import zoo
from stumble.cli import main
from stumble.models import AGCN, PALSTM, STGCN
from stumble.models.recogniser import ActionRecogniser
from stumble.preprocess import PartAware, StGcn, TwoStream

SMALL = ["--training.iterations=2", "--training.batch=4", "--recipe=StGcn", "--recipe.frames=8", "--recipe.people=1"]


@pytest.fixture(scope="module")
def actions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve people in three classes as ST-GCN's arrays: 1 to 8 in the training files, 9 to 12 in the others."""
    root = tmp_path_factory.mktemp("actions")
    for part, people in (("train", range(1, 9)), ("val", range(9, 13))):
        names = [f"S001C00{1 + p % 3}P{p:03d}R001A{1 + p % 3:03d}" for p in people]
        joints = np.random.default_rng(len(people)).standard_normal((len(names), 3, 12, 25, 2)).astype(np.float32)
        joints[..., 1] = 0
        np.save(root / f"{part}_data.npy", joints)
        (root / f"{part}_label.pkl").write_bytes(pickle.dumps((names, [p % 3 for p in people])))
    return root


@pytest.mark.parametrize(
    ("name", "kind", "recipe"),
    [
        ("stgcn", STGCN, StGcn(8, 1)),
        ("agcn", AGCN, TwoStream("bone", 8, 1)),
        ("agcn", AGCN, TwoStream(frames=8)),
        ("pa-lstm", PALSTM, PartAware(8, 1)),
    ],
)
def test_with_validation(
    name: str,
    kind: type[ActionRecogniser],
    recipe: StGcn | TwoStream | PartAware,
    actions: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "mine.safetensors"
    own = ["--training.iterations=2", "--training.batch=4", f"--recipe={type(recipe).__name__}"]
    own += [f"--recipe.{field}={value}" for field, value in asdict(recipe).items()]
    command = ["train", name, "--data", str(actions), "--split", "files", "--out", str(out), "--validate", "9-12", *own]
    assert main(command) == 0
    shown = capsys.readouterr()
    assert "training: 2/2; loss" in shown.err and "s/iteration, validation" in shown.err
    network = zoo.File(out).load()
    assert isinstance(network, kind) and network.recipe == recipe
    card = zoo.Card.read(out.with_suffix(".json"))
    assert card.data.endswith("(real data), the training side of files: 8 clips of 8 people")
    assert card.command == " ".join(["stumble", *command])
    assert card.metrics.keys() == {"top-1", "top-5", "clips"} and card.metrics["clips"] == 4
    assert f"top-1 {card.metrics['top-1']:.1f} %" in shown.out
    assert {path.name for path in tmp_path.iterdir()} == {f"mine.{end}" for end in ("safetensors", "json", "state.pt")}


def test_only_the_stream_need_be_named(actions: Path, tmp_path: Path) -> None:
    """2s-AGCN's own recipe is the default."""
    out = tmp_path / "bone.safetensors"
    own = ["--training.iterations=1", "--training.batch=2", "--recipe.stream=bone", "--recipe.frames=8"]
    assert main(["train", "agcn", "--data", str(actions), "--split", "files", "--out", str(out), *own]) == 0
    network = zoo.File(out).load()
    assert isinstance(network, AGCN) and network.recipe == TwoStream("bone", 8)


def test_starts_from_other_weights(actions: Path, tmp_path: Path) -> None:
    one, two = tmp_path / "one.safetensors", tmp_path / "two.safetensors"
    command = ["train", "stgcn", "--data", str(actions), "--split", "files", *SMALL, "--out"]
    assert main([*command, str(one)]) == 0
    assert main([*command, str(two), "--init", str(one), "--training.learning_rate=0"]) == 0
    names = ("edge_importance.3", "fcn.weight")
    states = [zoo.File(path, "stgcn").load().state_dict() for path in (one, two)]
    assert all((states[0][name] == states[1][name]).all() for name in names)


def test_hardening_goes_on_from_weights(actions: Path, tmp_path: Path) -> None:
    one, two = tmp_path / "one.safetensors", tmp_path / "two.safetensors"
    data = ["--data", str(actions), "--split", "files", *SMALL]
    assert main(["train", "stgcn", *data, "--out", str(one)]) == 0
    assert main(["harden", "stgcn", *data, "--init", str(one), "--out", str(two), "--training.steps=1"]) == 0
    assert zoo.File(two, "stgcn").load().recipe == StGcn(8, 1)
    assert zoo.Card.read(two.with_suffix(".json")).command.startswith("stumble harden stgcn")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--split", "files", "--out", "mine.pt"], "mine.pt: found suffix '.pt'; expected .safetensors"),
        (["--split", "halves", "--out", "x.safetensors"], "split 'halves': expected one of ntu60-xsub"),
        (["--split", "synthetic-xsub", "--out", "x.safetensors"], "real people; expected synthetic ones"),
        (["--split", "files", "--out", "x.safetensors", "--validate", "9,50"], "'50' is none of"),
        (["--split", "files", "--out", "x.safetensors", "--validate", "1"], "7 clips to train on and 0 to validate on"),
        (
            ["--split", "leave-one-out:009", "--out", "x.safetensors", "--validate", "9"],
            "009 are tested in leave-one-out:009; expected other people",
        ),
    ],
)
def test_what_cannot_be_trained_is_refused_and_nothing_written(
    options: list[str],
    message: str,
    actions: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["train", "stgcn", "--data", str(actions), *SMALL, *options]) == 2
    assert message in capsys.readouterr().err.splitlines()[-1]
    assert not list(tmp_path.iterdir())
