"""What makes groups independent of one another: each is seen alone, by the recogniser as it will be deployed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from stumble import zoo
from stumble.certify import ActionScorer, ByContent, ByIndex, GaitScorer, Partition, Votes, VotingGallery, piecewise
from stumble.certify.certificate import as_deployed
from stumble.certify.votes import TOLERANCE
from stumble.errors import TargetError
from stumble.interfaces import Features, Output, SilhouetteInput, SkeletonInput
from stumble.layouts import NTU25
from stumble.metrics.gei import gait_energy_images
from stumble.metrics.retrieval import EmbeddedSequences
from stumble.models import GaitSet
from stumble.preprocess import CtrGcn, Pyskl, Recipe
from stumble.sequences import Silhouettes, Skeletons
from stumble.targets import Gallery

SUBJECTS, VIEWS = ("001", "002", "003") * 2, ("000",) * 3 + ("090",) * 3


def walks(*lengths: int) -> Silhouettes:
    """Soft blobs that sway, each sequence in its own way."""
    rows, columns = torch.meshgrid(torch.linspace(-1, 1, 64), torch.linspace(-1, 1, 44), indexing="ij")
    phases = [torch.arange(n)[:, None, None] / 3 + k for k, n in enumerate(lengths)]
    frames = [torch.sigmoid(20 * (0.3 + 0.1 * torch.cos(p) - (columns - 0.2 * torch.sin(p)).abs())) for p in phases]
    batch = Silhouettes.pad([f * (rows.abs() < 0.9) for f in frames], [f"{k}" for k in range(len(lengths))])
    return batch.quantised()


def gallery_of(target: object) -> Gallery:
    embedding = target(walks(6, 7, 8, 9, 10, 11)).embedding  # type: ignore[operator]
    return Gallery(EmbeddedSequences(embedding.detach(), SUBJECTS, VIEWS))


@dataclass(frozen=True)
class EnergyImage:
    """The mean of the frames that are not nearly blank."""

    takes: SilhouetteInput = SilhouetteInput(64, 44)

    def __call__(self, batch: Silhouettes) -> Output:
        images = []
        for frames in batch.floating().unpadded():
            seen = frames[frames.sum((1, 2)) > 40]
            images.append((seen if len(seen) else frames).mean(0))
        return Output(embedding=torch.stack(images))


def changed(scorer: GaitScorer | ActionScorer, clean: Tensor, edited: Tensor) -> list[int]:
    """The groups whose scores changed by more than rounding, which depends on who else is in a batch."""
    rounding = TOLERANCE * torch.cat([clean, edited]).abs().amax()
    return ((clean - edited).abs() > rounding)[0].flatten(1).any(1).nonzero().flatten().tolist()


def test_a_group_is_scored_as_if_it_were_the_whole_sequence() -> None:
    target = EnergyImage()
    scorer, batch, pieces = GaitScorer(target, gallery_of(target)), walks(12, 5), ByIndex(4)
    found = scorer.scores(batch, pieces.mask(batch))
    assert found.shape == (2, 4, 2, 3)
    for row, frames in enumerate(batch.unpadded()):
        for group in range(4):
            alone = Silhouettes.pad([frames[group::4]], ["a"])
            embedding = target(alone).embedding
            torch.testing.assert_close(found[row, group], scorer.gallery.scores(embedding)[0])


def test_each_frame_is_encoded_once_and_the_scores_are_the_same() -> None:
    """A frame-separable target takes the short way; one that hides that it is takes the long one."""

    @dataclass(frozen=True)
    class Hidden:
        net: GaitSet
        takes: SilhouetteInput = GaitSet.takes

        def __call__(self, batch: Silhouettes) -> Output:
            return self.net(batch)

    class Counting(GaitSet):
        encoded = 0

        def encode(self, frames: Tensor) -> Features:
            self.encoded += len(frames)
            return super().encode(frames)

    torch.manual_seed(0)
    net, batch = Counting().eval(), walks(7, 3)
    gallery = gallery_of(net)
    mask = ByIndex(3).mask(batch)
    mask = torch.cat([mask, mask[:, :1] | mask[:, 1:2]], 1)  # some frames are in two pieces
    net.encoded = 0
    with torch.inference_mode():
        short = GaitScorer(net, gallery).scores(batch, mask)
        assert net.encoded == 10
        torch.testing.assert_close(short, GaitScorer(Hidden(net), gallery).scores(batch, mask))


def test_frames_are_grouped_before_any_is_dropped() -> None:
    target, pieces, clean = EnergyImage(), ByIndex(4), walks(12)
    scorer, blank = GaitScorer(target, gallery_of(target)), walks(12)
    blank.frames[0, 2] = 0  # which the target will drop, inside its group

    def scores(batch: Silhouettes) -> Tensor:
        return scorer.scores(batch, pieces.mask(batch))

    assert changed(scorer, scores(clean), scores(blank)) == [2]
    dropped = Silhouettes.pad([torch.cat([clean.frames[0, :2], clean.frames[0, 3:]])], ["0"])
    assert changed(scorer, scores(clean), scores(dropped)) == [0, 1, 2, 3]  # had it been dropped before


@dataclass(frozen=True)
class Recogniser:
    """A random linear map of what a recipe makes of a clip."""

    recipe: Recipe
    takes: SkeletonInput = SkeletonInput(NTU25)

    def __call__(self, batch: Skeletons) -> Output:
        array = self.recipe(batch).flatten(1)
        weights = torch.randn(array.shape[1], 4, generator=torch.Generator().manual_seed(0))
        return Output(logits=array @ weights)


def clip(length: int, people: int = 2) -> Skeletons:
    joints = torch.randn(people, length, 25, 3, generator=torch.Generator().manual_seed(1))
    return Skeletons.pad([joints], ["a"], NTU25)


@pytest.mark.parametrize("recipe", [Pyskl(8), CtrGcn(8)], ids=["centred on the first frame", "resized in time"])
def test_what_reads_several_frames_runs_inside_a_group(recipe: Recipe) -> None:
    scorer, clean = ActionScorer(Recogniser(recipe)), clip(13)
    away = clean.joints.clone()
    away[:, :, 0] += 5  # the first frame, on which the recipe centres
    for pieces, most in ((ByIndex(4), 1), (ByContent(4), 2)):
        found = (
            scorer.scores(clean, pieces.mask(clean)),
            scorer.scores(clean.moved(away), pieces.mask(clean.moved(away))),
        )
        assert 1 <= len(changed(scorer, *found)) <= most


def test_who_is_there_is_decided_inside_a_group() -> None:
    """The recipe puts the person first who is there more often; one frame without the other could swap the two."""
    scorer, clean = ActionScorer(Recogniser(Pyskl(8))), clip(12)
    present = clean.present.clone()
    present[0, 0, 5] = False
    gone = replace(clean, joints=clean.joints * present[..., None, None], present=present)
    found = (scorer.scores(batch, ByIndex(4).mask(batch)) for batch in (clean, gone))
    assert changed(scorer, *found) == [1]


def test_an_absent_person_more_is_no_other_content() -> None:
    one, padded = clip(12), Skeletons.pad([clip(12).joints[0], torch.zeros(3, 12, 25, 3)], ["a", "b"], NTU25)
    assert torch.equal(ByContent(5).mask(one), ByContent(5).mask(padded)[:1])


@dataclass(frozen=True)
class Padded:
    """The mean over all frames of a batch's array, padding and all: who is longer changes the others."""

    takes: SilhouetteInput = SilhouetteInput(64, 44)

    def __call__(self, batch: Silhouettes) -> Output:
        return Output(embedding=batch.floating().frames.mean(1))


