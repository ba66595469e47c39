"""The cheap evaluation of a few changed frames is that of the whole sequences."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from stumble.attacks.frame_edit import FrameEdit
from stumble.constraints import Even, First, RandomPositions, Sparsity
from stumble.constraints.frames import Edit, Positions
from stumble.errors import TargetError
from stumble.interfaces import Features, Output, SetPooled
from stumble.models import GaitSet
from stumble.sequences import Silhouettes


class InOrder:
    """Separable but no set: the frames of a sequence are weighted by when they come."""

    def __init__(self, target: SetPooled) -> None:
        self.takes, self.encode = target.takes, target.encode

    def __call__(self, batch: Silhouettes) -> Output:
        return self.aggregate(self.encode(batch.floating().packed()), batch.lengths)

    def aggregate(self, features: Features, lengths: Tensor) -> Output:
        parts = features[0].split(lengths.tolist())
        return Output(embedding=torch.stack([torch.linspace(1, 2, len(x)) @ x for x in parts])[:, None])


def frames_for(scene: FrameEdit, seed: int = 0) -> Tensor:
    size = scene.base.frames.shape[2:]
    return torch.rand(sum(scene.counts), *size, generator=torch.Generator().manual_seed(seed)).requires_grad_()


def test_frames_are_placed_where_the_budget_and_the_positions_say(target: SetPooled, walks: Silhouettes) -> None:
    scene = FrameEdit(target, walks, "alter", Sparsity(0.2), First(), 0)
    assert scene.counts == [2, 2, 2] and scene.owner.tolist() == [0, 0, 1, 1, 2, 2]
    white = torch.ones(6, 4, 3)
    changed = scene.sequences(white)
    assert bool((changed.frames[:, :2] == 1).all())
    assert torch.equal(changed.frames[:, 2:], walks.floating().frames[:, 2:])
    torch.testing.assert_close(scene.sequences(scene.clean_frames()).frames, walks.floating().frames)


def test_inserted_frames_make_room_for_themselves(target: SetPooled, walks: Silhouettes) -> None:
    scene = FrameEdit(target, walks, "insert", Sparsity(frames=2), Even(), 0)
    longer = scene.sequences(torch.ones(6, 4, 3))
    assert longer.lengths.tolist() == [12, 9, 12]
    for row, (sequence, clean) in enumerate(zip(longer.unpadded(), walks.floating().unpadded(), strict=True)):
        marks = scene.edited[row, : len(sequence)]
        assert bool((sequence[marks] == 1).all())
        assert torch.equal(sequence[~marks], clean)
    assert not bool(scene.clean_frames().any())


@pytest.mark.parametrize("edit", ["alter", "insert"])
@pytest.mark.parametrize("positions", [First(), Even(), RandomPositions()])
@pytest.mark.parametrize("in_order", [False, True])
def test_the_incremental_answer_and_its_gradient_are_those_of_the_whole_sequences(
    edit: Edit, positions: Positions, in_order: bool, target: SetPooled, walks: Silhouettes
) -> None:
    judged = InOrder(target) if in_order else target
    scene = FrameEdit(judged, walks, edit, Sparsity(0.3), positions, 3)
    frames = frames_for(scene)
    fast, slow = scene.output(frames).embedding, judged(scene.sequences(frames)).embedding
    assert fast is not None and slow is not None
    torch.testing.assert_close(fast, slow)
    weights = torch.rand(fast.shape, generator=torch.Generator().manual_seed(1))
    gradients = [torch.autograd.grad((weights * x).sum(), frames)[0] for x in (fast, slow)]
    torch.testing.assert_close(gradients[0], gradients[1])


def test_a_sequence_of_which_every_frame_is_altered(target: SetPooled, walks: Silhouettes) -> None:
    scene = FrameEdit(target, walks, "alter", Sparsity(frames=7), First(), 0)
    frames = frames_for(scene)
    torch.testing.assert_close(scene.output(frames).embedding, target(scene.sequences(frames)).embedding)
    with pytest.raises(TargetError, match="a clean frame in every sequence"):
        scene.pooled_with(1, target.encode(frames))


def test_clean_frames_are_encoded_once(target: SetPooled, walks: Silhouettes, monkeypatch: pytest.MonkeyPatch) -> None:
    encoded: list[int] = []
    encode = target.encode

    def counting(frames: Tensor) -> Features:
        encoded.append(len(frames))
        return encode(frames)

    monkeypatch.setattr(target, "encode", counting)
    scene = FrameEdit(target, walks, "alter", Sparsity(frames=1), First(), 0)
    for _ in range(3):
        scene.output(frames_for(scene))
    assert encoded == [9 + 6 + 9, 3, 3, 3]


def test_one_more_frame_is_tried_at_the_price_of_the_head(target: SetPooled, walks: Silhouettes) -> None:
    scene = FrameEdit(target, walks, "alter", Sparsity(frames=1), First(), 0)
    candidates = torch.rand(5, 4, 3, generator=torch.Generator().manual_seed(0))
    tried = scene.pooled_with(1, target.encode(candidates)).embedding
    assert tried is not None and len(tried) == 5
    for k, candidate in enumerate(candidates):
        frames = scene.clean_frames()
        frames[1] = candidate
        whole = target(scene.sequences(frames)).embedding
        assert whole is not None
        torch.testing.assert_close(tried[k], whole[1])


def test_gaitset_answers_the_same_either_way() -> None:
    torch.manual_seed(0)
    gaitset = GaitSet().eval()
    draw = torch.Generator().manual_seed(0)
    batch = Silhouettes.pad([torch.rand(n, 64, 44, generator=draw) for n in (4, 3)], ["a", "b"])
    scene = FrameEdit(gaitset, batch, "alter", Sparsity(frames=1), Even(), 0)
    frames = frames_for(scene)
    fast, slow = scene.output(frames).embedding, gaitset(scene.sequences(frames)).embedding
    assert fast is not None and slow is not None
    torch.testing.assert_close(fast, slow, rtol=1e-4, atol=1e-6)
    gradients = [torch.autograd.grad(x.square().sum(), frames)[0] for x in (fast, slow)]
    torch.testing.assert_close(gradients[0], gradients[1], rtol=1e-2, atol=1e-3 * float(gradients[1].abs().max()))


def test_values_per_frame_are_averaged_per_sequence(target: SetPooled, walks: Silhouettes) -> None:
    scene = FrameEdit(target, walks, "alter", Sparsity(share=0.15), First(), 0)
    assert scene.counts == [2, 2, 2]
    assert scene.per_sequence(torch.arange(6.0)).tolist() == [0.5, 2.5, 4.5]


def test_silhouettes_of_another_size_are_refused(target: SetPooled) -> None:
    batch = Silhouettes.pad([torch.zeros(3, 5, 3)], ["a"])
    with pytest.raises(TargetError, match="the target takes silhouettes of 4x3; the data has 5x3"):
        FrameEdit(target, batch, "alter", Sparsity(), First(), 0)
