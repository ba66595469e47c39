"""Everything there is for skeletons, under the contract suite: a component that is new adds its row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import pytest
import torch
from torch import Tensor, nn

from stumble import seeds
from stumble.attacks.ciasa import CIASA
from stumble.attacks.joint_pgd import JointPGD
from stumble.attacks.one_step import OneStep
from stumble.attacks.random_search import RandomJoints
from stumble.constraints import LEGS_ADVANCED, Bones, JointBox, JointBudget, Untouched
from stumble.constraints.feasible import Feasible
from stumble.data.pose_pool import LoadedPoses
from stumble.defenses import Smoothed
from stumble.interfaces import Goal, Output, SkeletonAttack, SkeletonConstraint, SkeletonInput, SkeletonTarget, Weights
from stumble.layouts import NTU25, OPENPOSE18, Layout
from stumble.models import AGCN, PALSTM, STGCN
from stumble.objectives import Margin
from stumble.preprocess import PartAware, Recipe, StGcn, TwoStream
from stumble.priors import BoneAngleDiscriminator, Frozen, TrainedAlong
from stumble.sequences import Skeletons
from stumble.targets import Ensemble
from stumble.testing import check_skeleton_attack, check_skeleton_constraint, check_skeleton_target

IDS = ("S001C001P001R001A001", "S001C001P002R001A050", "S001C001P003R001A002")
FRAMES, PEOPLE = (7, 5, 3), (1, 2, 1)


def in_space() -> Skeletons:
    """NTU-25 in metres, three metres from the camera: one clip of two people, of whom one walks off and comes back."""
    poses = 0.3 * seeds.normal(0, IDS, "pose", (2, 1, 25, 3)) + torch.tensor([0.0, 0.0, 3.0])
    clips = [pose[:people] + sway for pose, people, sway in zip(poses, PEOPLE, _sway(25, 3, 0.02), strict=True)]
    clips[1][1, 2:4] = 0
    return Skeletons.pad(clips, IDS, NTU25)


def in_the_image() -> Skeletons:
    """OpenPose-18 with confidences: a joint in eight was not detected, one of them in no frame of its clip."""
    poses = 0.1 * seeds.normal(0, IDS, "pose", (2, 1, 18, 2)) + 0.5
    clips = [pose[:people] + sway for pose, people, sway in zip(poses, PEOPLE, _sway(18, 2, 0.01), strict=True)]
    scores = [seeds.uniform(0, (name,), "seen", clip.shape[:3])[0] for name, clip in zip(IDS, clips, strict=True)]
    for clip, score in zip(clips, scores, strict=True):
        score[score < 1 / 8] = 0
        score[:, :, 6] = 0
        clip[score == 0] = 0
    clips[1][1, 2:4] = 0
    scores[1][1, 2:4] = 0
    return Skeletons.pad(clips, IDS, OPENPOSE18, scores)


def _sway(joints: int, coordinates: int, size: float) -> list[Tensor]:
    steps = seeds.normal(0, IDS, "sway", (max(FRAMES), joints, coordinates))
    return [size * own[:frames].cumsum(0) for own, frames in zip(steps, FRAMES, strict=True)]


BATCHES = {NTU25.name: in_space(), OPENPOSE18.name: in_the_image()}


@pytest.fixture(params=[NTU25, OPENPOSE18], ids=lambda layout: layout.name)
def layout(request: pytest.FixtureRequest) -> Layout:
    return request.param


@pytest.fixture
def batch(layout: Layout) -> Skeletons:
    return BATCHES[layout.name]


Network = TypeVar("Network", STGCN, AGCN, PALSTM)


class Toy:
    """Sixteen weighted sums of the motion, bent."""

    def __init__(self, layout: Layout) -> None:
        image = layout is OPENPOSE18
        self.takes = SkeletonInput(layout, 2 if image else 3, confidence=image)
        shape = (max(FRAMES) + 3, len(layout), self.takes.coordinates, 16)
        self.first, self.second = (
            seeds.normal(0, ("toy",), "first", shape)[0],
            seeds.normal(0, ("toy",), "second", (16, 5))[0],
        )

    def __call__(self, batch: Skeletons) -> Output:
        self.takes.check(batch)
        joints = batch.joints * batch.visible[..., None]
        sums = torch.einsum("bmtjc,tjch->bh", joints, self.first[: joints.shape[2]])
        return Output(logits=(sums / 50).tanh() @ self.second)


def initialised(network: type[Network], layout: Layout, recipe: Recipe) -> Network:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return network("abcde", layout, recipe).eval().requires_grad_(False)


def stgcn(layout: Layout) -> STGCN:
    return initialised(STGCN, layout, StGcn(frames=8))


def trainable_stgcn(layout: Layout) -> STGCN:
    return stgcn(layout).requires_grad_()


def agcn(layout: Layout) -> AGCN:
    return initialised(AGCN, layout, TwoStream(frames=8))


def agcn_of_bones(layout: Layout) -> AGCN:
    return initialised(AGCN, layout, TwoStream("bone", frames=8))


def two_streams(layout: Layout) -> Ensemble:
    return Ensemble((agcn(layout), agcn_of_bones(layout)))


def pa_lstm(layout: Layout) -> PALSTM:
    return initialised(PALSTM, layout, PartAware(frames=8) if layout is NTU25 else StGcn(frames=8))


def smoothed(layout: Layout) -> SkeletonTarget:
    return Smoothed(Toy(layout), sigma=0.05, votes=5)


@pytest.mark.parametrize("target", [Toy, stgcn, trainable_stgcn, agcn, agcn_of_bones, two_streams, pa_lstm, smoothed])
def test_targets(target: Callable[[Layout], SkeletonTarget], layout: Layout, batch: Skeletons) -> None:
    check_skeleton_target(target(layout), batch)


@dataclass(frozen=True)
class Untrained(Weights):
    """A discriminator as it is initialised."""

    layout: Layout

    @property
    def digest(self) -> str:
        return "0" * 64

    def load(self) -> nn.Module:
        with torch.random.fork_rng():
            torch.manual_seed(0)
            return BoneAngleDiscriminator(self.layout).eval().requires_grad_(False)


def frozen(layout: Layout) -> Frozen:
    return Frozen(Untrained(layout))


def trained_along(layout: Layout) -> TrainedAlong:
    batch = BATCHES[layout.name]
    poses = batch.joints[batch.present]
    owners = tuple(
        name for name, count in zip(IDS, batch.present.sum((1, 2)).tolist(), strict=True) for _ in range(count)
    )
    return TrainedAlong(LoadedPoses(poses, owners), shown=8)


def second_choice(target: SkeletonTarget, batch: Skeletons) -> Goal:
    logits = target(batch).logits
    assert logits is not None
    return Goal("targeted", *logits.topk(2).indices.T)


SMALL, LARGE = JointBudget(0.012), JointBudget(0.2)
LEG, HEIGHT = JointBudget(0.04, "left leg"), JointBudget(0.01, unit="height")
ADVANCED = {NTU25.name: JointBudget(LEGS_ADVANCED), OPENPOSE18.name: JointBudget({"knee": 0.05, "right ankle": 0.15})}

ATTACKS: dict[str, Callable[[Layout], SkeletonAttack]] = {
    "one step": lambda _: OneStep(),
    "one step, left leg": lambda _: OneStep(LEG, Margin()),
    "pgd": lambda _: JointPGD(SMALL, iterations=2),
    "pgd, restarts, stop": lambda _: JointPGD(LARGE, iterations=3, restarts=2, stop=0.0),
    "random": lambda _: RandomJoints(LARGE, draws=3),
    "random, left leg, box": lambda _: RandomJoints(LEG, draws=3, projection="box"),
    "feasible": lambda _: CIASA(SMALL, iterations=2),
    "feasible, far": lambda _: CIASA(LARGE, iterations=2, rate=0.1),
    "paper": lambda _: CIASA(LARGE, iterations=2, projection="paper"),
    "box": lambda _: CIASA(SMALL, iterations=2, projection="box", smooth=False),
    "rotations": lambda _: CIASA(SMALL, iterations=2, space="rotations"),
    "left leg": lambda _: CIASA(LEG, iterations=2),
    "left leg, rotations": lambda _: CIASA(LEG, iterations=2, space="rotations"),
    "advanced": lambda layout: CIASA(ADVANCED[layout.name], iterations=2),
    "height": lambda _: CIASA(HEIGHT, iterations=2, objective=Margin()),
    "restarts": lambda _: CIASA(SMALL, iterations=2, restarts=2),
    "restarts, rotations": lambda _: CIASA(SMALL, iterations=2, restarts=2, space="rotations"),
    "stop": lambda _: CIASA(LARGE, iterations=3, rate=0.05, smooth=False, stop=0.0),
    "frozen": lambda layout: CIASA(SMALL, frozen(layout), iterations=2),
    "trained along": lambda layout: CIASA(SMALL, trained_along(layout), iterations=2),
    "trained along, stop": lambda layout: CIASA(
        LARGE, trained_along(layout), iterations=3, rate=0.05, weight=0.1, stop=0.0
    ),
}
EXCUSED = {"paper": ("box",), "box": ("bones",)}
"""By the paper's own design, or by leaving out one of its projections."""


