"""Skeleton actions at the command line: checked, recognised, attacked."""

from __future__ import annotations

import json
import pickle
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch

from stumble import zoo
from stumble.attacks import CIASA, OneStep
from stumble.cli import main
from stumble.cli.shorthand import spelled_out
from stumble.constraints import JointBudget
from stumble.data.action_notes import ActionNote
from stumble.data.pose_pool import FolderPoses
from stumble.interfaces import SkeletonAttack
from stumble.layouts import NTU25
from stumble.models import AGCN, STGCN
from stumble.preprocess import StGcn, TwoStream
from stumble.priors import BoneAngleDiscriminator, Frozen, TrainedAlong
from stumble.spec import from_plain, to_plain

CLASSES = ("walk", "wave", "sit")
TRAINED, TESTED = (1, 2), (75, 76)
NAMES = [f"S001C001P{p:03d}R001A{a:03d}" for p in TRAINED + TESTED for a in range(1, len(CLASSES) + 1)]
CARD = zoo.Card(data="nothing", command="none", seed=0, metrics={})


def write_actions(root: Path, damaged: Sequence[str] = ()) -> Path:
    """Everybody stands in a pose of the class and moves a little: 10 frames, as ST-GCN's arrays."""
    root.mkdir()
    random = np.random.default_rng(0)
    poses = random.normal(0, 0.3, (len(CLASSES), 1, 25, 3))
    clips = np.stack([poses[k % len(CLASSES)] + random.normal(0, 0.02, (10, 25, 3)) for k in range(len(NAMES))])
    for name in damaged:
        clips[NAMES.index(name), 3, 7, 1] = np.nan
    np.save(root / "all_data.npy", clips.transpose(0, 3, 1, 2)[..., None].astype(np.float32))
    (root / "all_label.pkl").write_bytes(pickle.dumps((NAMES, [k % len(CLASSES) for k in range(len(NAMES))])))
    ActionNote(True, CLASSES, NTU25.name).write(root)
    return root


@pytest.fixture(scope="module")
def actions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_actions(tmp_path_factory.mktemp("data") / "actions")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with stgcn.safetensors, four.safetensors of four classes, and poses.safetensors; weights are random."""
    root = tmp_path_factory.mktemp("networks")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        zoo.save(STGCN(CLASSES, NTU25, StGcn(8, 1)), root / "stgcn.safetensors", CARD)
        zoo.save(STGCN((*CLASSES, "bow"), NTU25, StGcn(8, 1)), root / "four.safetensors", CARD)
        zoo.save(BoneAngleDiscriminator(NTU25), root / "poses.safetensors", CARD)
    return root


@pytest.fixture
def command(actions: Path, trained: Path, tmp_path: Path) -> list[str]:
    model, out = str(trained / "stgcn.safetensors"), str(tmp_path / "out")
    given = ["--model", model, "--data", str(actions), "--split", "synthetic-xsub", "--out", out]
    return ["attack", "actions", *given]


def test_clean_accuracy(actions: Path, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model, out = str(trained / "stgcn.safetensors"), tmp_path / "new" / "clean.json"
    command = ["evaluate", "actions", "--model", model, "--data", str(actions), "--out", str(out)]
    assert main([*command, "--split", "synthetic-xsub"]) == 0
    shown = capsys.readouterr().out
    assert "on actions (synthetic data), 6 clips" in shown
    assert "nearest training clip by joint positions: 100.0 %" in shown
    result = json.loads(out.read_text())
    assert (result["data"], result["synthetic"], result["split"]) == ("actions", True, "synthetic-xsub")
    assert (result["clean"]["n"], result["clean"]["top5"], result["nearest"]) == (6, 100, 100)
    low, high = result["clean"]["ci95"]
    assert low <= result["clean"]["top1"] <= high
    assert {name: row["n"] for name, row in result["classes"].items()} == dict.fromkeys(CLASSES, 2)
    assert np.mean([row["top1"] for row in result["classes"].values()]) == pytest.approx(result["clean"]["top1"])
    assert result["digest"] == zoo.File(Path(model), "stgcn").digest and result["left_out"] == {}


def test_classes_are_printed_as_they_are_called(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also one that is called as the line of all classes together."""
    data, model = write_actions(tmp_path / "actions"), str(trained / "stgcn.safetensors")
    ActionNote(True, ("[red]", "[/x]", "all"), NTU25.name).write(data)
    assert main(["evaluate", "actions", "--model", model, "--data", str(data)]) == 0
    first = [line.split("│")[1].strip() for line in capsys.readouterr().out.splitlines() if "│" in line]
    assert first == ["[red]", "[/x]", "all", "all"]


