"""A few synthetic people on disk, cut short, and networks with random weights."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from stumble import zoo
from stumble.data import Note, write_frames
from stumble.models import GaitGAN, GaitSet, SelfGait
from stumble.models.wgan_gp import SilhouetteGAN
from stumble.synth.walkers import Walkers

TRAINED, TESTED, VIEWS = (1, 2, 3), (75, 76, 77), ("000", "090")
CONDITIONS = ("nm-01", "nm-02", "nm-05", "bg-01", "cl-01")
CARD = zoo.Card(data="nothing", command="none", seed=0, metrics={})


def write_people(root: Path) -> None:
    """One walk of each person is rendered; the conditions are 20 frames each from different places in it."""
    Note(True, "casia-b", {}).write(root)
    for subject in TRAINED + TESTED:
        for view, frames in Walkers().silhouettes(subject, "nm-01", VIEWS).items():
            for number, condition in enumerate(CONDITIONS):
                own = frames[4 * number :][:20]
                write_frames(root / f"{subject:03d}" / condition / view / f"{view}.npz", own)


@pytest.fixture(scope="session")
def walkers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("data") / "walkers"
    root.mkdir()
    write_people(root)
    return root


@pytest.fixture(scope="session")
def networks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with gaitset.safetensors, gaitgan.safetensors, selfgait.safetensors and wgan.safetensors."""
    root = tmp_path_factory.mktemp("networks")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        zoo.save(GaitSet(), root / "gaitset.safetensors", CARD)
        zoo.save(GaitGAN(4), root / "gaitgan.safetensors", CARD)
        zoo.save(SelfGait(), root / "selfgait.safetensors", CARD)
        zoo.save(SilhouetteGAN(width=4), root / "wgan.safetensors", CARD)
    return root
