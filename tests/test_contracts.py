"""Everything there is, under the contract suite: a component that is new adds its row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from stumble.attacks import PixelAttack
from stumble.constraints import Even, Kept, Sparsity
from stumble.interfaces import Attack, Constraint, Goal, InputSpec, Target
from stumble.models import GaitSet
from stumble.sequences import Silhouettes
from stumble.targets import wrap
from stumble.testing import check_attack, check_constraint, check_target


@pytest.fixture(scope="module")
def batch() -> Silhouettes:
    """Three walkers, two of them short: soft blobs that sway."""
    rows, columns = torch.meshgrid(torch.linspace(-1, 1, 64), torch.linspace(-1, 1, 44), indexing="ij")
    phases = [torch.arange(n)[:, None, None] + k for k, n in enumerate((7, 4, 3))]
    frames = [torch.sigmoid(20 * (0.4 - (columns - 0.2 * torch.sin(p + 3 * rows)).abs())) for p in phases]
    return Silhouettes.pad(frames, ["001/nm-01/090", "002/nm-01/090", "003/bg-01/018"])


def gaitset() -> GaitSet:
    torch.manual_seed(0)
    return GaitSet().eval()


def wrapped() -> Target:
    """A network with batch norm and dropout, left in training mode, on the mean frame."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(64 * 44, 8), nn.BatchNorm1d(8), nn.Dropout())

    def embed(net: nn.Module, batch: Silhouettes) -> Tensor:
        embedding: Tensor = net(torch.stack([frames.mean(0).flatten() for frames in batch.unpadded()]))
        return embedding

    return wrap(net, InputSpec(64, 44), embed)


@pytest.mark.parametrize("target", [gaitset, wrapped])
def test_targets(target: Callable[[], Target], batch: Silhouettes) -> None:
    check_target(target(), batch)


@pytest.mark.parametrize(
    "attack",
    [
        PixelAttack(iterations=2),
        PixelAttack(Sparsity(0.5), Even(), iterations=2, momentum=1.0),
        PixelAttack(iterations=2, incremental=False),
    ],
    ids=repr,
)
def test_attacks(attack: Attack, batch: Silhouettes) -> None:
    target = gaitset()
    with torch.no_grad():
        reference = target(batch).embedding
    check_attack(attack, target, batch, Goal("untargeted", torch.tensor([0, 1, 2]), reference=reference))


@pytest.mark.parametrize("constraint", [Kept("alter"), Kept("insert")], ids=repr)
def test_constraints(constraint: Constraint, batch: Silhouettes) -> None:
    edited = batch.mask & (torch.arange(7) == 0)
    clean = batch
    if constraint == Kept("insert"):
        clean = Silhouettes.pad([frames[1:] for frames in batch.unpadded()], batch.ids)
    frames = torch.where(batch.mask[:, :, None, None], 1 - batch.frames, 0.0)
    check_constraint(constraint, clean, replace(batch, frames=frames), edited)
