from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from stumble import seeds
from stumble.interfaces import Output, SkeletonInput, SkeletonTarget
from stumble.layouts import NTU25, OPENPOSE18
from stumble.sequences import Skeletons
from stumble.testing import check_skeleton_target


@pytest.fixture
def batch() -> Skeletons:
    """Two people, one person, one person, in clips of different length."""
    sizes = {"a": (2, 4), "b": (1, 2), "c": (1, 3)}
    return Skeletons.pad(
        [seeds.normal(0, (name,), "pose", (people, n, 25, 3))[0] for name, (people, n) in sizes.items()],
        list(sizes),
        NTU25,
    )


@pytest.fixture
def in_the_image() -> Skeletons:
    """As OpenPose sees it: confidences, and joints that were not detected, which stand at the origin."""
    confidences = [seeds.uniform(1, (name,), "seen", (1, n, 18))[0] for name, n in (("d", 2), ("e", 3))]
    confidences = [torch.where(c < 0.2, 0, c) for c in confidences]
    poses = [seeds.normal(0, (name,), "pose", (1, n, 18, 2))[0] for name, n in (("d", 2), ("e", 3))]
    poses = [p * (c > 0)[..., None] for p, c in zip(poses, confidences, strict=True)]
    return Skeletons.pad(poses, ["d", "e"], OPENPOSE18, confidences)


class Mean(nn.Module):
    """A linear map of the mean pose: the smallest target."""

    def __init__(self, takes: SkeletonInput = SkeletonInput(NTU25)) -> None:
        super().__init__()
        self.takes = takes
        size = len(takes.layout) * takes.coordinates
        self.weights = nn.Parameter(torch.arange(size * 4.0).cos().view(size, 4))

    def forward(self, batch: Skeletons) -> Output:
        self.takes.check(batch)
        return Output(logits=self.pose(batch).flatten(1) @ self.weights)

    def pose(self, batch: Skeletons) -> Tensor:
        count = batch.visible.sum((1, 2))[..., None].clamp_min(1)
        return (batch.joints * batch.visible[..., None]).sum((1, 2)) / count


def test_a_good_target_passes(batch: Skeletons, in_the_image: Skeletons) -> None:
    check_skeleton_target(Mean(), batch)
    check_skeleton_target(Mean().double(), batch.moved(batch.joints.double()).select([0, 2]))
    check_skeleton_target(Mean(SkeletonInput(OPENPOSE18, 2, confidence=True)), in_the_image)


class Adapted:
    """A target that is no module, but holds one, with its answer changed."""

    takes = SkeletonInput(NTU25)

    def __init__(self, change: Callable[[Adapted, Skeletons, Tensor], Output]) -> None:
        self.network = Mean()
        self.change = change

    def __call__(self, batch: Skeletons) -> Output:
        logits = self.network(batch).logits
        assert logits is not None
        return self.change(self, batch, logits)


def answers_with_a_tensor(_: Adapted, batch: Skeletons, logits: Tensor) -> Output:
    return logits  # type: ignore[return-value]


def answers_with_an_embedding(_: Adapted, batch: Skeletons, logits: Tensor) -> Output:
    return Output(embedding=logits[:, None])


def answers_frame_by_frame(_: Adapted, batch: Skeletons, logits: Tensor) -> Output:
    output = Output(logits=logits)
    object.__setattr__(output, "logits", logits[:, None])  # past the types that only our own tests check
    return output


def merges_sequences(_: Adapted, batch: Skeletons, logits: Tensor) -> Output:
    return Output(logits=logits[:1])


def divides_by_zero(_: Adapted, batch: Skeletons, logits: Tensor) -> Output:
    return Output(logits=logits / (logits - logits))


def adds_noise(_: Adapted, batch: Skeletons, logits: Tensor) -> Output:
    return Output(logits=logits + torch.rand_like(logits))


def averages_over_padding(_: Adapted, batch: Skeletons, logits: Tensor) -> Output:
    return Output(logits=logits / batch.joints.shape[2])


def averages_over_absent_people(_: Adapted, batch: Skeletons, logits: Tensor) -> Output:
    return Output(logits=logits / batch.joints.shape[1])


def normalises_over_the_batch(_: Adapted, batch: Skeletons, logits: Tensor) -> Output:
    return Output(logits=logits - logits.mean(0))


def loses_the_gradient(_: Adapted, batch: Skeletons, logits: Tensor) -> Output:
    return Output(logits=logits.detach())


def learns_but_not_from_joints(target: Adapted, batch: Skeletons, logits: Tensor) -> Output:
    return Output(logits=logits.detach() + target.network.weights.sum())


def loses_the_gradient_of_one(_: Adapted, batch: Skeletons, logits: Tensor) -> Output:
    return Output(logits=torch.where(batch.lengths[:, None] == 2, logits.detach(), logits))


