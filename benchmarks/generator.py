"""How good the shipped generator is, on people that it was not trained on.

    stumble data synth gait --subjects 154 --out walkers
    python benchmarks/generator.py walkers docs

Writes DOCS/generator.md and DOCS/images/generator.png: generated frames above, real ones below.
"""

# ruff: noqa: E501 (rows of a table)
from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
import torch

from stumble import __version__
from stumble.data import open_gait
from stumble.data.frame_pool import draw_frames
from stumble.data.whole_files import whole_file
from stumble.metrics.plausibility import largest_component
from stumble.metrics.sample_quality import sample_quality
from stumble.models.wgan_gp import SilhouetteGAN
from stumble.training import sample
from stumble.zoo import Shipped

COLUMNS, ROWS = 20, 4


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("docs", type=Path)
    arguments = parser.parse_args()
    data = open_gait(arguments.data)
    unseen, seen = (data.select(subjects=[f"{s:03d}" for s in people]) for people in (range(125, 155), range(1, 75)))
    real, reference = draw_frames(unseen).frames, draw_frames(seen).frames
    prior = Shipped("wgan-synthetic").load()
    assert isinstance(prior, SilhouetteGAN)
    generated = sample(prior, 2000, 0)
    chosen = real[torch.randperm(len(real), generator=torch.Generator().manual_seed(0))[:2000]]
    quality = sample_quality(generated, chosen.float() / 255, reference.float() / 255)
    with torch.no_grad():
        scores = [torch.sigmoid(prior.plausibility_logit(x)).mean().item() for x in (generated, chosen.float() / 255)]
    whole = [largest_component(x) for x in ((generated * 255).round().to(torch.uint8), chosen)]
    images = arguments.docs / "images"
    images.mkdir(parents=True, exist_ok=True)
    sheet = np.concatenate([tile(generated), np.full((6, 44 * COLUMNS), 0.5, np.float32), tile(chosen.float() / 255)])
    cv2.imwrite(str(images / "generator.png"), (255 * (1 - sheet)).round().astype(np.uint8))
    with whole_file(arguments.docs / "generator.md") as temporary:
        temporary.write_text(
            f"""# The shipped generator

![Generated silhouettes above, real ones below](images/generator.png)

Above the line: frames of `wgan-synthetic`, latents uniform on its sphere, not selected. Below: real frames, that is,
rendered ones of people 125–154, on whom it was not trained. Measured on {quality.frames} frames of each; stumble
{__version__}, `python benchmarks/generator.py walkers docs`.

| measure | generated | real | reads as |
|---|---|---|---|
| leave-one-out nearest neighbour tells them apart | {100 * quality.nearest_neighbour_accuracy:.1f} % | | 50 % is perfect, 100 % is hopeless |
| overlap with the nearest frame of people 1–74, median | {quality.generated_iou:.3f} | {quality.real_iou:.3f} | the nearer to each other the better |
| the same, 5th percentile | {quality.generated_iou_p05:.3f} | {quality.real_iou_p05:.3f} | |
| diversity: one minus mean overlap of two frames | {quality.generated_diversity:.3f} | {quality.real_diversity:.3f} | less than real: modes are missing |
| largest component, mean share | {whole[0].mean():.4f} | {whole[1].mean():.4f} | |
| calibrated probability of being real, mean | {scores[0]:.3f} | {scores[1]:.3f} | 0.5 each: the critic cannot tell |

Training command, seed, data and digest are on its card, `src/stumble/zoo/shipped/wgan-synthetic.json`.
""",
            encoding="utf-8",
        )
    print(quality)


def tile(frames: torch.Tensor) -> np.ndarray:
    """ROWS x COLUMNS frames as one picture."""
    part = frames[: ROWS * COLUMNS].reshape(ROWS, COLUMNS, 64, 44)
    return part.permute(0, 2, 1, 3).reshape(ROWS * 64, COLUMNS * 44).numpy()


if __name__ == "__main__":
    main()
