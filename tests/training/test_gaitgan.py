from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from stumble.errors import SpecError
from stumble.models import GaitGAN
from stumble.models.gaitgan import squared
from stumble.training import GaitGANTraining, GaitProgress
from stumble.training.walks import Walks

TINY = GaitGANTraining(iterations=60, subjects=3, sequences=2, frames=3, width=4, learning_rate=2e-3, bfloat16=False)


def test_learns_to_see_people_from_the_side(people: Walks, tmp_path: Path) -> None:
    """A bar that leans to the right when seen from the side is upright in front: what is made of it leans."""
    seen: list[GaitProgress] = []
    network = replace(TINY, pixels=100.0).run(people, tmp_path / "state.pt", progress=seen.append)
    assert isinstance(network, GaitGAN) and not network.training
    assert seen[-1].figures["pixel difference"] < 0.5 * seen[0].figures["pixel difference"]
    front, side = (
        torch.from_numpy(next(frames for key, frames in people["001"].items() if key.view == view)).float().mean(0)
        for view in ("000", "090")
    )
    made = network.generate(squared(front[None] / 255))
    upright, leaning = ((made - squared(image[None] / 255)).abs().mean() for image in (front, side))
    assert leaning < upright


def test_resumes_bit_for_bit_with_all_three_networks(people: Walks, tmp_path: Path) -> None:
    whole = replace(TINY, iterations=3).run(people, tmp_path / "whole.pt")
    replace(TINY, iterations=2).run(people, tmp_path / "parts.pt")
    parts = replace(TINY, iterations=3).run(people, tmp_path / "parts.pt")
    for name, value in whole.state_dict().items():
        assert torch.equal(value, parts.state_dict()[name]), name


def test_people_without_a_side_view_are_named(people: Walks, tmp_path: Path) -> None:
    rest = {key: frames for key, frames in people["001"].items() if key.view != "090"}
    with pytest.raises(SpecError, match="001: 2 sequences, none of them of a normal walk"):
        TINY.run({**people, "001": rest}, tmp_path / "s.pt")
