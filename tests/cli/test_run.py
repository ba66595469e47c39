from __future__ import annotations

import json
import pickle
import shutil
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch

from stumble import zoo
from stumble.cli import COMMANDS, main
from stumble.data.action_opening import open_actions
from stumble.models import AGCN, PALSTM, STGCN
from stumble.models.recogniser import ActionRecogniser
from stumble.preprocess import PartAware, StGcn, TwoStream

PEOPLE = {"train": range(1, 4), "val": range(9, 13)}


@pytest.fixture(scope="module")
def actions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """ST-GCN's arrays: people standing about with noise, 1 to 3 in the training files, 9 to 12 in the others."""
    root = tmp_path_factory.mktemp("data") / "<actions>"
    root.mkdir()
    for part, people in PEOPLE.items():
        names = [f"S001C00{1 + p % 3}P{p:03d}R001A{1 + p % 3:03d}" for p in people]
        joints = np.random.default_rng(len(people)).standard_normal((len(names), 3, 8, 25, 2)).astype(np.float32)
        joints[..., 1] = 0
        np.save(root / f"{part}_data.npy", joints)
        (root / f"{part}_label.pkl").write_bytes(pickle.dumps((names, [p % 3 for p in people])))
    return root


@pytest.fixture(scope="module")
def model(actions: Path) -> Path:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = STGCN(open_actions(actions).classes, recipe=StGcn(8, 1))
    file = actions.parent / "net.safetensors"
    zoo.save(network, file, zoo.Card("nothing", "none", 0, {}))
    return file


def command(plan: str, actions: Path, model: Path, out: Path, *options: str) -> list[str]:
    given = ["--model", str(model), "--data", str(actions), "--split", "files", "--out", str(out)]
    return ["run", plan, *given, *options]


def test_a_figure_with_the_papers_value_beside_ours(
    actions: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command("preset:ciasa-fig2", actions, model, tmp_path)) == 0
    shown = capsys.readouterr().out
    assert "ours: <actions> (real data)" in shown and "paper: NTU60_XS, NTU RGB+D, cross-subject" in shown
    assert shown.count("> 90.0") == 4
    result = json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))
    assert [row["epsilon"] for row in result["rows"]] == [0.005, 0.01, 0.02, 0.03, 0.04, 0.05]
    assert result["column"] == "NTU60_XS" and result["rows"][2]["paper"]["NTU60_XS"]["above"] is True
    assert result["rows"][0]["paper"] == {} and result["rows"][0]["ours"]["n"] == 4 and not result["synthetic"]
    assert result["samples"] == 4
    document = (tmp_path / "table.md").read_text(encoding="utf-8")
    assert "- ours: &lt;actions&gt; (real data)" in document and document.count("| ε = ") == 6
    ElementTree.parse(tmp_path / "figure.svg")


