from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from stumble.data.actions import ActionData, Clip, Joints
from stumble.errors import DataError, SpecError, WeightsError
from stumble.interfaces import Weights
from stumble.layouts import NTU25, OPENPOSE18
from stumble.models import AGCN, PALSTM, STGCN
from stumble.models.recogniser import ActionRecogniser
from stumble.preprocess import StGcn
from stumble.seeds import stream
from stumble.training import ActionClips, ActionProgress, ActionTraining, HeldOutTop1, prepare
from stumble.training.actions import turned

TINY = ActionTraining(iterations=4, batch=4, learning_rate=0.05)
RECIPE = StGcn(frames=8, people=1)


def swaying(clip: Clip) -> Joints:
    """One class moves its left arm, the other its right."""
    draw = stream(0, clip.id, "test")
    joints = draw.standard_normal((1, 10, 25, 3))
    joints[0, :, 4 + 4 * clip.label : 8 + 4 * clip.label] += 5 * np.sin(np.arange(10))[:, None, None]
    return Joints(joints.astype(np.float32))


def dataset(clips: int = 16, first: int = 0) -> ActionData:
    own = tuple(Clip(f"{k:03d}", k % 2, f"{k // 4:03d}") for k in range(first, first + clips))
    return ActionData("swaying", "test", NTU25, ("left", "right"), own, swaying)


@pytest.fixture(scope="module")
def clips() -> ActionClips:
    return prepare(dataset(), RECIPE)


def test_learns_to_tell_classes_apart(tmp_path: Path) -> None:
    seen: list[ActionProgress] = []
    training = ActionTraining(iterations=40, batch=8, optimiser="sgd", learning_rate=0.02)
    network = training.run(STGCN, prepare(dataset(64), RECIPE), tmp_path / "state.pt", progress=seen.append)
    assert not network.training and network.classes == ("left", "right") and network.recipe == RECIPE
    assert [p.iteration for p in seen] == [10, 20, 30, 40]
    assert seen[-1].loss < seen[0].loss
    assert HeldOutTop1(prepare(dataset(32, first=64), RECIPE)).accuracy(network).percent > 90


@pytest.mark.parametrize("kind", [AGCN, PALSTM])
def test_other_networks_are_trained_alike(kind: type[ActionRecogniser], tmp_path: Path) -> None:
    seen: list[ActionProgress] = []
    training, clips = ActionTraining(iterations=20, batch=8, learning_rate=0.005), prepare(dataset(64), RECIPE)
    network = training.run(kind, clips, tmp_path / "state.pt", progress=seen.append)
    assert type(network) is kind and not network.training
    assert seen[-1].loss < seen[0].loss / 2
    with pytest.raises(WeightsError, match=rf"a training with network='{kind.__name__}'; expected network='STGCN'"):
        training.run(STGCN, clips, tmp_path / "state.pt")


@pytest.mark.parametrize(("kind", "turn"), [(STGCN, 0.0), (STGCN, 30.0), (AGCN, 0.0), (PALSTM, 0.0)])
def test_resumes_bit_for_bit(kind: type[ActionRecogniser], turn: float, clips: ActionClips, tmp_path: Path) -> None:
    class Interrupted(Exception):
        pass

    def interrupt(progress: ActionProgress) -> None:
        if progress.iteration == 3:
            raise Interrupted

    training = replace(TINY, turn=turn)
    whole = training.run(kind, clips, tmp_path / "whole.pt")
    with pytest.raises(Interrupted):
        training.run(kind, clips, tmp_path / "parts.pt", progress=interrupt, report_every=1, save_every=2)
    resumed: list[int] = []
    tell = resumed.append
    parts = training.run(kind, clips, tmp_path / "parts.pt", progress=lambda p: tell(p.iteration), report_every=1)
    assert resumed == [3, 4]
    for name, value in whole.state_dict().items():
        assert torch.equal(value, parts.state_dict()[name]), name


def test_every_clip_takes_its_turn() -> None:
    drawn = np.concatenate([TINY.draw(10, iteration) for iteration in range(5)])
    assert sorted(drawn[:10]) == sorted(drawn[10:]) == list(range(10))
    assert drawn[:10].tolist() != drawn[10:].tolist() != list(range(10))
    assert TINY.draw(10, 3).tolist() == TINY.draw(10, 3).tolist() != replace(TINY, seed=1).draw(10, 3).tolist()


def test_the_learning_rate_rises_and_falls() -> None:
    training = ActionTraining(iterations=100, warm_up=0.1, learning_rate=1.0)
    rates = [training.rate(i) for i in range(100)]
    assert rates[:11] == pytest.approx([*np.arange(1, 11) / 11, 1])
    assert rates[55] == pytest.approx(0.5) and 0 < rates[99] < 0.001
    assert ActionTraining(iterations=1).rate(0) == pytest.approx(0.001)


