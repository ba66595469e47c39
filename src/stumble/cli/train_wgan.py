"""`stumble train wgan`"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import cv2
import numpy as np
import torch
from jaxtyping import UInt8

from stumble import zoo
from stumble.campaign.choices import Damage, described, people, training_people, weight_file
from stumble.cli.progress import progress
from stumble.data import GaitData, open_gait
from stumble.data.whole_files import whole_file
from stumble.errors import SpecError
from stumble.metrics.sample_quality import SampleQuality, sample_quality
from stumble.models.wgan_gp import SilhouetteGAN
from stumble.seeds import stream
from stumble.training import WganProgress, WganTraining, calibrate, contact_sheet, sample, single_frames

__all__ = ["train_wgan"]

_COMPARED, _REFERENCE = 1000, 4000


def train_wgan(
    *,
    data: Path,
    out: Path,
    subjects: str | None = None,
    held_out: str | None = None,
    training: WganTraining = WganTraining(),
    command_line: str,
) -> None:
    """Train a generator of silhouettes and its critic, calibrate the critic, and measure the samples.

    The state of the training is kept beside the result, with a sheet of samples; the same command goes on where an
    interrupted one stopped.

    Example:
        stumble train wgan --data walkers --out mine.safetensors --held-out 125-134
        stumble train wgan --data walkers --out mine.safetensors --training.iterations 4000 --training.width 16

    Args:
        data: folder of gait data.
        out: file for the weights, .safetensors; a card goes beside it.
        subjects: whom to train on, such as 1-74; by default those that the data set's protocol trains.
        held_out: whose frames calibrate the critic and are compared with the samples; by default the last tenth of
            those to train on, who are then not trained on.
        training: how it is trained.
    """
    state = weight_file(out)
    source = open_gait(data)
    names = training_people(source, subjects)
    others = people(source, held_out) if held_out is not None else names[-max(1, len(names) // 10) :]
    names = tuple(name for name in names if name not in others)
    if not names:
        raise SpecError(f"{source.name}: all people to train on are held out; expected others besides")
    real, held = _frames(source, names), _frames(source, others)

    with progress("training") as report:
        prior = training.run(
            real,
            state,
            progress=lambda p: report(p.step, p.steps, _note(p)),
            on_save=lambda network, _step: _write_sheet(out.with_suffix(".png"), network),
        )
    calibrate(prior, held, training.seed)
    quality = asdict(_quality(prior, real, held, training.seed))
    metrics = {name: float(value) for name, value in quality.items()}
    metrics |= {"calibration_scale": float(prior.scale), "calibration_offset": float(prior.offset)}
    card = zoo.Card(described(source, names), command_line, training.seed, metrics)
    card = zoo.save(prior, out, card)
    print(f"{out}: {card.parameters} parameters, SHA-256 {card.digest[:12]}…, samples in {out.with_suffix('.png')}")
    print(f"critic: P(real) = 1 / (1 + exp(-({float(prior.scale):.4g} score + {float(prior.offset):.4g})))")
    for name, value in quality.items():
        print(f"{name.replace('_', ' ')}: {value:.4g}")


def _frames(data: GaitData, names: tuple[str, ...]) -> UInt8[np.ndarray, "n 64 44"]:
    own, damage = data.select(subjects=set(names)), Damage()
    with progress("reading") as report:
        frames = single_frames(own, on_loaded=lambda done: report(done, len(own)), on_damage=damage)
    damage.close()
    return frames


def _quality(prior: SilhouetteGAN, real: np.ndarray, held: np.ndarray, seed: int) -> SampleQuality:
    """Samples against frames of people held out; neighbours are sought among frames that were trained on."""

    def some(frames: np.ndarray, most: int, purpose: str) -> torch.Tensor:
        chosen = stream(seed, "", purpose).choice(len(frames), min(len(frames), most), replace=False)
        return torch.from_numpy(frames[chosen]).float() / 255

    compared = some(held, _COMPARED, "sample quality")
    return sample_quality(sample(prior, len(compared), seed), compared, some(real, _REFERENCE, "reference frames"))


def _write_sheet(path: Path, prior: SilhouetteGAN) -> None:
    content = cv2.imencode(".png", contact_sheet(prior))[1].tobytes()
    with whole_file(path) as temporary:
        temporary.write_bytes(content)


def _note(p: WganProgress) -> str:
    return f"Wasserstein distance {p.distance:.2f}, slope {p.slope:.2f}, {p.seconds:.2f} s/step"