@pytest.mark.parametrize("name", ATTACKS)
def test_attacks(name: str, layout: Layout, batch: Skeletons) -> None:
    attack, target = ATTACKS[name](layout), Toy(layout)
    check_skeleton_attack(attack, target, batch, second_choice(target, batch), excused=EXCUSED.get(name, ()))


@pytest.mark.parametrize("network", [two_streams, pa_lstm])
def test_an_attack_on_other_networks_of_full_size(
    network: Callable[[Layout], SkeletonTarget], layout: Layout, batch: Skeletons
) -> None:
    target = network(layout)
    check_skeleton_attack(OneStep(), target, batch, Goal("untargeted", second_choice(target, batch).label), seed=1)


@pytest.mark.parametrize("name", ["one step", "feasible", "rotations", "trained along, stop"])
def test_attacks_on_a_network_of_full_size(name: str, layout: Layout, batch: Skeletons) -> None:
    attack, target = ATTACKS[name](layout), stgcn(layout)
    goal = Goal("untargeted", second_choice(target, batch).label)
    check_skeleton_attack(attack, target, batch, goal, seed=1)


@pytest.mark.parametrize("name", ["stop", "trained along, stop"])
def test_some_samples_stop_early_and_others_do_not(name: str, layout: Layout, batch: Skeletons) -> None:
    """Else the rows that stop would show nothing."""
    target = Toy(layout)
    result = ATTACKS[name](layout)(target, batch, second_choice(target, batch), seed=0)
    assert set(result.stopped) == {"reached", "budget"}


@pytest.mark.parametrize("budget", [JointBudget(0.05), LEG, HEIGHT], ids=["all", "left leg", "height"])
@pytest.mark.parametrize(
    ("constraint", "tolerance", "resolution"),
    [
        (JointBox, 1e-6, 0.0),
        (Bones, 1e-5, 1e-6),
        (Untouched, 0.0, 0.0),
        (Feasible, 1e-6, 1e-4),  # its factor is found by halving an interval
    ],
)
def test_constraints(
    constraint: Callable[[JointBudget], SkeletonConstraint],
    tolerance: float,
    resolution: float,
    budget: JointBudget,
    batch: Skeletons,
) -> None:
    noise = 0.2 * seeds.normal(0, batch.ids, "noise", tuple(batch.joints.shape[1:]))
    # also where somebody is not there for a while, or a joint was not detected
    within = batch.mask[:, None] & batch.present.any(2, keepdim=True)
    adversarial = batch.moved(batch.joints + noise * within[..., None, None])
    check_skeleton_constraint(constraint(budget), batch, adversarial, tolerance=tolerance, resolution=resolution)