def test_what_speaks_against_the_figures_stands_below_the_table(
    actions: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A recogniser that answers the same to everything has no gradient to follow."""
    network = zoo.File(model).load()
    assert isinstance(network, STGCN)
    torch.nn.init.zeros_(network.fcn.weight)
    zoo.save(network, tmp_path / "flat.safetensors", zoo.Card("nothing", "none", 0, {}))
    out = tmp_path / "out"
    assert main(command("preset:ciasa-fig2", actions, tmp_path / "flat.safetensors", out, "--workers", "1")) == 0
    shown = capsys.readouterr().out
    flags = json.loads((out / "result.json").read_text(encoding="utf-8"))["flags"]
    assert [(flag["kind"], flag["count"]) for flag in flags] == [("gradient", 6), ("unchanged", 6)]
    document = (out / "table.md").read_text(encoding="utf-8")
    for flag in flags:
        said = f"{flag['kind']}: {flag['cell']} and 5 more: {flag['text']}"
        assert flag["cell"].startswith("target · epsilon-0.005")
        assert f"! {said}" in shown and shown.index(said) > shown.index("ε = 0.05")
        assert f"- {said}" in document and document.index(said) > document.index("| ε = 0.05")


def test_what_is_done_is_kept_and_a_preset_is_a_campaign(
    actions: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = command("preset:ciasa-failures", actions, model, tmp_path, "--iterations", "2")
    assert COMMANDS["run"].resumes and main(options) == 0
    result = json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))
    again, kept = sorted(tmp_path.glob("cells/*/0000/verdicts.parquet"))
    before, table = kept.stat().st_mtime_ns, pq.read_table(again)
    shutil.rmtree(again.parent)
    assert main(options) == 0
    assert kept.stat().st_mtime_ns == before and pq.read_table(again).equals(table)
    assert json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))["rows"] == result["rows"]
    capsys.readouterr()
    assert main(["judge", str(tmp_path)]) == 0
    assert "8 rows judged again, the same verdicts" in capsys.readouterr().out


@pytest.fixture(scope="module")
def others(actions: Path) -> dict[str, Path]:
    """More recognisers with random weights: joint, bone, lstm."""
    classes = open_actions(actions).classes
    with torch.random.fork_rng():
        torch.manual_seed(1)
        networks: dict[str, ActionRecogniser] = {
            "joint": AGCN(classes, recipe=TwoStream("joint", 8, 1)),
            "bone": AGCN(classes, recipe=TwoStream("bone", 8, 1)),
            "lstm": PALSTM(classes, recipe=PartAware(8, 1)),
        }
    files = {name: actions.parent / f"{name}.safetensors" for name in networks}
    for name, network in networks.items():
        zoo.save(network, files[name], zoo.Card("nothing", "none", 0, {}))
    return files


def test_what_is_made_on_each_recogniser_is_judged_on_each(
    actions: Path, model: Path, others: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = command("preset:ciasa-matrix", actions, model, tmp_path, "--iterations", "2", "--workers", "1")
    options[options.index(str(model))] = f"{model}, {others['lstm']}"
    assert main(options) == 0
    assert "68.5 → 52.7, 28.6" in capsys.readouterr().out
    rows = json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))["rows"]
    pairs = [("ST-GCN", "ST-GCN"), ("ST-GCN", "PA-LSTM"), ("PA-LSTM", "ST-GCN"), ("PA-LSTM", "PA-LSTM")]
    assert [(row["source"], row["judged"]) for row in rows[::4]] == pairs and len(rows) == 16
    assert [row["paper"] is not None for row in rows] == [
        pair == pairs[1] and not k for pair in pairs for k in range(4)
    ]
    document = (tmp_path / "table.md").read_text(encoding="utf-8")
    for row in rows[:4]:
        _, matrix = document.split(f"## Predictions changed, %: {row['label']}\n")
        first = matrix.strip().splitlines()[2]
        assert first.startswith(f"| ST-GCN | {row['changed']['percent']:.1f} |")
    assert main(["judge", str(tmp_path)]) == 0


def test_what_is_made_on_the_first_recogniser_is_judged_on_all(
    actions: Path, model: Path, others: dict[str, Path], tmp_path: Path
) -> None:
    options = command("preset:ciasa-table3", actions, model, tmp_path, "--iterations", "1", "--limit", "2")
    options[options.index(str(model))] = f"{model},{others['lstm']}"
    assert main(options) == 0
    rows = json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))["rows"]
    assert [(row["source"], row["judged"]) for row in rows[::2]] == [("ST-GCN", "ST-GCN"), ("ST-GCN", "PA-LSTM")]
    assert "| made on ↓ judged on → | ST-GCN | PA-LSTM |" in (tmp_path / "table.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_both_streams_of_2s_agcn_are_one_recogniser(
    actions: Path, model: Path, others: dict[str, Path], tmp_path: Path
) -> None:
    options = command("preset:ciasa-matrix", actions, model, tmp_path, "--iterations", "1", "--limit", "2")
    options[options.index(str(model))] = f"{model},{others['joint']}+{others['bone']},{others['lstm']}"
    assert main(options) == 0
    result = json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))
    assert len(result["rows"]) == 36 and result["rows"][4]["paper"]["after"] == 11.8
    assert result["specification"]["facts"]["ST-GCN to 2s-AGCN"]["source"] == zoo.File(model).digest


def test_failures_are_listed_and_drawn(actions: Path, model: Path, tmp_path: Path) -> None:
    options = command("preset:ciasa-failures", actions, model, tmp_path, "--iterations", "1", "--limit", "3")
    assert main(options) == 0
    result = json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))
    for row in result["rows"]:
        held_out = result["failures"][row["name"]]
        assert len(held_out) == round(3 * (1 - row["ours"]["success"] / 100))
        assert all(clip["predicted_after"] != clip["wanted"] and clip["margin_after"] <= 0 for clip in held_out)
    listed = [clip["sample"] for held_out in result["failures"].values() for clip in held_out]
    assert listed, "one iteration at the smallest epsilon is too little"
    drawing = (tmp_path / "figure.svg").read_text(encoding="utf-8")
    ElementTree.fromstring(drawing)
    assert all(name in drawing for name in listed) and "&lt;actions&gt;" in drawing
    assert f"as printed: {len(result['failures']['epsilon-0.004-as-printed'])} of 3 clips held out" in (
        tmp_path / "table.md"
    ).read_text(encoding="utf-8")


def test_other_options_in_the_same_folder_are_refused(
    actions: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command("preset:ciasa-fig2", actions, model, tmp_path, "--limit", "2")) == 0
    assert main(command("preset:ciasa-fig2", actions, model, tmp_path, "--limit", "2", "--seed", "2")) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert f"{tmp_path}: found a campaign of another plan (" in error and "; expected the same plan" in error


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        ("preset:ciasa-tabel1", "did you mean 'ciasa-table1'?"),
        ("ciasa-table1", "expected a YAML file or preset:NAME, such as 'preset:ciasa-table1'"),
    ],
)
def test_an_unknown_preset_names_the_nearest(
    plan: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere = tmp_path / "nowhere"
    assert main(command(plan, nowhere, nowhere, tmp_path / "out")) == 2
    assert message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_transfer_needs_more_than_one_recogniser(
    actions: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command("preset:ciasa-table3", actions, model, tmp_path / "out")) == 2
    assert "found one model" in capsys.readouterr().err and not list(tmp_path.iterdir())