def test_several_networks_are_asked_together(
    actions: Path, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of any kind that takes such skeletons: here ST-GCN and a stream of 2s-AGCN."""
    one, two, out = trained / "stgcn.safetensors", tmp_path / "agcn.safetensors", tmp_path / "clean.json"
    zoo.save(AGCN(CLASSES, NTU25, TwoStream("bone", 8, 1)), two, CARD)
    command = ["evaluate", "actions", "--data", str(actions), "--subjects", "75", "--out", str(out)]
    assert main([*command, "--model", f"{one}+{two}"]) == 0
    assert json.loads(out.read_text())["digest"] == zoo.Several((zoo.File(one), zoo.File(two))).digest
    capsys.readouterr()
    assert main([*command, "--model", f"{one}+nowhere.pt"]) == 2
    assert "stumble: nowhere.pt: found no such file; expected a checkpoint" in capsys.readouterr().err
    assert main([*command, "--model", f"{one}+{trained / 'four.safetensors'}"]) == 2
    assert "an ensemble of targets that answer with 3, 4 logits" in capsys.readouterr().err


def test_without_a_split_all_clips_of_the_people_named(
    actions: Path, trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["evaluate", "actions", "--model", str(trained / "stgcn.safetensors"), "--data", str(actions)]
    assert main([*command, "--subjects", "1-2,75"]) == 0
    shown = capsys.readouterr().out
    assert "9 clips" in shown and "nearest" not in shown
    assert main([*command, "--subjects", "90"]) == 2
    assert "'90' is none of the people of actions (4 people, 001 to 076)" in capsys.readouterr().err


def test_ciasa_with_nested_fields(
    command: list[str], trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    legs = "{hip: 0.01, knee: 0.01, ankle: 0.02, foot: 0.03}"
    options = ["--attack", "CIASA", "--attack.iterations", "2", "--attack.budget.epsilon", legs]
    prior = trained / "poses.safetensors"
    assert main([*command, *options, "--attack.prior", str(prior), "--limit", "4"]) == 0
    shown = capsys.readouterr().out
    assert "CIASA, least-likely, on actions (synthetic data), 4 clips" in shown and "goal reached (95 %)" in shown
    out = tmp_path / "out"
    assert {path.name for path in tmp_path.iterdir()} == {"out"}
    assert {path.name for path in out.iterdir()} == {"attack.json", "verdicts.parquet", "samples"}
    result = json.loads((out / "attack.json").read_text())
    specification = result["specification"]
    assert from_plain(specification["attack"], SkeletonAttack) == CIASA(
        JointBudget({"hip": 0.01, "knee": 0.01, "ankle": 0.02, "foot": 0.03}),
        Frozen(zoo.File(prior, "bone-angles")),
        iterations=2,
    )
    model = zoo.File(trained / "stgcn.safetensors", "stgcn")
    assert specification["digests"] == {"model": model.digest, "prior": zoo.File(prior, "bone-angles").digest}
    assert specification["data"] == {"name": "actions", "synthetic": True, "format": "ST-GCN arrays"}
    assert (result["summary"]["n"], result["summary"]["goal"], result["left_out"]) == (4, "targeted", {})
    assert result["summary"]["violations"]["box"] < 1e-6 and result["summary"]["violations"]["untouched"] == 0
    assert 0 < result["summary"]["coordinate_max"] <= 0.03 + 1e-6
    verdicts = pq.read_table(out / "verdicts.parquet")
    assert json.loads(verdicts.schema.metadata[b"stumble"]) == result
    assert len(verdicts) == 4 and set(verdicts["subject"].to_pylist()) <= {"075", "076"}
    with np.load(out / "samples" / "0000.npz") as samples:
        assert samples["joints"].shape == (4, 1, 10, 25, 3)


def test_the_same_attack_has_the_same_identity_and_another_seed_another(command: list[str], tmp_path: Path) -> None:
    options = ["--attack", "OneStep", "--attack.budget.epsilon=0.05", "--goal", "untargeted", "--limit", "2"]
    results = []
    for name, seed in (("one", "1"), ("two", "1"), ("three", "2")):
        command[command.index("--out") + 1] = str(tmp_path / name)
        assert main([*command, *options, "--seed", seed]) == 0
        results.append(json.loads((tmp_path / name / "attack.json").read_text()))
    one, two, three = results
    assert from_plain(one["specification"]["attack"], SkeletonAttack) == OneStep(JointBudget(0.05))
    assert one["identity"] == two["identity"] != three["identity"] and one["summary"] == two["summary"]


def test_a_discriminator_trained_along_on_the_poses_of_a_folder(
    command: list[str], actions: Path, tmp_path: Path
) -> None:
    prior = ["--attack.prior", "TrainedAlong", f"--attack.prior.poses={actions}", "--attack.prior.shown=3"]
    assert main([*command, "--attack", "CIASA", "--attack.iterations=2", *prior, "--goal", "wave", "--limit", "2"]) == 0
    result = json.loads((tmp_path / "out" / "attack.json").read_text())
    attack = from_plain(result["specification"]["attack"], SkeletonAttack)
    assert attack == CIASA(prior=TrainedAlong(FolderPoses(actions), shown=3), iterations=2)


def test_shorthand_means_what_the_command_needs(actions: Path, trained: Path) -> None:
    file = trained / "poses.safetensors"
    for program in ("stumble attack actions", "stumble train bone-angles"):
        (written,) = spelled_out(program, ["--attack.prior", str(file)])
        assert json.loads(written.partition("=")[2]) == to_plain(Frozen(zoo.File(file, "bone-angles")))
    spelled = ["--attack.prior=TrainedAlong", "--attack.prior.poses.path=x", "--attack.pool", "x"]
    assert spelled_out("stumble attack actions", spelled) == spelled
    assert spelled_out("stumble demo", ["--attack.prior", "x"]) == ["--attack.prior", "x"]


@pytest.mark.parametrize("words", [["evaluate", "actions"], ["attack", "actions", "--attack", "OneStep"]])
def test_damaged_clips_are_listed_and_left_out(
    words: list[str], trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = write_actions(tmp_path / "damaged", damaged=[NAMES[0], NAMES[6]])  # the first that would be tested is one
    options = ["--model", str(trained / "stgcn.safetensors"), "--data", str(data), "--split", "synthetic-xsub"]
    out = tmp_path / "out"
    assert main([*words, *options, "--out", str(out)]) == 0
    shown = capsys.readouterr().err
    reason = f"damaged: {NAMES[6]}: found 1 frames with joints that are NaN or infinite; expected numbers"
    assert f"stumble: left out {NAMES[6]}: {reason}\n" in shown and NAMES[0] not in shown
    result = json.loads((out if "evaluate" in words else out / "attack.json").read_text())
    assert result["left_out"] == {NAMES[6]: reason}
    assert result["clean" if "evaluate" in words else "summary"]["n"] == 5


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--attack", "CIASE"], "CIASE"),
        (["--attack", "CIASA", "--attack.iteration", "3"], "iteration"),
        (["--attack", "CIASA", "--attack.iterations", "0"], "CIASA: found 0 iterations"),
        (["--attack", "OneStep", "--goal", "waev"], "found goal 'waev'; expected 'untargeted', 'least-likely' or a cl"),
        (["--attack", "OneStep", "--split", "xsub"], "split 'xsub': expected one of ntu60-xsub"),
        (["--attack", "OneStep", "--split", "ntu60-xsub"], "actions: found synthetic people; expected real ones"),
        (["--attack", "OneStep", "--subjects", "1"], "'1' is none of the people of actions (2 people, 075 to 076)"),
        (["--attack", "OneStep", "--limit", "0"], "actions: found no clip; expected at least one"),
        (
            ["--attack", "OneStep", "--model", "{trained}/poses.safetensors"],
            "poses.safetensors: found a BoneAngleDiscriminator; expected an action recogniser",
        ),
        (
            ["--attack", "OneStep", "--model", "{trained}/four.safetensors"],
            "actions: the target has 4 classes; the dat",
        ),
        (["--attack", "CIASA", "--attack.prior", "bone-angels"], "bone-angels: found no such file; expected a checkp"),
        (["--attack", "CIASA", "--attack.prior", "{trained}/stgcn.safetensors"], "no discriminator of bone angles"),
        (
            ["--attack", "CIASA", "--attack.prior=TrainedAlong", "--attack.prior.poses=nowhere"],
            "nowhere: found nothing",
        ),
    ],
)
def test_what_cannot_be_run_is_refused_and_nothing_written(
    options: list[str],
    message: str,
    command: list[str],
    trained: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([*command, *(option.format(trained=trained) for option in options)]) == 2
    shown = capsys.readouterr().err
    assert message in shown and "Traceback" not in shown
    assert not list(tmp_path.iterdir())


def test_a_folder_with_something_in_it_is_left_alone(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "notes.txt").write_text("mine")
    assert main([*command, "--attack", "OneStep"]) == 2
    assert "found something there already; expected a new or an empty folder" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["notes.txt"]


def test_an_interrupted_attack_leaves_nothing(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        assert [path.name.startswith(".out.") for path in tmp_path.iterdir()] == [True]
        raise KeyboardInterrupt

    monkeypatch.setattr("stumble.campaign.actions.ActionEvaluation.attack", interrupted)
    assert main([*command, "--attack", "OneStep"]) == 130
    assert "interrupted; nothing was written" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_synthetic_actions_are_made_and_checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "actions"
    command = ["data", "synth", "actions", "--out", str(out), "--first", "125", "--subjects", "1"]
    assert main([*command, "--replications", "1", "--format", "skeleton"]) == 0
    made = capsys.readouterr().out
    assert main(["data", "check", str(out)]) == 0
    shown = capsys.readouterr().out
    assert "NTU .skeleton, layout ntu-25, preprocessing raw" in shown
    assert "1 synthetic people: 125" in shown and "3 cameras: 001, 002, 003" in shown
    clips = len(list(out.glob("*.skeleton")))
    assert f"1 people, {clips // 3} actions" in made and f"{clips} clips, {clips} usable" in shown
