"""Turning a body so that its spine is along z and its shoulders along x, as 2s-AGCN and PYSKL do."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from stumble.layouts import NTU25

__all__ = ["SPINE_MIDDLE", "turned", "upright"]

SPINE_BASE, SPINE_MIDDLE = NTU25.index("spine base", "spine middle")
LEFT, RIGHT = NTU25.index("left shoulder", "right shoulder")
X, Z = 0, 2
SHORTEST = 1e-6
"""Metres, summed over the coordinates: what both projects take for no direction at all."""


def upright(pose: Float[Tensor, "b 25 3"]) -> Float[Tensor, "b 3 3"]:
    """The rotation that turns the bone spine base → spine middle to z, then left → right shoulder to x.

    Each of the two is the smallest that does it, so the spine leaves z again by as much as the shoulders are not
    perpendicular to it; only where they are does the result not depend on how the pose was turned before.
    """
    spine = pose[:, SPINE_MIDDLE] - pose[:, SPINE_BASE]
    first = _onto(spine, Z)
    shoulders = torch.einsum("bij,bj->bi", first, pose[:, RIGHT] - pose[:, LEFT])
    return _onto(shoulders, X) @ first


def turned(joints: Float[Tensor, "b m t v 3"], rotation: Float[Tensor, "b 3 3"]) -> Float[Tensor, "b m t v 3"]:
    """Every joint of a sequence by its sequence's rotation about the origin."""
    return torch.einsum("bij,bmtvj->bmtvi", rotation, joints)


def _onto(vector: Float[Tensor, "b 3"], axis: int) -> Float[Tensor, "b 3 3"]:
    """The smallest rotation of each vector onto the axis: I + [v] + [v]² (1 − c) / |v|², v and c cross and dot product.

    The identity for a vector without length and for one that points the other way, for which there is no smallest.
    """
    identity = torch.eye(3, dtype=vector.dtype, device=vector.device)
    goal = identity[axis].expand_as(vector)
    opposite = (torch.linalg.cross(vector, goal).abs().sum(-1) < SHORTEST) & (vector[:, axis] < 0)
    still = (vector.abs().sum(-1) < SHORTEST) | opposite
    vector = torch.where(still[:, None], goal, vector)  # inside, so that no gradient passes a division by zero
    unit = vector / torch.linalg.vector_norm(vector, dim=-1, keepdim=True)
    v, c = torch.linalg.cross(unit, goal), unit[:, axis]
    square = torch.where(c < 0, v.square().sum(-1), 1)
    factor = torch.where(c < 0, (1 - c) / square, 1 / (1 + c.clamp(min=0)))  # the same, each where it is exact
    crossed = torch.linalg.cross(v[:, None].expand(-1, 3, 3), identity.expand(len(v), 3, 3)).mT
    return identity + crossed + factor[:, None, None] * crossed @ crossed
