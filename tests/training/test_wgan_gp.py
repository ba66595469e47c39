from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from stumble.errors import SpecError, WeightsError
from stumble.models.wgan_gp import SilhouetteGAN
from stumble.training.calibration import calibrate
from stumble.training.wgan_gp import WganProgress, WganTraining, contact_sheet, sample

TINY = WganTraining(iterations=4, width=4, batch=4, penalised=2, bfloat16=False)


@pytest.fixture(scope="module")
def bars() -> np.ndarray:
    """Upright bars of different heights."""
    frames = np.zeros((16, 64, 44), np.uint8)
    for index, frame in enumerate(frames):
        frame[10 + index : 60, 15:30] = 255
    return frames


def test_generated_frames_approach_real_ones(bars: np.ndarray, tmp_path: Path) -> None:
    seen: list[WganProgress] = []
    faster = {"generator_rate": 2e-3, "critic_rate": 2e-3, "average": 0.8}
    training = replace(TINY, iterations=60, width=8, batch=8, penalised=4, **faster)
    prior = training.run(bars, tmp_path / "s.pt", progress=seen.append, report_every=30)
    assert [p.step for p in seen] == [30, 60]
    mean = torch.from_numpy(bars).float().mean(0) / 255
    untrained = SilhouetteGAN(8)
    errors = [(sample(p, 32, seed=1).mean(0) - mean).abs().mean() for p in (untrained, prior)]
    assert errors[1] < errors[0] / 2


def test_resumes_bit_for_bit(bars: np.ndarray, tmp_path: Path) -> None:
    class Interrupted(Exception):
        pass

    def interrupt(progress: WganProgress) -> None:
        if progress.step == 3:
            raise Interrupted

    whole = TINY.run(bars, tmp_path / "whole.pt")
    with pytest.raises(Interrupted):
        TINY.run(bars, tmp_path / "parts.pt", progress=interrupt, report_every=1, save_every=2)
    parts = TINY.run(bars, tmp_path / "parts.pt")
    for name, value in whole.state_dict().items():
        assert torch.equal(value, parts.state_dict()[name]), name


def test_state_of_another_training_is_refused(bars: np.ndarray, tmp_path: Path) -> None:
    TINY.run(bars, tmp_path / "s.pt")
    with pytest.raises(WeightsError, match=r"s\.pt: found a training with width=4; expected width=8"):
        replace(TINY, width=8).run(bars, tmp_path / "s.pt")
    with pytest.raises(WeightsError, match=r"s\.pt: found a training with data='\w+'; expected data='\w+'"):
        TINY.run(255 - bars, tmp_path / "s.pt")


def test_too_few_frames_are_named(bars: np.ndarray, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="a batch of 4 and 3 real frames"):
        TINY.run(bars[:3], tmp_path / "s.pt")


def test_the_averaged_network_is_shown_when_saved(bars: np.ndarray, tmp_path: Path) -> None:
    sheets: list[tuple[int, tuple[int, ...]]] = []
    TINY.run(
        bars,
        tmp_path / "s.pt",
        save_every=2,
        on_save=lambda prior, step: sheets.append((step, contact_sheet(prior, rows=2, columns=3).shape)),
    )
    assert sheets == [(2, (128, 132)), (4, (128, 132))]


def test_a_contact_sheet_shows_the_samples_row_by_row() -> None:
    prior = SilhouetteGAN(4)
    sheet = contact_sheet(prior, rows=2, columns=3, seed=5)
    frame = (sample(prior, 6, seed=5)[4] * 255).round().to(torch.uint8).numpy()
    assert np.array_equal(sheet[64:, 44:88], frame)


def test_calibration_orders_real_above_generated(bars: np.ndarray, tmp_path: Path) -> None:
    prior = TINY.run(bars, tmp_path / "s.pt")
    calibrate(prior, bars, seed=1)
    real, fake = torch.from_numpy(bars).float() / 255, sample(prior, 16, seed=1)
    logits = prior.plausibility_logit(real), prior.plausibility_logit(fake)
    assert (logits[0] > 0).float().mean() > 0.9 and (logits[1] < 0).float().mean() > 0.9