def test_no_piece_is_padded_to_the_length_of_another() -> None:
    """What a recogniser makes of padding is no way from one group to another: a frame more in one changes no other."""
    target, clean = Padded(), walks(12)
    longer = Silhouettes.pad([torch.cat([clean.frames[0], clean.frames[0, :1] // 2])], ["0"])
    scorer, pieces = GaitScorer(target, gallery_of(target)), ByContent(3)
    found = [scorer.scores(batch, pieces.mask(batch)) for batch in (clean, longer)]
    assert len(changed(scorer, *found)) == 1


def test_pieces_of_several_lengths_keep_their_order() -> None:
    target, batch = EnergyImage(), walks(11, 4)
    mask = torch.rand(2, 6, 11, generator=torch.Generator().manual_seed(0)) < 0.5
    mask &= batch.mask[:, None]
    scorer = GaitScorer(target, gallery_of(target))
    found = scorer.scores(batch, mask)
    assert mask.sum(2).unique().numel() > 3
    for row, piece in mask.any(2).nonzero().tolist():
        alone = Silhouettes.pad([batch.frames[row][mask[row, piece]]], ["a"])
        torch.testing.assert_close(found[row, piece], scorer.gallery.scores(target(alone).embedding)[0])


def test_a_piece_in_which_nothing_is_seen_abstains_before_certificate_and_judge_alike() -> None:
    """A network without biases embeds blank frames into 0, which is somebody's nearest neighbour all the same."""
    target, blank = EnergyImage(), walks(10)
    blank.frames[0, [0, 1, 2, 5, 6, 7]] = 0  # all that three of five groups have
    gallery = gallery_of(target)
    proof = Partition(5)(GaitScorer(target, gallery), blank)
    votes = VotingGallery(gallery.enrolled, gallery.distance, 5).scores(piecewise(target, ByIndex(5))(blank).embedding)
    assert votes.sum(2).tolist() == [[2.0, 2.0]]
    assert proof.answer.tolist() == votes[0].argmax(1).tolist()
    assert (proof.radius == 0).all()  # of two votes one may turn, and then it is a tie


class Normalised(nn.Module):
    """Batch norm over the sequences of a batch, left in training mode."""

    takes = SilhouetteInput(64, 44)

    def __init__(self) -> None:
        super().__init__()
        self.linear, self.norm = nn.Linear(44, 8), nn.BatchNorm1d(64)

    def forward(self, batch: Silhouettes) -> Output:
        return Output(embedding=self.norm(self.linear(gait_energy_images(batch.floating()))))


def test_batch_norm_is_in_inference_mode() -> None:
    torch.manual_seed(0)
    target, clean = Normalised(), walks(12)
    gallery = gallery_of(target)
    scorer, edited = GaitScorer(target, gallery), walks(12)
    edited.frames[0, 2] = 255 - edited.frames[0, 2]
    assert target.training

    def scores(batch: Silhouettes) -> Tensor:
        return scorer.scores(batch, ByIndex(4).mask(batch))

    assert changed(scorer, scores(clean), scores(edited)) == [0, 1, 2, 3]  # each sees the others
    before = target.norm.running_mean.clone()
    with as_deployed(scorer):
        assert changed(scorer, scores(clean), scores(edited)) == [2]
    Partition(4)(scorer, clean)
    assert torch.equal(target.norm.running_mean, before) and target.training


def test_products_and_convolutions_are_in_full_precision_whatever_was_chosen() -> None:
    scorer = GaitScorer(EnergyImage(), gallery_of(EnergyImage()))
    matmul, conv = torch.backends.mkldnn.matmul, torch.backends.cudnn.conv
    before = matmul.fp32_precision
    matmul.fp32_precision = "bf16"
    try:
        with as_deployed(scorer):
            assert (matmul.fp32_precision, conv.fp32_precision) == ("ieee", "ieee")
        assert matmul.fp32_precision == "bf16"
    finally:
        matmul.fp32_precision = before


@pytest.mark.parametrize("held", [lambda net: {"net": net}, lambda net: [net]], ids=["dict", "list"])
def test_batch_norm_is_in_inference_mode_wherever_the_network_is_held(held: Callable[[nn.Module], Any]) -> None:
    class Around:
        takes = SilhouetteInput(64, 44)

        def __init__(self, net: nn.Module) -> None:
            self.held = held(net)

        def __call__(self, batch: Silhouettes) -> Output:
            (net,) = self.held.values() if isinstance(self.held, dict) else self.held
            return net(batch)

    torch.manual_seed(0)
    target, clean, edited = Around(Normalised()), walks(12), walks(12)
    edited.frames[0, 2] = 255 - edited.frames[0, 2]
    scorer = GaitScorer(target, gallery_of(target))
    with as_deployed(scorer):
        found = [scorer.scores(batch, ByIndex(4).mask(batch)) for batch in (clean, edited)]
    assert changed(scorer, *found) == [2]


def test_networks_in_half_precision_are_refused() -> None:
    target = Normalised()
    scorer = GaitScorer(target, gallery_of(target))
    target.linear.to(torch.bfloat16)
    with pytest.raises(TargetError, match=r"found parameters in torch\.bfloat16"):
        Partition(4)(scorer, walks(12))


def test_certificates_are_made_in_single_precision() -> None:
    torch.manual_seed(0)
    target = Normalised()
    scorer, batch = GaitScorer(target, gallery_of(target)), walks(12)
    alone = Partition(4)(scorer, batch)
    with torch.autocast("cpu", torch.bfloat16):
        with as_deployed(scorer):
            assert scorer.scores(batch, ByIndex(4).mask(batch)).dtype == torch.float32
        assert torch.equal(Partition(4)(scorer, batch).radius, alone.radius)


def test_a_group_shorter_than_the_target_takes_abstains() -> None:
    target = EnergyImage(SilhouetteInput(64, 44, minimum_frames=3))
    scorer, batch = GaitScorer(target, gallery_of(target)), walks(9, 3)
    scores = scorer.scores(batch, ByIndex(4).mask(batch))  # groups of three, two, two and two; of one, one, one, none
    assert scores.isneginf().flatten(2).all(2).tolist() == [[False, True, True, True], [True] * 4]
    assert Partition(4)(scorer, batch.select([1])).answer.tolist() == [-1, -1]
    assert Partition(4)(scorer, batch.select([1])).abstained.all()


def test_the_wrong_kind_of_sequence_is_refused() -> None:
    target = EnergyImage()
    with pytest.raises(TargetError, match="takes silhouettes; found skeletons"):
        GaitScorer(target, gallery_of(target)).scores(clip(4), ByIndex(2).mask(clip(4)))
    with pytest.raises(TargetError, match="takes skeletons; found silhouettes"):
        ActionScorer(Recogniser(Pyskl(8))).scores(walks(4), ByIndex(2).mask(walks(4)))


def test_rounding_stays_below_the_tolerance() -> None:
    """The same groups in other company and another order of sums, on the shipped GaitSet: an eighth of what two scores
    would need to change places."""
    net, batch = zoo.Shipped("gaitset-synthetic").load(), walks(9, 8, 3)
    with torch.inference_mode():
        scorer = GaitScorer(net, gallery_of(net))  # type: ignore[arg-type]
        together = scorer.scores(batch, ByIndex(3).mask(batch))
        for row in range(3):
            one = batch.select([row])
            alone = scorer.scores(one, ByIndex(3).mask(one))[0]
            off = (together[row] - alone).abs().amax() / alone.abs().amax()
            assert off < TOLERANCE / 16
    assert Votes.of(together[0]).sure.any()
