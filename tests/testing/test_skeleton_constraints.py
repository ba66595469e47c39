from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
import torch
from torch import Tensor

from stumble import seeds
from stumble.interfaces import SkeletonConstraint
from stumble.layouts import OPENPOSE18
from stumble.sequences import Skeletons
from stumble.testing import check_skeleton_constraint


@pytest.fixture
def clean() -> Skeletons:
    names = ("a", "b", "c")
    sizes = ((2, 4), (1, 2), (1, 3))
    poses = [seeds.normal(0, (k,), "pose", (m, n, 18, 2))[0] for k, (m, n) in zip(names, sizes, strict=True)]
    seen = [0.1 + 0.9 * seeds.uniform(1, (k,), "seen", (m, n, 18))[0] for k, (m, n) in zip(names, sizes, strict=True)]
    return Skeletons.pad(poses, names, OPENPOSE18, seen)


@pytest.fixture
def adversarial(clean: Skeletons) -> Skeletons:
    """Sequences a and c break the box below; b stays within."""
    size = torch.tensor([0.5, 0.05, 0.3])[:, None, None, None, None]
    change = size * seeds.uniform(2, clean.ids, "change", tuple(clean.joints.shape[1:]))
    return clean.moved(clean.joints + change * clean.present[..., None, None])


@dataclass(frozen=True)
class Box(SkeletonConstraint):
    """No coordinate moves by more than `radius`."""

    radius: float = 0.1

    def project(self, adversarial: Skeletons, clean: Skeletons) -> Skeletons:
        return clean.moved(adversarial.joints.clamp(clean.joints - self.radius, clean.joints + self.radius))

    def violation(self, adversarial: Skeletons, clean: Skeletons) -> Tensor:
        return ((adversarial.joints - clean.joints).abs().flatten(1).amax(1) - self.radius).clamp_min(0)


def test_a_good_constraint_passes(clean: Skeletons, adversarial: Skeletons) -> None:
    check_skeleton_constraint(Box(), clean, adversarial)
    assert (Box().violation(adversarial, clean) > 0).tolist() == [True, False, True]


class ForgetsTheSamples(Box):
    def violation(self, adversarial: Skeletons, clean: Skeletons) -> Tensor:
        return super().violation(adversarial, clean).amax()


class DividesByWhatMoved(Box):
    def violation(self, adversarial: Skeletons, clean: Skeletons) -> Tensor:
        return super().violation(adversarial, clean) / (adversarial.joints != clean.joints).flatten(1).any(1)


class RewardsSlack(Box):
    def violation(self, adversarial: Skeletons, clean: Skeletons) -> Tensor:
        return (adversarial.joints - clean.joints).abs().flatten(1).amax(1) - self.radius


class ComparesWithTheBatch(Box):
    def violation(self, adversarial: Skeletons, clean: Skeletons) -> Tensor:
        violation = super().violation(adversarial, clean)
        return violation / violation.amax().clamp_min(1e-6)


class AveragesOverPadding(Box):
    """Of a sequence that is as long as the longest it does not show."""

    def violation(self, adversarial: Skeletons, clean: Skeletons) -> Tensor:
        return super().violation(adversarial, clean) / clean.joints.shape[2]


class BlamesTheClean(Box):
    def violation(self, adversarial: Skeletons, clean: Skeletons) -> Tensor:
        return super().violation(adversarial, clean) + 0.01


class MovesTheClean(Box):
    """By one bit."""

    def project(self, adversarial: Skeletons, clean: Skeletons) -> Skeletons:
        projected = super().project(adversarial, clean)
        return projected.moved(torch.nextafter(projected.joints, projected.joints + 1) * clean.present[..., None, None])


class LosesTheSignOfZero(Box):
    def project(self, adversarial: Skeletons, clean: Skeletons) -> Skeletons:
        projected = super().project(adversarial, clean)
        return projected.moved(torch.where(clean.present[..., None, None], projected.joints, -0.0))


class StopsHalfWay(Box):
    def project(self, adversarial: Skeletons, clean: Skeletons) -> Skeletons:
        projected = super().project(adversarial, clean)
        return projected.moved((projected.joints + adversarial.joints) / 2)


class GoesOn(Box):
    """Each time a little nearer to the clean sequence."""

    def project(self, adversarial: Skeletons, clean: Skeletons) -> Skeletons:
        projected = super().project(adversarial, clean)
        return projected.moved((projected.joints + clean.joints) / 2)


