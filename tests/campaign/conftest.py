"""Clips of two synthetic people on disk, an ST-GCN with random weights, and a plan over both."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from stumble import zoo
from stumble.attacks import OneStep
from stumble.campaign.action_bench import ActionBench
from stumble.campaign.plan import Plan
from stumble.constraints import JointBudget
from stumble.layouts import NTU25
from stumble.models import STGCN
from stumble.preprocess import StGcn
from stumble.synth import Actors, write_actions
from stumble.synth.action_library import ACTIONS


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("data") / "actions"
    write_actions(root, [75, 76], Actors(), replications=1)
    return root


@pytest.fixture(scope="session")
def stgcn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("networks") / "stgcn.safetensors"
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = STGCN(tuple(ACTIONS), NTU25, StGcn(frames=64, people=1))
        zoo.save(network, file, zoo.Card(data="nothing", command="none", seed=0, metrics={}))
    return file


@pytest.fixture
def plan(clips: Path, stgcn: Path) -> Plan:
    """Two cells of six clips in shards of two: six shards."""
    return Plan(
        benches={"random": ActionBench(str(stgcn), clips, limit=6)},
        attacks={"small": OneStep(JointBudget(0.01)), "large": OneStep(JointBudget(0.04))},
        shard=2,
    )
