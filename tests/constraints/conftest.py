from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from stumble.layouts import NTU25, Layout
from stumble.sequences import Skeletons

Crowd = Callable[..., Skeletons]


@pytest.fixture(scope="session")
def crowd() -> Crowd:
    """Makes clips of people who stand about and sway: limbs of random lengths, directions that wander."""

    def make(
        seed: int = 0, layout: Layout = NTU25, clips: tuple[tuple[int, int], ...] = ((1, 12), (2, 7)), lost: float = 0.0
    ) -> Skeletons:
        """`clips` are (people, frames); on NTU in metres, else in the image; `lost` is the share of joints not seen.

        The second person of a clip comes one frame late.
        """
        draw = torch.Generator().manual_seed(seed)
        coordinates, scale, place = (3, 1.0, [0.2, -0.1, 3.0]) if layout is NTU25 else (2, 0.2, [0.1, -0.2])
        sequences, confidences = [], []
        for people, frames in clips:
            size = (people, frames, len(layout), coordinates)
            drift = 0.05 * torch.randn(size, generator=draw).cumsum(1)
            directions = torch.randn(people, 1, *size[2:], generator=draw) + drift
            bones = torch.nn.functional.normalize(directions, dim=-1)
            bones = bones * scale * (0.05 + 0.4 * torch.rand(people, 1, len(layout), 1, generator=draw))
            joints = torch.zeros(size)
            for level in layout.depths:
                for joint in level:
                    before = torch.tensor(place) if joint == layout.root else joints[:, :, layout.parents[joint]]
                    joints[:, :, joint] = before + bones[:, :, joint]
            seen = (torch.rand(size[:3], generator=draw) >= lost).float()
            seen[1:, :1] = 0
            sequences.append(joints * seen[..., None])
            confidences.append(seen * (0.3 + 0.7 * torch.rand(size[:3], generator=draw)))
        ids = [f"clip {k}" for k in range(len(clips))]
        return Skeletons.pad(sequences, ids, layout, confidences if lost else None)

    return make


@pytest.fixture(scope="session")
def pushed() -> Callable[..., Skeletons]:
    """Moves every value of the joints, padding included, by this much to either side."""

    def push(clean: Skeletons, epsilon: float, seed: int = 0) -> Skeletons:
        draw = torch.Generator().manual_seed(seed)
        return clean.moved(clean.joints + epsilon * torch.randn(clean.joints.shape, generator=draw).sign())

    return push
