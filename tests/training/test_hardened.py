"""Training on attacks that are made on the network as it is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from stumble.errors import SpecError, WeightsError
from stumble.interfaces import Weights
from stumble.layouts import NTU25
from stumble.models import STGCN, GaitSet
from stumble.models.wgan_gp import SilhouetteGAN
from stumble.preprocess import Pyskl, StGcn
from stumble.training import ActionClips, HardenedGaitSetTraining, HardenedSTGCNTraining
from stumble.training.gait import Batch, embedded
from stumble.training.walks import Walks


@dataclass(frozen=True)
class Untrained(Weights):
    """A small generator and critic as they are initialised."""

    seed: int = 0

    @property
    def digest(self) -> str:
        return f"{self.seed:064d}"

    def load(self) -> nn.Module:
        with torch.random.fork_rng():
            torch.manual_seed(self.seed)
            return SilhouetteGAN(width=4).eval().requires_grad_(False)


TINY = HardenedGaitSetTraining(
    iterations=3, subjects=2, sequences=2, frames=4, bfloat16=False, prior=Untrained(), steps=2
)


def test_some_sequences_of_a_batch_are_attacked_on_the_network_as_it_is() -> None:
    torch.manual_seed(0)
    network = GaitSet()
    frames = torch.rand(4, 4, 64, 44, generator=torch.Generator().manual_seed(0))
    batch = Batch(frames, torch.tensor([0, 0, 1, 1]), np.random.default_rng(0), 7)
    training = replace(TINY, steps=10)
    shown = training.shown(network, batch)
    changed = (shown != frames).flatten(2).any(2)
    assert sorted(changed.sum(1).tolist()) == [0, 0, 1, 1]
    assert network.training and all(p.requires_grad for p in network.parameters())
    assert shown.min() >= 0 and shown.max() <= 1 and not shown.requires_grad

    def similarity(seen: torch.Tensor) -> torch.Tensor:
        one, other = (embedded(network, x, False).flatten(1) for x in (frames, seen))
        return nn.functional.cosine_similarity(one, other)[changed.any(1)]

    barely = replace(training, steps=1, step=1e-6)
    again = barely.shown(network, replace(batch, chance=np.random.default_rng(0)))
    assert bool((similarity(shown) < similarity(again)).all())


def test_hardening_resumes_bit_for_bit(people: Walks, tmp_path: Path) -> None:
    whole = TINY.run(people, tmp_path / "whole.pt")
    replace(TINY, iterations=2).run(people, tmp_path / "parts.pt")
    parts = TINY.run(people, tmp_path / "parts.pt")
    clean = replace(TINY, share=0.25).run(people, tmp_path / "clean.pt")
    for name, value in whole.state_dict().items():
        assert torch.equal(value, parts.state_dict()[name]), name
    assert not torch.equal(whole.parts, clean.parts)
    with pytest.raises(WeightsError, match=r"found a training with prior='0+'; expected prior='0+1'"):
        replace(TINY, prior=Untrained(1)).run(people, tmp_path / "whole.pt")


@pytest.mark.parametrize("wrong", [{"share": 0.0}, {"steps": 0}, {"edited": 4}, {"edited": 0}, {"fewest": 2}])
def test_what_is_no_hardening_of_gaitset(wrong: dict[str, float]) -> None:
    with pytest.raises(SpecError, match="HardenedGaitSetTraining: found"):
        replace(TINY, **wrong)


def clips(recipe: StGcn | Pyskl) -> ActionClips:
    rng = np.random.default_rng(0)
    arrays = rng.normal(size=(6, 3, 8, 25, 1)).astype("float32") * 0.3
    arrays[1, :, 5:] = 0  # padding
    return ActionClips(arrays, np.arange(6) % 2, ("a",) * 6, ("one", "two"), NTU25, recipe)


def test_some_clips_of_a_batch_are_attacked_within_the_box() -> None:
    torch.manual_seed(0)
    network = STGCN(("one", "two"), NTU25, StGcn(frames=8, people=1))
    own = clips(network.recipe)
    x, label = torch.from_numpy(own.arrays), torch.from_numpy(own.labels)
    training = HardenedSTGCNTraining(epsilon=0.01, steps=4)
    shown = training.shown(network, x, label)
    moved = (shown - x).abs().flatten(1).amax(1)
    assert bool((moved[:3] > 0).all()) and bool((moved[:3] <= 0.01 + 1e-6).all()) and not bool(moved[3:].any())
    assert not bool(shown[1, :, 5:].any())
    assert network.training and all(p.requires_grad for p in network.parameters())
    network.eval()
    with torch.no_grad():
        losses = [nn.functional.cross_entropy(network.logits(y[:3]), label[:3]) for y in (x, shown)]
    assert losses[1] > losses[0]


def test_hardening_of_stgcn_learns_from_what_it_is_shown(tmp_path: Path) -> None:
    own = clips(StGcn(frames=8, people=1))
    training = HardenedSTGCNTraining(iterations=1, batch=4, bfloat16=False, steps=1)
    weights = [replace(training, epsilon=e).run(STGCN, own, tmp_path / f"{e}.pt").fcn.weight for e in (0.004, 0.1)]
    assert not torch.equal(*weights)
    with pytest.raises(SpecError, match="expected clips in space, as the recipe StGcn has them"):
        training.run(STGCN, clips(Pyskl()), tmp_path / "image.pt")


@pytest.mark.parametrize("wrong", [{"share": 1.5}, {"steps": 0}, {"epsilon": 0.0}])
def test_what_is_no_hardening_of_stgcn(wrong: dict[str, float]) -> None:
    with pytest.raises(SpecError, match="HardenedSTGCNTraining: found"):
        HardenedSTGCNTraining(**wrong)
