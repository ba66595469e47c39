from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from stumble import zoo
from stumble.attacks import CIASA
from stumble.campaign.action_bench import ActionBench
from stumble.campaign.presets.ciasa import CIASA_PRESETS, SkeletonPreset, SkeletonSetting
from stumble.campaign.presets.transfer import Transfer, called, paired
from stumble.data.pose_pool import FolderPoses
from stumble.errors import WeightsError
from stumble.interfaces import SkeletonTarget
from stumble.layouts import NTU25
from stumble.metrics.intervals import wilson
from stumble.models import AGCN, PALSTM, STGCN
from stumble.preprocess import PartAware, StGcn, TwoStream
from stumble.targets import Ensemble

CLASSES = ("stoop", "fall")
JOINTS, BONES = (AGCN(CLASSES, recipe=TwoStream(stream, 8, 1)) for stream in ("joint", "bone"))


def made(name: str = "ciasa-table3") -> SkeletonPreset:
    return CIASA_PRESETS[name](SkeletonSetting(NTU25, FolderPoses(Path("actions"), "synthetic-xsub")))


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    root = tmp_path_factory.mktemp("networks")
    networks = {"stgcn": STGCN(CLASSES, recipe=StGcn(8, 1)), "joint": JOINTS, "bone": BONES, "lstm": PALSTM(CLASSES)}
    for name, network in networks.items():
        zoo.save(network, root / f"{name}.safetensors", zoo.Card("nothing", "none", 0, {}))
    return {name: str(root / f"{name}.safetensors") for name in networks}


def test_each_is_the_source_for_each(models: dict[str, str]) -> None:
    bench = ActionBench("nothing", Path("actions"), limit=8)
    both = f"{models['joint']}+{models['bone']}"
    benches = paired(bench, [models["stgcn"], both, models["lstm"]], each=True)
    assert list(benches)[:4] == ["ST-GCN to ST-GCN", "ST-GCN to 2s-AGCN", "ST-GCN to PA-LSTM", "2s-AGCN to ST-GCN"]
    assert benches["ST-GCN to ST-GCN"] == ActionBench(models["stgcn"], Path("actions"), limit=8)
    assert benches["2s-AGCN to PA-LSTM"] == ActionBench(models["lstm"], Path("actions"), limit=8, source=both)
    assert len(benches) == 9
    first = paired(bench, [models["stgcn"], both, models["lstm"]], each=False)
    assert first == dict(list(benches.items())[:3])


def test_two_of_a_kind_are_numbered(models: dict[str, str]) -> None:
    benches = paired(ActionBench("nothing", Path("actions")), [models["stgcn"], models["stgcn"]], each=False)
    assert list(benches)[1] == "ST-GCN to ST-GCN (2)" and benches["ST-GCN to ST-GCN (2)"].source == models["stgcn"]
    with pytest.raises(WeightsError, match="found no such file"):
        paired(ActionBench("nothing", Path("actions")), [models["stgcn"], "nowhere.pt"], each=False)


@pytest.mark.parametrize(
    ("target", "name"),
    [
        (STGCN(CLASSES), "ST-GCN"),
        (PALSTM(CLASSES, recipe=PartAware(people=1)), "PA-LSTM"),
        (JOINTS, "2s-AGCN, joints"),
        (BONES, "2s-AGCN, bones"),
        (AGCN(CLASSES, recipe=StGcn()), "2s-AGCN, one stream"),
        (Ensemble((BONES, JOINTS)), "2s-AGCN"),
        (Ensemble((JOINTS, JOINTS)), "2s-AGCN, joints + 2s-AGCN, joints"),
        (Ensemble((STGCN(CLASSES), PALSTM(CLASSES))), "ST-GCN + PA-LSTM"),
    ],
)
def test_recognisers_are_called_what_papers_call_them(target: SkeletonTarget, name: str) -> None:
    assert called(target) == name


def test_with_and_without_early_stop() -> None:
    preset = made("ciasa-matrix")
    attacks = {row.label: row.attack for row in preset.rows if isinstance(row.attack, CIASA)}
    assert [(a.stop, a.projection) for a in attacks.values()] == [
        (None, "paper"),
        (0.0, "paper"),
        (None, "feasible"),
        (0.0, "feasible"),
    ]
    assert {attack.budget.epsilon for attack in attacks.values()} == {0.012} and len(preset.models) == 3


def test_what_the_paper_prints_is_of_what_is_made_on_st_gcn() -> None:
    row, *others = made("ciasa-matrix").rows
    assert made().rows[0] == row and not made().each
    found = {
        judged: Transfer(row, "ST-GCN", judged, pa.table({})).printed for judged in ("PA-LSTM", "2s-AGCN", "ST-GCN")
    }
    lstm, agcn = found["PA-LSTM"], found["2s-AGCN"]
    assert lstm is not None and (lstm.before, lstm.after, lstm.fooling) == (68.5, 52.7, 28.6)
    assert agcn is not None and (agcn.before, agcn.after) == (None, 11.8) and found["ST-GCN"] is None
    assert Transfer(row, "2s-AGCN", "PA-LSTM", pa.table({})).printed is None
    assert row.label == "as printed" and len(others) == 3
    assert all(Transfer(other, "ST-GCN", "PA-LSTM", pa.table({})).printed is None for other in others)


def test_changed_is_another_prediction_right_or_wrong() -> None:
    columns = {
        "sample": list("wxyz"),
        "predicted_before": list("aabb"),
        "predicted_after": list("abca"),
        "subject": [""] * 4,
    }
    changed = Transfer(made().rows[0], "ST-GCN", "PA-LSTM", pa.table(columns)).changed
    assert changed.percent == 75 and (changed.low, changed.high) == pytest.approx(wilson(3, 4))
    people = Transfer(made().rows[0], "a", "b", pa.table({**columns, "subject": list("1122")})).changed
    assert people.percent == 75 and (people.low, people.high) == (50, 100)
