"""A skeleton as bones that hang from each other: what each bone does carries to everything beyond it."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from stumble.layouts import Layout
from stumble.sequences import Skeletons

__all__ = ["bone_vectors", "carried", "measurable", "norm", "stretched"]

SHORTEST = 2.0**-11
"""The shortest bone that has a length, as a share of its ends' largest coordinate.

float32 rounds both ends by 2^-24 of that coordinate in every direction, which is below 0.05 % of such a bone; of a much
shorter one it would be more than the 0.1 % that a bone may change.
"""


def bone_vectors(joints: Float[Tensor, "*bmt j c"], layout: Layout) -> Float[Tensor, "*bmt j c"]:
    """From the parent of each joint to the joint; the root's is its position."""
    parents = list(layout.parents)
    parents[layout.root] = layout.root
    is_root = torch.arange(len(layout), device=joints.device)[:, None] == layout.root
    return joints - torch.where(is_root, 0, joints[..., parents, :])


def norm(vectors: Float[Tensor, "*n c"]) -> Float[Tensor, "*n"]:
    """Euclidean lengths, whose gradient at the zero vector is zero."""
    squares = vectors.square().sum(-1)
    nonzero = squares > 0
    return torch.where(nonzero, torch.where(nonzero, squares, 1).sqrt(), 0)


def stretched(bones: Float[Tensor, "*n c"], lengths: Float[Tensor, "*n c"]) -> Float[Tensor, "*n c"]:
    """The bones made as long as their counterparts in `lengths`, which themselves stand in for bones of no length."""
    length = norm(bones)
    ratio = norm(lengths) / torch.where(length > 0, length, 1)
    return torch.where((length > 0)[..., None], bones * ratio[..., None], lengths)


def measurable(clean: Skeletons) -> Bool[Tensor, "b m t j"]:
    """Whether the bone from its parent to each joint has a length to keep: both ends seen, and not in one place.

    False at the root. Bones too short for float32 count as being in one place.
    """
    layout, seen = clean.layout, clean.visible
    largest = clean.joints.abs().amax(4)
    parents = list(layout.parents)
    lengths = norm(bone_vectors(clean.joints, layout))
    found = seen & seen[..., parents] & (lengths > SHORTEST * torch.maximum(largest, largest[..., parents]))
    found[..., layout.root] = False
    return found


def carried(
    changes: Float[Tensor, "b m t j c"], moves: Bool[Tensor, "b m t j"], layout: Layout
) -> Float[Tensor, "b m t j c"]:
    """How far each joint moves when its bone vector changes by `changes` and so do those of all its ancestors.

    One pass per tree depth over batch, people and frames. Joints that do not move carry nothing on, so what hangs from
    one that was not detected goes its own way.
    """
    parents = layout.parents
    shift = torch.where(moves[..., None], changes, 0)
    for level in layout.depths[1:]:
        onto = shift[..., [parents[joint] for joint in level], :]
        index = torch.tensor(level, device=shift.device)
        shift = shift.index_add(3, index, torch.where(moves[..., index, None], onto, 0))
    return shift