def test_turning_keeps_heights_and_distances() -> None:
    x = torch.randn(2, 3, 4, 25, 2, generator=torch.Generator().manual_seed(0)) + 3
    x[1, :, 2:] = 0
    x[:, :, :, :, 1] = 0
    back = turned(x, torch.tensor([0.3, np.pi / 2]))
    assert torch.equal(back.eq(0), x.eq(0))
    torch.testing.assert_close(back[:, 1], x[:, 1])
    for before, after in zip(x, back, strict=True):
        seen = before.ne(0).any(0)
        points, turned_points = before[:, seen].T.double(), after[:, seen].T.double()
        torch.testing.assert_close(torch.pdist(turned_points), torch.pdist(points), rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(turned_points.mean(0), points.mean(0), rtol=1e-5, atol=1e-5)
    quarter = back[1, :, 0, 0, 0] - x[1, :, :2, :, 0].mean((1, 2))
    before = x[1, :, 0, 0, 0] - x[1, :, :2, :, 0].mean((1, 2))
    torch.testing.assert_close(quarter, torch.stack([before[2], before[1], -before[0]]))
    torch.testing.assert_close(turned(x, torch.zeros(2)), x)


def test_validates_in_inference_mode(clips: ActionClips, tmp_path: Path) -> None:
    seen: list[ActionProgress] = []
    modes: list[bool] = []

    def validate(network: nn.Module) -> float:
        modes.append(network.training)
        return 0.5

    TINY.run(STGCN, clips, tmp_path / "s.pt", progress=seen.append, report_every=1, validate=validate, validate_every=2)
    assert modes == [False, False]
    assert [p.validation for p in seen] == [None, 0.5, 0.5, 0.5]


def test_held_out_top1_counts(clips: ActionClips) -> None:
    class Left(STGCN):
        def logits(self, x: torch.Tensor) -> torch.Tensor:
            return torch.tensor([[1.0, 0.0]]).expand(len(x), -1)

    held_out, left = HeldOutTop1(clips), Left(("left", "right"))
    assert held_out(left) == 50
    some = HeldOutTop1(clips, 8)
    assert 0 < some(left) < 100, "of classes that take turns, not every other clip"
    assert some(left) == HeldOutTop1(clips, 8)(left)
    assert held_out.accuracy(left).percent == 50
    assert held_out.accuracy(left, 2).percent == 100


def test_damaged_clips_are_left_out_and_named() -> None:
    def read(clip: Clip) -> Joints:
        if clip.id == "002":
            raise DataError(clip.id, "nothing", "joints")
        return swaying(clip)

    told: list[str] = []
    done: list[int] = []
    data = replace(dataset(4), read=read)
    clips = prepare(data, RECIPE, on_loaded=done.append, on_damage=lambda clip, _: told.append(clip.id))
    assert clips.arrays.shape == (3, 3, 8, 25, 1) and clips.labels.tolist() == [0, 1, 1]
    assert (told, done) == (["002"], [1, 2, 3])
    assert np.array_equal(clips.arrays[2, :, :, :, 0], swaying(data.clips[3]).positions[0, :8].transpose(2, 0, 1))
    with pytest.raises(DataError, match="002: found nothing"):
        prepare(data, RECIPE)
    with pytest.raises(DataError, match="found none of 1 clips that can be read"):
        prepare(replace(data, clips=data.clips[2:3]), RECIPE, on_damage=lambda clip, _: None)


def test_state_of_another_training_is_refused(clips: ActionClips, tmp_path: Path) -> None:
    TINY.run(STGCN, clips, tmp_path / "s.pt")
    with pytest.raises(WeightsError, match=r"s\.pt: found a training with batch=4; expected batch=5"):
        replace(TINY, batch=5).run(STGCN, clips, tmp_path / "s.pt")
    for others in (replace(clips, arrays=clips.arrays[::-1]), replace(clips, labels=clips.labels[::-1])):
        with pytest.raises(WeightsError, match=r"s\.pt: found a training with data='\w+'; expected data='\w+'"):
            TINY.run(STGCN, others, tmp_path / "s.pt")


@dataclass(frozen=True)
class Given(Weights):
    network: nn.Module

    @property
    def digest(self) -> str:
        return "0" * 64

    def load(self) -> nn.Module:
        return self.network


def test_starts_from_given_weights_of_the_same_size(clips: ActionClips, tmp_path: Path) -> None:
    source = STGCN(("l", "r"))
    still = replace(TINY, learning_rate=0.0, iterations=1)
    network = still.run(STGCN, clips, tmp_path / "s.pt", initial=Given(source))
    assert torch.equal(network.fcn.weight, source.fcn.weight)
    for other in (STGCN(("a", "b", "c")), STGCN(("a", "b"), OPENPOSE18), AGCN(("a", "b")), nn.Linear(1, 1)):
        with pytest.raises(SpecError, match=r"initial weights: found \('\w+'.*; expected \('STGCN', 25, 2\)"):
            still.run(STGCN, clips, tmp_path / "other.pt", initial=Given(other))
    with pytest.raises(WeightsError, match=r"found data_bn\.weight of shape \(150,\); expected \(75,\)"):
        still.run(AGCN, clips, tmp_path / "other.pt", initial=Given(AGCN(("l", "r"))))


def test_there_is_no_turning_in_the_image(clips: ActionClips, tmp_path: Path) -> None:
    flat = replace(clips, arrays=clips.arrays[:, :, :, :18], layout=OPENPOSE18)
    with pytest.raises(SpecError, match="turn 30: openpose-18 has no depth"):
        replace(TINY, turn=30.0).run(STGCN, flat, tmp_path / "s.pt")
