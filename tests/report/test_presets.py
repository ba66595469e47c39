"""The parts of a preset's result, on attacks that were really run: on a recogniser of where the head is."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest

from stumble.attacks.one_step import OneStep
from stumble.campaign.actions import ActionEvaluation
from stumble.campaign.presets.ciasa import SkeletonPreset, SkeletonRow
from stumble.campaign.presets.ciasa_outcome import SkeletonOutcome
from stumble.campaign.presets.ciasa_printed import Printed
from stumble.constraints import JointBudget
from stumble.data.actions import ActionData, Clip, Joints
from stumble.interfaces import Output, SkeletonInput
from stumble.layouts import NTU25
from stumble.report.preset_figures import curve_svg, failure_list, missed_samples, preset_figure, strips_svg
from stumble.report.preset_tables import PresetTable
from stumble.sequences import Skeletons

CLIPS = tuple(Clip(f"clip {k} & co", k % 3) for k in range(4))
HEADS = ((0.9, 0.0, 0.8), (0.0, 0.3, 0.25), (0.5, 0.0, 0.1), (0.9, 0.0, 0.0))


@dataclass(frozen=True)
class Pointing:
    takes: SkeletonInput = SkeletonInput(NTU25)

    def __call__(self, batch: Skeletons) -> Output:
        return Output(logits=batch.joints[:, 0, :, 3].sum(1) / batch.lengths[:, None])


def read(clip: Clip) -> Joints:
    """Clips of one and of two people, of different lengths."""
    number = int(clip.id[5])
    positions = np.random.default_rng(number).standard_normal((1 + number % 2, 3 + number, 25, 3)).astype(np.float32)
    positions[0, :, 3] = HEADS[number]
    return Joints(positions)


def row(epsilon: float, **printed: Printed) -> SkeletonRow:
    return SkeletonRow(f"ε = {epsilon:g}", OneStep(JointBudget(epsilon)), printed)


@pytest.fixture(scope="module")
def evaluation() -> ActionEvaluation:
    data = ActionData("<heads>", "made up", NTU25, ("right", "up", "away"), CLIPS, read, synthetic=True)
    return ActionEvaluation.prepare(Pointing(), data)


Attack = Callable[[SkeletonRow, str], SkeletonOutcome]


@pytest.fixture(scope="module")
def attack(evaluation: ActionEvaluation, tmp_path_factory: pytest.TempPathFactory) -> Attack:
    def attacked(row: SkeletonRow, goal: str) -> SkeletonOutcome:
        folder = tmp_path_factory.mktemp("samples")
        return SkeletonOutcome(row, goal, evaluation.attack(row.attack, goal, folder, seed=1), (folder,))

    return attacked


@pytest.fixture(scope="module")
def curve(attack: Attack) -> tuple[SkeletonOutcome, ...]:
    """The second class is behind by 0.1, 0.05, 0.4 and 0.9; a step closes the gap by twice epsilon."""
    above = Printed(90.0, above=True)
    rows = row(0.01), row(0.1, Kinetics=above), row(0.3, Kinetics=above)
    return tuple(attack(each, "untargeted") for each in rows)


def table(outcomes: tuple[SkeletonOutcome, ...], **fields: bool | str) -> PresetTable:
    preset = SkeletonPreset("name", "A table", "untargeted", tuple(o.row for o in outcomes), ("Mind the <gap>.",))
    made = PresetTable(preset, outcomes, "<heads>", True, "NTU60_XS", "m")
    return replace(made, **fields)  # type: ignore[arg-type]


def test_ours_stands_beside_theirs(curve: tuple[SkeletonOutcome, ...]) -> None:
    lines = table(curve).markdown().splitlines()
    assert lines[0] == "# A table"
    assert lines[2].startswith("- ours: &lt;heads&gt; (synthetic data") and lines[3].startswith("- paper: Kinetics,")
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines if line.startswith("|")]
    head, _, *rows = cells
    places = [head.index(name) for name in ("attack", "clips", "goal reached, %", "paper (Kinetics), %")]
    assert [[cells[k] for k in places] for cells in rows] == [
        ["ε = 0.01", "4", "0.0", "–"],
        ["ε = 0.1", "4", "50.0", "&gt; 90.0"],
        ["ε = 0.3", "4", "75.0", "&gt; 90.0"],
    ]
    assert lines[-1] == "- Mind the &lt;gap&gt;."
    assert "(real data)" in table(curve, synthetic=False).sources[0]


def test_a_table_that_the_paper_gives_variations_for(curve: tuple[SkeletonOutcome, ...]) -> None:
    varied = replace(curve[0].row, printed={"NTU60_XV": Printed(99.6, variation=(6.02, 9.16, 7.59))})
    text = table((replace(curve[0], row=varied),)).markdown()
    assert "| 99.6 | " in text and "| 6.02 9.16 7.59 |" in text and "paper's (NTU60_XV)" in text
    s = curve[0].summary
    assert f"| {s.variation_min:.2f} {s.variation_max:.2f} {s.variation_mean:.2f} |" in text


def test_a_table_that_the_paper_has_no_number_for(curve: tuple[SkeletonOutcome, ...]) -> None:
    silent = table(curve[:1])
    assert silent.column is None and "paper (" not in silent.markdown() and "no number" in silent.sources[1]


def test_the_rows_for_machines(curve: tuple[SkeletonOutcome, ...]) -> None:
    first, *_, last = table(curve).rows()
    assert (first["epsilon"], first["goal"], first["paper"]) == (0.01, "untargeted", {})
    assert last["ours"]["success"] == 75 and last["paper"]["Kinetics"]["fooling"] == 90
    assert last["attack"]["class_path"] == "stumble.attacks.one_step.OneStep"


def test_the_curve_and_what_the_paper_says_of_it(curve: tuple[SkeletonOutcome, ...]) -> None:
    drawing = ElementTree.fromstring(curve_svg(curve[::-1], "Kinetics", "m", "ours: <heads>"))
    space = "{http://www.w3.org/2000/svg}"
    marks = [(float(mark.get("cx", 0)), float(mark.get("cy", 0))) for mark in drawing.iter(f"{space}circle")]
    assert marks == sorted(marks) and [round((296 - y) / 2.6) for _, y in marks] == [0, 50, 75]
    (level,) = (line for line in drawing.iter(f"{space}line") if line.get("class") == "paper")
    assert float(level.get("x1", 0)) == marks[1][0] and float(level.get("y1", 0)) == 296 - 90 * 2.6
    texts = [text.text for text in drawing.iter(f"{space}text")]
    assert "paper, Kinetics: above 90.0 %" in texts and "ours: <heads>" in texts
    plain = ElementTree.fromstring(curve_svg(curve, "NTU60_XS", "m", "ours"))
    assert not any(line.get("class") == "paper" for line in plain.iter(f"{space}line"))


def test_clips_that_held_out_are_listed_and_drawn(evaluation: ActionEvaluation, attack: Attack) -> None:
    outcome = attack(row(0.05), "least-likely")
    held_out = outcome.missed()
    margins = [clip["margin_after"] for clip in held_out]
    assert margins == sorted(margins) and all(clip["predicted_after"] != clip["wanted"] for clip in held_out)
    assert len(held_out) == 4 - round(4 * outcome.summary.success / 100)
    samples = list(missed_samples(evaluation, outcome, 2))
    assert {sample.title for sample in samples} == {clip["sample"] for clip in held_out[:2]}
    for sample in samples:
        clean = evaluation.data.load(next(c for c in CLIPS if c.id == sample.title)).positions
        assert np.array_equal(sample.clean, clean) and not sample.succeeded
        assert np.abs(sample.adversarial - clean).max() == pytest.approx(0.05, abs=1e-6)
    drawing = strips_svg(samples, "ours: <heads>")
    ElementTree.fromstring(drawing)
    assert all(sample.title.replace("&", "&amp;") in drawing for sample in samples)
    text = failure_list(outcome)
    assert text.count("| clip") == len(held_out) and f": {len(held_out)} of 4 clips held out" in text


def test_a_preset_has_the_figure_that_it_says(
    evaluation: ActionEvaluation, attack: Attack, curve: tuple[SkeletonOutcome, ...]
) -> None:
    shown = table(curve)
    assert preset_figure(shown, evaluation) is None
    drawn = replace(shown, preset=replace(shown.preset, figure="curve"))
    assert preset_figure(drawn, evaluation) == curve_svg(curve, "Kinetics", "m", shown.sources[0])
    held_out = table((attack(row(0.05), "least-likely"),))
    strips = preset_figure(replace(held_out, preset=replace(held_out.preset, figure="failures")), evaluation)
    assert strips is not None and "clip" in strips
