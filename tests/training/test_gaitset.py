from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from stumble.errors import SpecError, WeightsError
from stumble.models import GaitBase, GaitSet
from stumble.training import GaitProgress, GaitSetTraining
from stumble.training.gait import embedded
from stumble.training.walks import Walks
from stumble.zoo import Card, File, save

TINY = GaitSetTraining(iterations=4, subjects=2, sequences=2, frames=2, bfloat16=False)


def test_learns_to_tell_people_apart(people: Walks, tmp_path: Path) -> None:
    seen: list[GaitProgress] = []
    training = replace(TINY, iterations=30, subjects=3, learning_rate=1e-3)
    network = training.run(people, tmp_path / "state.pt", progress=seen.append)
    assert not network.training
    assert [p.iteration for p in seen] == [10, 20, 30]
    assert seen[-1].figures["% of triplets left"] < seen[0].figures["% of triplets left"]


def test_resumes_bit_for_bit(people: Walks, tmp_path: Path) -> None:
    class Interrupted(Exception):
        pass

    def interrupt(progress: GaitProgress) -> None:
        if progress.iteration == 3:
            raise Interrupted

    whole = TINY.run(people, tmp_path / "whole.pt")
    with pytest.raises(Interrupted):
        TINY.run(people, tmp_path / "parts.pt", progress=interrupt, report_every=1, save_every=2)
    resumed: list[int] = []
    parts = TINY.run(
        people, tmp_path / "parts.pt", progress=lambda p: resumed.append(p.iteration), report_every=1, save_every=2
    )
    assert resumed == [3, 4]
    for name, value in whole.state_dict().items():
        assert torch.equal(value, parts.state_dict()[name]), name


def test_goes_on_from_given_weights(people: Walks, tmp_path: Path) -> None:
    first = replace(TINY, seed=5).run(people, tmp_path / "first.pt")
    save(first, tmp_path / "first.safetensors", Card("three people", "", 5, {}), half=False)
    given = File(tmp_path / "first.safetensors")
    still = replace(TINY, learning_rate=0.0)
    network = still.run(people, tmp_path / "second.pt", initial=given)
    for name, value in first.state_dict().items():
        assert torch.equal(value, network.state_dict()[name]), name
    with pytest.raises(WeightsError, match="initial"):
        still.run(people, tmp_path / "second.pt")


def test_weights_of_another_network_are_no_start(people: Walks, tmp_path: Path) -> None:
    save(GaitBase(3, (4, 4, 4, 4)), tmp_path / "other.safetensors", Card("nobody", "", 0, {}))
    with pytest.raises(WeightsError, match=r"other\.safetensors: found a GaitBase to start from; expected a GaitSet"):
        TINY.run(people, tmp_path / "s.pt", initial=File(tmp_path / "other.safetensors"))


def test_batches_depend_on_seed_and_iteration_alone(people: Walks) -> None:
    frames, label = TINY.draw(people, 7)
    assert frames.shape == (8, 64, 44) and label.tolist() == [label[0], label[0], label[2], label[2]]
    assert np.array_equal(frames, TINY.draw(people, 7)[0])
    assert not np.array_equal(frames, TINY.draw(people, 8)[0])


def test_validates_in_inference_mode(people: Walks, tmp_path: Path) -> None:
    seen: list[GaitProgress] = []
    modes: list[bool] = []

    def validate(network: torch.nn.Module) -> float:
        modes.append(network.training)
        return 0.5

    TINY.run(people, tmp_path / "s.pt", progress=seen.append, report_every=1, validate=validate, validate_every=2)
    assert modes == [False, False]
    assert [p.validation for p in seen] == [None, 0.5, 0.5, 0.5]


def test_sequences_of_few_frames_meet_those_of_many(people: Walks, tmp_path: Path) -> None:
    training = replace(TINY, frames=12, fewest=3)
    drawn = training.lengths(np.random.default_rng(0), 20_000)
    assert (drawn.min(), drawn.max()) == (3, 12)
    halves = np.log([4 / 3, 13 / 12]) / np.log(13 / 3)  # the shares of 3 and of 12 among log-uniform lengths
    assert [(drawn == n).double().mean() for n in (3, 12)] == pytest.approx(halves.tolist(), abs=0.01)
    assert training.run(people, tmp_path / "few.pt").takes.minimum_frames == 1
    for wrong in (0, 13):
        with pytest.raises(SpecError, match=f"fewest is {wrong}; it must be from 1 to 12"):
            replace(training, fewest=wrong)


def test_only_the_first_frames_of_a_shortened_sequence_count(people: Walks) -> None:
    network, frames = GaitSet().eval(), torch.rand(2, 5, 64, 44, generator=torch.Generator().manual_seed(0))
    short = embedded(network, frames, False, torch.tensor([3, 5]))
    for row, length in ((0, 3), (1, 5)):
        alone = embedded(network, frames[row : row + 1, :length], False)[0]
        torch.testing.assert_close(short[row], alone, rtol=1e-4, atol=1e-5)


def test_the_learning_rate_falls_linearly_at_the_end() -> None:
    training = GaitSetTraining(iterations=100, decay=0.2, learning_rate=1.0)
    assert [training.rate(i) for i in (0, 80, 90, 99)] == pytest.approx([1, 1, 0.5, 0.05])


def test_state_of_another_training_is_refused(people: Walks, tmp_path: Path) -> None:
    TINY.run(people, tmp_path / "s.pt")
    with pytest.raises(WeightsError, match=r"s\.pt: found a training with margin=0\.2; expected margin=0\.3"):
        replace(TINY, margin=0.3).run(people, tmp_path / "s.pt")
    others = {**people, "002": {key: frames[::-1] for key, frames in people["002"].items()}}
    with pytest.raises(WeightsError, match=r"s\.pt: found a training with data='\w+'; expected data='\w+'"):
        TINY.run(others, tmp_path / "s.pt")


def test_a_damaged_state_is_named(people: Walks, tmp_path: Path) -> None:
    (tmp_path / "s.pt").write_bytes(b"nonsense")
    with pytest.raises(WeightsError, match=r"s\.pt: found .*; expected the state of a training"):
        TINY.run(people, tmp_path / "s.pt")


def test_too_few_people_are_named(people: Walks, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="3 training subjects for batches of 8 x 8"):
        GaitSetTraining().run(people, tmp_path / "s.pt")
