"""Verdicts computed by hand: people are a brightness, and a sequence is as bright as its brightest frame."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import pytest
import torch
from torch import Tensor

from stumble.constraints import Kept
from stumble.errors import StumbleError
from stumble.interfaces import AttackResult, Goal, Output, SilhouetteInput
from stumble.judge import GaitJudge, Probe
from stumble.metrics.plausibility import Plausibility
from stumble.metrics.retrieval import EmbeddedSequences
from stumble.sequences import Silhouettes
from stumble.targets import Gallery


@dataclass
class Brightness:
    """Embeds a sequence as the largest of its levels, in [0, 1]; keeps what it was asked."""

    takes: SilhouetteInput = SilhouetteInput(4, 3)
    asked: list[tuple[str, ...]] = field(default_factory=list)

    def __call__(self, batch: Silhouettes) -> Output:
        self.asked.append(batch.ids)
        return Output(embedding=batch.floating().frames.amax((1, 2, 3))[:, None, None])


# Ann is 0.2 bright, Bob 0.5, Cem 0.8; from the side everybody looks 0.02 brighter
GALLERY = Gallery(
    EmbeddedSequences(
        torch.tensor([0.2, 0.5, 0.8, 0.22, 0.52, 0.82])[:, None, None],
        ("ann", "bob", "cem") * 2,
        ("000",) * 3 + ("090",) * 3,
    )
)
PROBES = (Probe("ann", "nm-05", "000"), Probe("cem", "nm-05", "090"))
IDS = ("ann/nm-05/000", "cem/nm-05/090")


def walks(*levels: list[int]) -> Silhouettes:
    """Sequences of uniform frames of these levels."""
    frames = [torch.tensor(each, dtype=torch.uint8)[:, None, None].expand(-1, 4, 3) for each in levels]
    return Silhouettes.pad(frames, IDS[: len(levels)])


CLEAN = walks([51, 51, 51], [204, 204])  # 0.2 and 0.8
STORED = walks([51, 140, 51], [51, 204])  # Ann's second frame is 0.549 bright; Cem's first is dark


def claim(edited: list[list[bool]], adversarial: Silhouettes = STORED) -> AttackResult:
    """What an attack would say about itself."""
    marks = torch.tensor(edited)
    number = torch.full((len(marks),), 7)
    return AttackResult(adversarial, marks, number, 2 * number, ("budget",) * len(marks))


CLAIM = claim([[False, True, False], [True, False, False]])
UNTARGETED = Goal("untargeted", torch.tensor([0, 2]))
TARGETED = Goal("targeted", torch.tensor([0, 2]), torch.tensor([1, 0]))


def verdicts(
    judge: GaitJudge, goal: Goal = UNTARGETED, stored: Silhouettes = STORED, result: AttackResult = CLAIM
) -> dict[str, list[object]]:
    columns: dict[str, list[object]] = judge(CLEAN, stored, result, goal, PROBES, Kept()).to_pydict()
    return columns


def test_verdicts_by_hand() -> None:
    table = verdicts(GaitJudge(Brightness(), GALLERY))
    assert table["sample"] == list(IDS)
    assert table["subject"] == ["ann", "cem"] and table["condition"] == ["nm-05", "nm-05"]
    assert table["view"] == ["000", "090"]
    assert table["gallery_view"] == ["090", "000"]  # a probe is not compared with its own view
    assert table["nearest_before"] == ["ann", "cem"] and table["correct_before"] == [True, True]
    assert table["nearest_after"] == ["bob", "cem"] and table["correct_after"] == [False, True]
    assert table["goal"] == ["untargeted"] * 2 and table["wanted"] == [None, None]
    assert table["hit_after"] == [False, False]


def test_margins_say_by_how_much() -> None:
    table = verdicts(GaitJudge(Brightness(), GALLERY))
    # distance to oneself less distance to the nearest other: positive where somebody else is nearer
    ann, cem = 140 / 255, 204 / 255
    before = [abs(0.2 - 0.22) - abs(0.2 - 0.52), abs(cem - 0.8) - abs(cem - 0.5)]
    after = [abs(ann - 0.22) - abs(ann - 0.52), abs(cem - 0.8) - abs(cem - 0.5)]
    assert table["margin_before"] == pytest.approx(before, abs=1e-6)
    assert table["margin_after"] == pytest.approx(after, abs=1e-6)
    targeted = verdicts(GaitJudge(Brightness(), GALLERY), TARGETED)
    wanted_bob = abs(ann - 0.22) - abs(ann - 0.52)  # the nearest other than Bob is Cem or Ann
    assert targeted["margin_after"][0] == pytest.approx(min(wanted_bob, abs(ann - 0.82) - abs(ann - 0.52)), abs=1e-6)


def test_a_hit_is_the_wanted_person() -> None:
    table = verdicts(GaitJudge(Brightness(), GALLERY), TARGETED)
    assert table["wanted"] == ["bob", "ann"]
    assert table["hit_before"] == [False, False]
    assert table["hit_after"] == [True, False]


def test_rounding_touches_edited_frames_only() -> None:
    table = verdicts(GaitJudge(Brightness(), GALLERY))
    assert table["nearest_binary"] == ["cem", "cem"]  # 140 becomes 255; Cem's clean 204 stays 204
    assert table["correct_binary"] == [False, True]
    elsewhere = claim([[True, False, False], [True, False, False]])  # Ann's first frame, 51, becomes 0
    assert verdicts(GaitJudge(Brightness(), GALLERY), result=elsewhere)["nearest_binary"] == ["bob", "cem"]


def test_identical_views_count_where_the_protocol_says_so() -> None:
    table = verdicts(GaitJudge(Brightness(), GALLERY, identical_views=True))
    assert table["sample"] == [IDS[0], IDS[0], IDS[1], IDS[1]]
    assert table["gallery_view"] == ["000", "090", "000", "090"]


def test_a_frame_that_was_not_to_change_is_reported() -> None:
    frames = STORED.frames.clone()
    frames[0, 2, 1, 1] += 1
    table = verdicts(GaitJudge(Brightness(), GALLERY), stored=replace(STORED, frames=frames))
    assert table["violation"] == [1, 0]
    assert verdicts(GaitJudge(Brightness(), GALLERY))["violation"] == [0, 0]


def test_lost_frames_are_reported_and_still_judged() -> None:
    shorter = walks([140, 51], [51, 204])
    table = verdicts(GaitJudge(Brightness(), GALLERY), stored=shorter, result=claim([[True, False], [True, False]]))
    assert table["violation"] == [math.inf, 0]
    assert table["correct_after"] == [False, True]


def test_what_the_attack_claims_does_not_matter() -> None:
    """Neither the sequences it hands over nor its reasons change a verdict: what was stored does."""
    honest = verdicts(GaitJudge(Brightness(), GALLERY))
    lying = replace(CLAIM, adversarial=CLEAN, stopped=("reached", "reached"))
    told = verdicts(GaitJudge(Brightness(), GALLERY), result=lying)
    assert {k: v for k, v in told.items() if k != "stopped"} == {k: v for k, v in honest.items() if k != "stopped"}


def test_every_sequence_gets_a_forward_pass_of_its_own() -> None:
    target = Brightness()
    verdicts(GaitJudge(target, GALLERY))
    assert target.asked == [(IDS[0],), (IDS[1],)] * 3  # clean, stored, rounded


def test_effort_and_realised_sparsity() -> None:
    padded = claim([[False, True, False], [True, False, True]])  # a mark on padding is no edited frame
    for result in (CLAIM, padded):
        table = verdicts(GaitJudge(Brightness(), GALLERY), result=result)
        assert table["frames"] == [3, 2] and table["edited"] == [1, 1]
        assert table["sparsity"] == pytest.approx([1 / 3, 1 / 2])
        assert table["steps"] == [7, 7] and table["queries"] == [14, 14] and table["stopped"] == ["budget", "budget"]


def test_plausibility_is_that_of_the_worst_edited_frame() -> None:
    """The pool is white; so are Cem's edited frame and Ann's first, but her second is a quarter black."""
    pool = torch.full((2, 4, 3), 255, dtype=torch.uint8)
    plausibility = Plausibility(pool, ("bob", "ann"), overlap=0.9, component=0.9, coherence=0.5)
    frames = STORED.frames.clone()
    frames[0], frames[1, :2] = 255, 255
    frames[0, 1, 0] = 0
    stored, result = replace(STORED, frames=frames), claim([[True, True, False], [True, False, False]])
    table = verdicts(GaitJudge(Brightness(), GALLERY, plausibility=plausibility), stored=stored, result=result)
    assert table["overlap"] == pytest.approx([0.75, 1])
    assert table["component"] == [1, 1]
    assert table["coherence"] == pytest.approx([0.75, 1])
    assert table["plausible"] == [False, True] and table["coherent"] == [True, True]
    own = GaitJudge(Brightness(), GALLERY, plausibility=replace(plausibility, pool_subjects=("cem", "cem")))
    assert verdicts(own, stored=stored, result=result)["overlap"][1] == 0


def test_the_critics_opinion_is_the_mean_over_edited_frames() -> None:
    def critic(frames: Tensor) -> Tensor:
        return frames.mean((1, 2))

    table = verdicts(GaitJudge(Brightness(), GALLERY, critic=critic))
    assert table["realness"] == pytest.approx([140 / 255, 51 / 255])
    assert table["plausible"] == [None, None]


def test_an_attack_that_changes_nothing_is_judged_too() -> None:
    plausibility = Plausibility(torch.zeros(1, 4, 3, dtype=torch.uint8), ("bob",), 0.9, 0.9, 0.9)
    nothing = claim([[False] * 3, [False] * 3])
    judge = GaitJudge(Brightness(), GALLERY, plausibility=plausibility, critic=lambda frames: frames.mean((1, 2)))
    table = verdicts(judge, stored=CLEAN, result=nothing)
    assert table["correct_after"] == [True, True] and table["edited"] == [0, 0]
    assert table["plausible"] == [True, True] and table["overlap"] == [None, None] == table["realness"]


def test_what_cannot_be_judged_is_said() -> None:
    judge = GaitJudge(Brightness(), GALLERY)
    with pytest.raises(StumbleError, match="as stored: uint8 levels"):
        verdicts(judge, stored=STORED.floating())
    with pytest.raises(StumbleError, match=r"edited \(2, 2\); the judge expects .* \(2, 3\)"):
        verdicts(judge, result=claim([[False, True], [True, False]]))
    with pytest.raises(StumbleError, match="1 stored sequences"):
        verdicts(judge, stored=STORED.select([0]))

    class Broken(Brightness):
        def __call__(self, batch: Silhouettes) -> Output:
            return Output(embedding=torch.full((len(batch), 1, 1), torch.nan))

    with pytest.raises(StumbleError, match=r"ann/nm-05/000: the target answers with no finite embedding"):
        verdicts(GaitJudge(Broken(), GALLERY))
