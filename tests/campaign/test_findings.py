"""What the papers say about their tables, held first against their own numbers: there it must hold."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pytest

from stumble.attacks import CIASA, TemporalSparse
from stumble.campaign.presets.ciasa import AS_PRINTED, SkeletonRow
from stumble.campaign.presets.findings import findings_of_gait, findings_of_transfer
from stumble.campaign.presets.gait import ALL, GaitPreset, GaitRow
from stumble.campaign.presets.gait_outcome import GaitFigures, GaitOutcome
from stumble.campaign.presets.gait_printed import TABLE_4, TABLE_7, TABLE_8, UNALTERED
from stumble.campaign.presets.transfer import Transfer
from stumble.constraints import Given, RandomPositions
from stumble.zoo import Shipped

KINDS = ("NM", "BG", "CL")


def figures(mean: float, half: float = 1.0) -> GaitFigures:
    return GaitFigures({}, mean, (mean - half, mean + half), 100)


def row(positions: Given | RandomPositions = RandomPositions()) -> GaitRow:
    return GaitRow("a row", TemporalSparse(Shipped("wgan-synthetic"), edit="insert", positions=positions))


def preset(name: str) -> GaitPreset:
    return GaitPreset(name, "A table", "untargeted", (), ())


def outcome(
    after: dict[str, float], before: dict[str, float], half: float = 1.0, at: GaitRow | None = None
) -> GaitOutcome:
    shown, natural = ({kind: figures(mean, half) for kind, mean in side.items()} for side in (after, before))
    return GaitOutcome(at or row(), shown, natural, pa.table({}))


def judged(before: int, after: int, people: int = 50) -> GaitOutcome:
    """Ten decisions of each person, of whom so many are right."""
    rows = [
        {"subject": f"{k % people:03d}", "correct_before": k // people < before, "correct_after": k // people < after}
        for k in range(10 * people)
    ]
    return GaitOutcome(row(), {}, {}, pa.Table.from_pylist(rows))


def some_worse(people: int) -> GaitOutcome:
    """Half of the people keep all their right decisions, the others half of them."""
    ours, theirs = judged(8, 8, people).verdicts, judged(8, 4, people).verdicts
    renamed = pa.array([f"other {name}" for name in theirs["subject"].to_pylist()])
    return GaitOutcome(row(), {}, {}, pa.concat_tables([ours, theirs.set_column(0, "subject", renamed)]))


@pytest.mark.parametrize(
    ("outcome", "verdict", "figure"),
    [
        (judged(8, 8), "holds", "100.0 %"),
        (judged(8, 3), "does not hold", "37.5 %"),
        (some_worse(50), "does not hold", "75.0 %"),
        (some_worse(1), "open: too few samples", "75.0 %"),
    ],
)
def test_templates_resist(outcome: GaitOutcome, verdict: str, figure: str) -> None:
    (found,) = findings_of_gait(preset("gait-table4"), [outcome])
    assert found.verdict == verdict and found.figure.startswith(figure) and "80.0 before" in found.figure


def test_templates_resist_in_the_paper() -> None:
    after, before = (TABLE_4[share].mean for share in ("1/40", "0"))
    assert after > 0.9 * before


@pytest.mark.parametrize(("most", "verdict"), [(TABLE_8[5].mean, "holds"), (60.0, "does not hold")])
def test_few_frames_suffice(most: float, verdict: str) -> None:
    each = [*(TABLE_8[count].mean for count in range(1, 5)), most]
    (found,) = findings_of_gait(preset("gait-table8"), [outcome({ALL: mean}, {ALL: 0.0}) for mean in each])
    assert found.verdict == verdict and found.claim.startswith("Few frames suffice: 5 inserted")


@pytest.mark.parametrize(("best", "verdict"), [(10.3, "holds"), (60.0, "does not hold")])
def test_places_hardly_matter(best: float, verdict: str) -> None:
    """Those at random are one experiment, and not among the places compared."""
    natural = dict(zip(KINDS, UNALTERED, strict=True))
    means = {**TABLE_7, (13, 15, 17, 19): (best, best, best)}
    outcomes = [
        outcome(dict(zip(KINDS, means[places], strict=True)), natural, at=row(Given(places))) for places in TABLE_7
    ]
    outcomes.append(outcome(dict.fromkeys(KINDS, 99.0), natural))
    (found,) = findings_of_gait(preset("gait-table7"), outcomes)
    assert found.verdict == verdict and found.figure.endswith("of 83.4 at 9 places")


def test_of_other_tables_and_of_nothing_counted_nothing_is_said() -> None:
    assert findings_of_gait(preset("gait-table2"), [outcome({"NM": 1.0}, {"NM": 1.0})]) == ()
    nothing = {ALL: GaitFigures({}, None, None, 0)}
    assert findings_of_gait(preset("gait-table4"), [judged(0, 0)]) == ()
    assert findings_of_gait(preset("gait-table8"), [GaitOutcome(row(), nothing, nothing, pa.table({}))]) == ()


def transfer(judged: str, changed: int, clips: int = 200, label: str = AS_PRINTED, people: int = 20) -> Transfer:
    rows = [
        {"sample": f"{k}", "predicted_before": 0, "predicted_after": int(k < changed), "subject": f"{k % people:03d}"}
        for k in range(clips)
    ]
    return Transfer(SkeletonRow(label, CIASA()), "ST-GCN", judged, pa.Table.from_pylist(rows))


@pytest.mark.parametrize(
    ("graph", "recurrent", "clips", "verdict"),
    [(170, 57, 200, "holds"), (20, 180, 200, "does not hold"), (3, 2, 6, "open: too few samples")],
)
def test_attacks_transfer_to_graphs_more(graph: int, recurrent: int, clips: int, verdict: str) -> None:
    pair = transfer("2s-AGCN", graph, clips), transfer("PA-LSTM", recurrent, clips)
    (found,) = findings_of_transfer(pair)
    assert found.verdict == verdict and f"of the same {clips} clips" in found.figure
    assert findings_of_transfer(pair[:1]) == ()


@pytest.mark.parametrize(("shared", "verdict"), [(True, "holds"), (False, "open: too few samples")])
def test_transfers_are_compared_clip_by_clip(shared: bool, verdict: str) -> None:
    """Of 40 clips 18 change for one and 10 for the other: the same ones and 8 more, or others."""
    graph, recurrent = (transfer(name, count, 40, people=40) for name, count in (("2s-AGCN", 18), ("PA-LSTM", 10)))
    if not shared:
        renamed = pa.array([f"{39 - k}" for k in range(40)])
        recurrent = replace(recurrent, verdicts=recurrent.verdicts.set_column(0, "sample", renamed))
    (found,) = findings_of_transfer((graph, recurrent))
    assert found.verdict == verdict
