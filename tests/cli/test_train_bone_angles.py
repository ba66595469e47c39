from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from stumble import zoo
from stumble.cli.parsing import parse
from stumble.cli.train_bone_angles import train_bone_angles
from stumble.data.action_opening import open_actions
from stumble.data.pose_pool import FolderPoses
from stumble.errors import SpecError
from stumble.layouts import NTU25
from stumble.models import STGCN
from stumble.preprocess import StGcn
from stumble.priors import BoneAngleDiscriminator


@pytest.fixture(scope="module")
def actions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five people in three classes as ST-GCN's arrays: 1 to 4 in the training files; and a recogniser of them."""
    root = tmp_path_factory.mktemp("actions")
    for part, people in (("train", range(1, 5)), ("val", range(5, 6))):
        names = [f"S001C001P{p:03d}R001A{1 + p % 3:03d}" for p in people]
        joints = np.random.default_rng(len(people)).standard_normal((len(names), 3, 10, 25, 1)).astype(np.float32)
        np.save(root / f"{part}_data.npy", joints)
        (root / f"{part}_label.pkl").write_bytes(pickle.dumps((names, [p % 3 for p in people])))
    torch.manual_seed(0)
    network = STGCN(open_actions(root).classes, NTU25, StGcn(8, 1))
    zoo.save(network, root / "model.safetensors", zoo.Card("nothing", "none", 0, {}))
    return root


def train(actions: Path, out: Path, *options: str) -> None:
    small = [
        "--training.iterations=3",
        "--training.batch=8",
        "--attack=stumble.attacks.one_step.OneStep",
        "--goal=untargeted",
    ]
    given = ["--data", str(actions), "--split", "files", "--model", str(actions / "model.safetensors"), *small]
    parsed = parse(train_bone_angles, "stumble train bone-angles", [*given, "--out", str(out), *options])
    train_bone_angles(**parsed, command_line="the command")


def test_a_discriminator_with_its_card(actions: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "poses.safetensors"
    train(actions, out)
    assert isinstance(zoo.File(out, "bone-angles").load(), BoneAngleDiscriminator)
    card = zoo.Card.read(out.with_suffix(".json"))
    assert card.data.endswith(
        "(real data), the training side of files: 24 poses of 3 people"
    )  # the recogniser looks at 8 frames
    assert card.metrics.keys() == {"clean taken for real", "attacked taken for real", "poses"}
    assert card.metrics["poses"] == 8  # of the fourth person
    assert f"takes {card.metrics['clean taken for real']:.1f} % of the clean poses" in capsys.readouterr().out


def test_somebody_must_be_left_to_train_on(actions: Path, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="all people to train on are held out"):
        train(actions, tmp_path / "poses.safetensors", "--held_out", "1-4")
    assert list(tmp_path.iterdir()) == []


def test_clean_poses_of_a_folder(actions: Path) -> None:
    poses, samples = FolderPoses(actions, "files", per_clip=2).load()
    assert poses.shape == (8, 25, 3) and len({*samples}) == 4
    assert len({*FolderPoses(actions).load()[1]}) == 5