def looks_at_nobody(_: Adapted, batch: Skeletons, logits: Tensor) -> Output:
    """Only what is not visible has a gradient."""
    unseen = (batch.joints * ~batch.visible[..., None]).sum((1, 2, 3, 4))
    return Output(logits=logits.detach() + unseen[:, None] * torch.arange(4))


def measures_bones_of_no_length(_: Adapted, batch: Skeletons, logits: Tensor) -> Output:
    """The norm of the zero vector has no gradient: absent people have such bones."""
    lengths = (batch.joints[:, :, :, 1] - batch.joints[:, :, :, 0]).square().sum(3).sqrt()
    return Output(logits=logits + lengths.sum((1, 2))[:, None] * torch.arange(4))


def divides_by_the_second_frame(_: Adapted, batch: Skeletons, logits: Tensor) -> Output:
    """There may be nobody in it."""
    return Output(logits=logits / batch.joints[:, 0, 1].abs().sum((1, 2))[:, None])


def cleans_its_input(_: Adapted, batch: Skeletons, logits: Tensor) -> Output:
    with torch.no_grad():
        batch.joints[:, :, :, 0] = 0
    return Output(logits=logits)


def marks_people_as_absent(_: Adapted, batch: Skeletons, logits: Tensor) -> Output:
    batch.present[:, 1:] = False
    return Output(logits=logits)


def stays_in_inference_mode(target: Adapted, batch: Skeletons, logits: Tensor) -> Output:
    target.network.eval()
    return Output(logits=logits)


def learns_from_what_it_sees(target: Adapted, batch: Skeletons, logits: Tensor) -> Output:
    target.network.weights.data *= 1 + 1e-7
    return Output(logits=logits)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (answers_with_a_tensor, "answers with a Tensor, not an Output"),
        (answers_with_an_embedding, "holds no logits"),
        (answers_frame_by_frame, r"logits have shape \(3, 1, 4\); expected \(3, classes\)"),
        (merges_sequences, r"logits have shape \(1, 4\); expected \(3, classes\)"),
        (divides_by_zero, "the logits are not finite$"),
        (adds_noise, "asked twice"),
        (averages_over_padding, "padded frames change the answer"),
        (averages_over_absent_people, "an absent person changes the answer"),
        (normalises_over_the_batch, "a alone is answered differently"),
        (loses_the_gradient, "no gradient flows from the logits to the joints$"),
        (learns_but_not_from_joints, "no gradient flows from the logits to the joints$"),
        (loses_the_gradient_of_one, "no gradient flows from the logits to the visible joints of b"),
        (looks_at_nobody, "no gradient flows from the logits to the visible joints of a"),
        (measures_bones_of_no_length, "the gradient is not finite$"),
        (divides_by_the_second_frame, "the logits are not finite where somebody or some joint is missing"),
        (cleans_its_input, "the target changed the sequences"),
        (marks_people_as_absent, "the target changed the sequences"),
        (stays_in_inference_mode, "left the target changed: .*training"),
        (learns_from_what_it_sees, "left the target changed: weights$"),
    ],
)
def test_a_broken_target_is_rejected(
    change: Callable[[Adapted, Skeletons, Tensor], Output], message: str, batch: Skeletons
) -> None:
    with pytest.raises(AssertionError, match=message):
        check_skeleton_target(Adapted(change), batch)


class Directions(Mean):
    """From the middle of the image, where joints that were not detected stand."""

    def pose(self, batch: Skeletons) -> Tensor:
        distance = (batch.joints.square().sum(4) + ~batch.present[..., None]).sqrt()
        return torch.where(batch.visible[..., None], batch.joints / distance[..., None], 0).sum((1, 2))


def test_a_target_that_trips_over_joints_that_were_not_detected_is_rejected() -> None:
    poses = [seeds.normal(0, (name,), "pose", (1, n, 18, 2))[0] for name, n in (("d", 2), ("e", 3))]
    all_seen = Skeletons.pad(poses, ["d", "e"], OPENPOSE18, [torch.ones(p.shape[:3]) for p in poses])
    target = Directions(SkeletonInput(OPENPOSE18, 2, confidence=True))
    with pytest.raises(AssertionError, match="the gradient is not finite where somebody or some joint is missing"):
        check_skeleton_target(target, all_seen)


class WithoutSpec(Mean):
    def __init__(self) -> None:
        super().__init__()
        self.takes = (25, 3)  # type: ignore[assignment]


def test_a_target_says_what_it_takes(batch: Skeletons) -> None:
    target: SkeletonTarget = WithoutSpec()
    with pytest.raises(AssertionError, match="takes is not a SkeletonInput"):
        check_skeleton_target(target, batch)


def test_sequences_that_could_show_nothing_are_refused(batch: Skeletons) -> None:
    for unfit in (batch.select([0]), batch.select([0, 0]), replace(batch, lengths=torch.tensor([4, 1, 3]))):
        with pytest.raises(AssertionError, match="at least two sequences of different length"):
            check_skeleton_target(Mean(), unfit)
