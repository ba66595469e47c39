from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
import torch
from torch import Tensor

from stumble.interfaces import Constraint
from stumble.sequences import Silhouettes
from stumble.testing import check_constraint

SIZE = (6, 4)


@pytest.fixture
def clean() -> Silhouettes:
    draw = torch.Generator().manual_seed(0)
    return Silhouettes.pad([torch.rand(n, *SIZE, generator=draw) for n in (5, 2, 3)], ["a", "b", "c"])


@pytest.fixture
def edited(clean: Silhouettes) -> Tensor:
    return torch.arange(5) == clean.lengths[:, None] - 1


@pytest.fixture
def adversarial(clean: Silhouettes, edited: Tensor) -> Silhouettes:
    """Sequences a and c break the box below; b stays within."""
    change = torch.tensor([1.0, 0.05, 1.0])[:, None, None, None] * edited[:, :, None, None]
    return replace(clean, frames=torch.lerp(clean.frames, 1 - clean.frames, change))


@dataclass(frozen=True)
class Box(Constraint):
    """Pixels move by at most `radius`; frames that are not edited do not move."""

    radius: float = 0.1

    def project(self, adversarial: Silhouettes, clean: Silhouettes, edited: Tensor) -> Silhouettes:
        radius = self.radius * edited[:, :, None, None]
        frames = adversarial.frames.clamp(clean.frames - radius, clean.frames + radius)
        return replace(adversarial, frames=frames.clamp(0, 1))

    def violation(self, adversarial: Silhouettes, clean: Silhouettes, edited: Tensor) -> Tensor:
        excess = (adversarial.frames - clean.frames).abs() - self.radius * edited[:, :, None, None]
        # a pixel on the boundary may be rounded across it
        return (excess.flatten(1).amax(1) - 1e-6).clamp_min(0)


def test_a_good_constraint_passes(clean: Silhouettes, adversarial: Silhouettes, edited: Tensor) -> None:
    check_constraint(Box(), clean, adversarial, edited)
    assert (Box().violation(adversarial, clean, edited) > 0).tolist() == [True, False, True]


class ForgetsTheSamples(Box):
    def violation(self, adversarial: Silhouettes, clean: Silhouettes, edited: Tensor) -> Tensor:
        return super().violation(adversarial, clean, edited).amax()


class DividesByTheEdits(Box):
    def violation(self, adversarial: Silhouettes, clean: Silhouettes, edited: Tensor) -> Tensor:
        return super().violation(adversarial, clean, edited) / edited.sum(1) * edited.any(1)


class RewardsSlack(Box):
    def violation(self, adversarial: Silhouettes, clean: Silhouettes, edited: Tensor) -> Tensor:
        return (adversarial.frames - clean.frames).abs().flatten(1).amax(1) - self.radius


class ComparesWithTheBatch(Box):
    def violation(self, adversarial: Silhouettes, clean: Silhouettes, edited: Tensor) -> Tensor:
        violation = super().violation(adversarial, clean, edited)
        return violation / violation.amax().clamp_min(1e-6)


class BlamesTheClean(Box):
    def violation(self, adversarial: Silhouettes, clean: Silhouettes, edited: Tensor) -> Tensor:
        return super().violation(adversarial, clean, edited) + 0.01


class MovesTheClean(Box):
    def project(self, adversarial: Silhouettes, clean: Silhouettes, edited: Tensor) -> Silhouettes:
        projected = super().project(adversarial, clean, edited)
        return projected if bool(edited.any()) else replace(projected, frames=projected.frames.round())


class StopsHalfWay(Box):
    def project(self, adversarial: Silhouettes, clean: Silhouettes, edited: Tensor) -> Silhouettes:
        projected = super().project(adversarial, clean, edited)
        return replace(projected, frames=(projected.frames + adversarial.frames) / 2)


class GoesOn(Box):
    """Each time a little nearer to the clean sequence."""

    def project(self, adversarial: Silhouettes, clean: Silhouettes, edited: Tensor) -> Silhouettes:
        projected = super().project(adversarial, clean, edited)
        return replace(projected, frames=(projected.frames + clean.frames) / 2)


class GivesUp(Box):
    """Returns the clean frames: kept and idempotent, but it moves what was fine."""

    def project(self, adversarial: Silhouettes, clean: Silhouettes, edited: Tensor) -> Silhouettes:
        return replace(adversarial, frames=clean.frames.clone())


class LeavesTheRange(Box):
    def project(self, adversarial: Silhouettes, clean: Silhouettes, edited: Tensor) -> Silhouettes:
        projected = super().project(adversarial, clean, edited)
        return replace(projected, frames=projected.frames + edited[:, :, None, None])


class Renames(Box):
    def project(self, adversarial: Silhouettes, clean: Silhouettes, edited: Tensor) -> Silhouettes:
        return replace(super().project(adversarial, clean, edited), ids=("x",) * len(clean))


class Shortens(Box):
    def project(self, adversarial: Silhouettes, clean: Silhouettes, edited: Tensor) -> Silhouettes:
        projected = super().project(adversarial, clean, edited)
        return replace(projected, lengths=(projected.lengths - 1).clamp_min(1))


class WorksInPlace(Box):
    """Moves by too little to be seen otherwise."""

    def project(self, adversarial: Silhouettes, clean: Silhouettes, edited: Tensor) -> Silhouettes:
        clean.frames.mul_(1 - 1e-7)
        return super().project(adversarial, clean, edited)


class WorksInTheAdversary(Box):
    def project(self, adversarial: Silhouettes, clean: Silhouettes, edited: Tensor) -> Silhouettes:
        projected = super().project(adversarial, clean, edited)
        adversarial.frames.copy_(projected.frames)
        return projected


class ClearsTheMarks(Box):
    def violation(self, adversarial: Silhouettes, clean: Silhouettes, edited: Tensor) -> Tensor:
        violation = super().violation(adversarial, clean, edited)
        edited[:] = False
        return violation


@pytest.mark.parametrize(
    ("constraint", "message"),
    [
        (ForgetsTheSamples(), r"the violation has shape \(\); expected \(3,\)"),
        (DividesByTheEdits(), "the violation is not finite"),
        (RewardsSlack(), "the violation is negative"),
        (ComparesWithTheBatch(), "the violation of . depends on the rest of the batch"),
        (BlamesTheClean(), "clean sequences violate it"),
        (MovesTheClean(), "projecting moves clean sequences"),
        (StopsHalfWay(), "projected sequences violate it by"),
        (GoesOn(), "projecting twice is not projecting once"),
        (GivesUp(), "projecting moves sequences that violate nothing"),
        (LeavesTheRange(), r"projected frames leave the range \[0, 1\]"),
        (Renames(), "projecting changed the ids"),
        (Shortens(), "projecting changed the lengths"),
        (WorksInPlace(), "the constraint changed the sequences"),
        (WorksInTheAdversary(), "the constraint changed the sequences"),
        (ClearsTheMarks(), "the constraint changed edited"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_broken_constraint_is_rejected(
    constraint: Constraint, message: str, clean: Silhouettes, adversarial: Silhouettes, edited: Tensor
) -> None:
    with pytest.raises(AssertionError, match=message):
        check_constraint(constraint, clean, adversarial, edited)