class ShrinksWithTheBatch(Box):
    """The box is as tight as the longest sequence is long; projecting twice is still projecting once."""

    def project(self, adversarial: Skeletons, clean: Skeletons) -> Skeletons:
        return Box(self.radius / clean.joints.shape[2]).project(adversarial, clean)


class GivesNothing(Box):
    def project(self, adversarial: Skeletons, clean: Skeletons) -> Skeletons:
        joints = super().project(adversarial, clean).joints
        return clean.moved(torch.where(adversarial.joints == clean.joints, joints, torch.nan))


class Crops(Box):
    def project(self, adversarial: Skeletons, clean: Skeletons) -> Skeletons:
        projected = super().project(adversarial, clean)
        object.__setattr__(projected, "joints", projected.joints[..., :1])  # past the types that only tests check
        return projected


class Renames(Box):
    def project(self, adversarial: Skeletons, clean: Skeletons) -> Skeletons:
        return replace(super().project(adversarial, clean), ids=("x",) * len(clean))


class Shortens(Box):
    def project(self, adversarial: Skeletons, clean: Skeletons) -> Skeletons:
        return replace(super().project(adversarial, clean), lengths=(clean.lengths - 1).clamp_min(1))


class BringsPeople(Box):
    def project(self, adversarial: Skeletons, clean: Skeletons) -> Skeletons:
        return replace(super().project(adversarial, clean), present=torch.ones_like(clean.present))


class RaisesTheConfidence(Box):
    def project(self, adversarial: Skeletons, clean: Skeletons) -> Skeletons:
        assert clean.confidence is not None
        return replace(super().project(adversarial, clean), confidence=clean.confidence.ceil())


class WorksInPlace(Box):
    """Moves by too little to be seen otherwise."""

    def project(self, adversarial: Skeletons, clean: Skeletons) -> Skeletons:
        clean.joints.mul_(1 - 1e-7)
        return super().project(adversarial, clean)


class WorksInTheAdversary(Box):
    def project(self, adversarial: Skeletons, clean: Skeletons) -> Skeletons:
        projected = super().project(adversarial, clean)
        adversarial.joints.copy_(projected.joints)
        return projected


class ClearsTheConfidence(Box):
    def violation(self, adversarial: Skeletons, clean: Skeletons) -> Tensor:
        violation = super().violation(adversarial, clean)
        assert adversarial.confidence is not None
        adversarial.confidence.zero_()
        return violation


@pytest.mark.parametrize(
    ("constraint", "message"),
    [
        (ForgetsTheSamples(), r"the violation has shape \(\); expected \(3,\)"),
        (DividesByWhatMoved(), "the violation is not finite"),
        (RewardsSlack(), "the violation is negative"),
        (ComparesWithTheBatch(), "the violation of . depends on the rest of the batch"),
        (AveragesOverPadding(), "the violation of c depends on the rest of the batch"),
        (BlamesTheClean(), "clean sequences violate it"),
        (MovesTheClean(), "projecting moves clean sequences"),
        (LosesTheSignOfZero(), "projecting moves clean sequences"),
        (StopsHalfWay(), "projected sequences violate it by"),
        (GoesOn(), "projecting twice is not projecting once: it moves"),
        (ShrinksWithTheBatch(), "projecting . depends on the rest of the batch"),
        (GivesNothing(), "projected joints are not finite"),
        (Crops(), r"projecting gives joints \(3, 2, 4, 18, 1\)"),
        (Renames(), "projecting changed the ids"),
        (Shortens(), "projecting changed the lengths"),
        (BringsPeople(), "projecting changed the present"),
        (RaisesTheConfidence(), "projecting changed the confidence"),
        (WorksInPlace(), "the constraint changed the sequences"),
        (WorksInTheAdversary(), "the constraint changed the sequences"),
        (ClearsTheConfidence(), "the constraint changed the sequences"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_broken_constraint_is_rejected(
    constraint: SkeletonConstraint, message: str, clean: Skeletons, adversarial: Skeletons
) -> None:
    with pytest.raises(AssertionError, match=message):
        check_skeleton_constraint(constraint, clean, adversarial)


def test_sequences_that_violate_nothing_could_show_nothing(clean: Skeletons) -> None:
    with pytest.raises(AssertionError, match="adversarial sequences that violate"):
        check_skeleton_constraint(Box(), clean, clean)
