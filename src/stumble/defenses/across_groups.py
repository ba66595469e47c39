"""Where frames are sorted into groups by what they hold, an adversary chooses the groups of those that are theirs."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from jaxtyping import Int, UInt8
from torch import Tensor

from stumble.certify import ByContent, VotingGallery
from stumble.constraints.frames import Edit
from stumble.interfaces import Attack, AttackResult, Goal, Target
from stumble.sequences import Silhouettes
from stumble.targets import Gallery

__all__ = ["AcrossGroups"]


@dataclass(frozen=True)
class AcrossGroups(Attack):
    """The frames of an attack, each changed by one level in one pixel so that it falls into a group of its own, first
    into those that vote right in most views before the attack.

    Attributes:
        attack: that makes the frames.
        pieces: the groups.
        gallery: whom each group is taken for.
    """

    attack: Attack
    pieces: ByContent
    gallery: Gallery

    @property
    def edit(self) -> Edit:
        """What is done to frames."""
        edit: Edit = getattr(self.attack, "edit", "alter")
        return edit

    def __call__(self, target: Target, batch: Silhouettes, goal: Goal, *, seed: int) -> AttackResult:
        result = self.attack(target, batch, goal, seed=seed)
        order, stored = self._order(target, batch, goal), result.adversarial.quantised()
        frames = stored.frames.clone()
        for row, edited in enumerate(result.edited):
            for number, place in enumerate(edited.nonzero().flatten().tolist()):
                group = int(order[row, number % self.pieces.count])
                frames[row, place] = self._moved(frames[row, place], group)
        return replace(result, adversarial=replace(stored, frames=frames), queries=result.queries + 1)

    def _order(self, target: Target, batch: Silhouettes, goal: Goal) -> Int[Tensor, "b g"]:
        """The groups of each clean sequence, by in how many views that count they vote right."""
        voting = VotingGallery(self.gallery.enrolled, self.gallery.distance, self.pieces.count)
        with torch.no_grad():
            embedding = target(batch).embedding
            assert embedding is not None
            scores = voting.of_pieces(embedding)
        right = (scores.argmax(3) == goal.label[:, None, None]) & scores.isfinite().any(3)
        counted = torch.ones_like(right[:, 0]) if goal.counted is None else goal.counted
        return (right & counted[:, None]).sum(2).argsort(dim=1, descending=True, stable=True)

    def _moved(self, frame: UInt8[Tensor, "h w"], group: int) -> UInt8[Tensor, "h w"]:
        """The frame, or the first one off by a level in one pixel that is in the group."""
        moved = frame.clone()
        for pixel in range(-1, frame.numel()):
            if pixel >= 0:
                moved = frame.clone()
                moved.view(-1)[pixel] ^= 1
            if self.pieces.group(moved.numpy().tobytes()) == group:
                return moved
        return frame
