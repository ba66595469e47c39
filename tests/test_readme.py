"""The README's example runs as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from stumble.synth import write_walkers

README = Path(__file__).parents[1] / "README.md"


class MeanSilhouette(nn.Module):
    """Stands for the reader's network."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(44, 8)

    def forward(self, frames: Tensor) -> Tensor:
        embedding: Tensor = self.linear(frames.mean(1))
        return embedding


def test_the_example_with_ones_own_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    conditions = ("nm-01", "nm-05")
    write_walkers(tmp_path / "walkers", range(75, 78), conditions=conditions, views=("054", "090"), workers=1)
    monkeypatch.chdir(tmp_path)
    (example,) = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    torch.manual_seed(0)
    exec(example.replace("Sparsity(1 / 40)", "Sparsity(1 / 40), iterations=2"), {"my_network": MeanSilhouette()})
    assert "goal='untargeted', sequences=6" in capsys.readouterr().out
    assert list((tmp_path / "out" / "samples").iterdir())
