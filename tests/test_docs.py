"""The examples of the documentation run as they stand."""

from __future__ import annotations

import re
import sys
import types
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import stumble
from stumble.synth import write_walkers

from .test_readme import MeanSilhouette

DOCS = Path(__file__).parents[1] / "docs"


class LikeOpenGait(nn.Module):
    """Stands for the reader's model: it takes and answers what OpenGait's do."""

    def __init__(self) -> None:
        super().__init__()
        self.norm, self.linear = nn.BatchNorm1d(44), nn.Linear(44, 8)

    def forward(self, inputs: tuple[list[Tensor], Any, Any, Any, Tensor]) -> dict[str, dict[str, Tensor]]:
        (silhouettes,), _labels, _types, _views, lengths = inputs
        assert silhouettes.shape == (1, int(lengths.sum()), 64, 44) and len(lengths) == 1
        sets = torch.stack([part.mean(0) for part in silhouettes[0].split(lengths[0].tolist())])
        rows = self.norm(sets.transpose(1, 2))  # a column is a dimension, a row a part
        return {"inference_feat": {"embeddings": self.linear(rows.transpose(1, 2)).transpose(1, 2)}}


def test_a_model_like_those_of_opengait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_walkers(tmp_path / "walkers", range(75, 78), conditions=("nm-01", "nm-05"), views=("054", "090"), workers=1)
    monkeypatch.chdir(tmp_path)
    (example,) = re.findall(r"```python\n(.*?)```", (DOCS / "gait-models.md").read_text(encoding="utf-8"), re.DOTALL)
    torch.manual_seed(0)
    model = LikeOpenGait()
    exec(example.replace("PixelAttack()", "PixelAttack(iterations=2)"), {"my_model": model})
    assert "goal='untargeted', sequences=6" in capsys.readouterr().out
    assert model.training


def test_ones_own_network_attack_and_defence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_walkers(tmp_path / "walkers", range(75, 78), conditions=("nm-01", "nm-05"), views=("054", "090"), workers=1)
    monkeypatch.chdir(tmp_path)
    examples = re.findall(r"```python\n(.*?)```", (DOCS / "your-own.md").read_text(encoding="utf-8"), re.DOTALL)
    torch.manual_seed(0)
    takes = stumble.SilhouetteInput(64, 44)
    target = stumble.wrap(
        MeanSilhouette(),
        takes=takes,
        embed=lambda net, batch: torch.stack([net(frames[None])[0] for frames in batch.floating().unpadded()]),
    )
    names: dict[str, Any] = {"my_target": target, "__name__": "mine"}
    monkeypatch.setitem(sys.modules, "mine", types.ModuleType("mine"))
    for example in examples:
        exec(example.replace("PixelAttack(Sparsity(frames=1))", "PixelAttack(Sparsity(frames=1), iterations=2)"), names)
    shown = capsys.readouterr().out
    assert "CertifiedSummary(sequences=6" in shown
    assert re.search(r"^none Share.* None$", shown, re.MULTILINE) and re.search(r"^vote Share", shown, re.MULTILINE)
