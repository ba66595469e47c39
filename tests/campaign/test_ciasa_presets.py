from __future__ import annotations

from pathlib import Path

import pytest

from stumble.attacks.ciasa import CIASA
from stumble.campaign.presets import PRESETS, check_name
from stumble.campaign.presets.ciasa import CIASA_PRESETS, SkeletonPreset, SkeletonSetting
from stumble.campaign.presets.ciasa_printed import COLUMNS, TABLE_2, column_for
from stumble.data.action_splits import SPLITS
from stumble.data.pose_pool import FolderPoses
from stumble.errors import SpecError
from stumble.interfaces import SkeletonAttack
from stumble.layouts import NTU25, OPENPOSE18, Layout
from stumble.priors.discriminators import Frozen, TrainedAlong
from stumble.spec import from_plain, identity, to_plain
from stumble.zoo import Shipped

POSES = FolderPoses(Path("actions"), "synthetic-xsub", clips=512)
PRIOR = Frozen(Shipped("bone-angles-synthetic"))


def made(name: str, layout: Layout = NTU25) -> SkeletonPreset:
    return CIASA_PRESETS[name](SkeletonSetting(layout, POSES, PRIOR, iterations=7))


def test_a_preset_is_a_list_of_attacks_with_what_the_paper_prints() -> None:
    preset = made("ciasa-table1")
    printed, default, *_ = preset.rows
    assert (printed.label, preset.goal, printed.epsilon) == ("ε = 0.004, as printed", "least-likely", 0.004)
    assert isinstance(printed.attack, CIASA) and isinstance(default.attack, CIASA)
    assert (printed.attack.projection, printed.attack.rate, printed.attack.prior) == (
        "paper",
        0.01,
        TrainedAlong(POSES),
    )
    assert (default.attack.projection, default.attack.rate, default.attack.prior) == ("feasible", None, PRIOR)
    assert {row.attack.iterations for row in preset.rows if isinstance(row.attack, CIASA)} == {7}
    assert printed.printed["NTU60_XV"].fooling == 78.2 and not default.printed


@pytest.mark.parametrize(
    ("preset", "label", "column", "fooling", "variation"),
    [  # copied from the paper by hand
        ("ciasa-table1", "ε = 0.004, as printed", "Kinetics", 82.5, None),
        ("ciasa-table1", "ε = 0.006, as printed", "NTU120_XT", 83.3, None),
        ("ciasa-table1", "ε = 0.008, as printed", "NTU120_XS", 89.5, None),
        ("ciasa-table1", "ε = 0.01, as printed", "NTU60_XV", 98.9, None),
        ("ciasa-table1", "ε = 0.012, as printed", "NTU60_XS", 99.8, None),
        ("ciasa-table4", "ε = 0.001, none", "NTU60_XV", 99.6, (6.02, 9.16, 7.59)),
        ("ciasa-table4", "ε = 0.01, SSR", "NTU60_XV", 99.2, (5.37, 9.08, 7.24)),
        ("ciasa-table4", "ε = 0.01, SSR + temporal", "NTU60_XV", 99.3, (5.09, 9.05, 7.23)),
        ("ciasa-table4", "ε = 0.01, SSR + temporal + GAN", "NTU60_XV", 99.1, (4.78, 9.02, 7.09)),
        ("ciasa-table5", "λ = 5, as printed", "NTU60_XV", 99.3, (5.19, 9.09, 7.73)),
        ("ciasa-table5", "λ = 20, as printed", "NTU60_XV", 98.2, (4.01, 8.13, 6.45)),
        ("ciasa-failures", "ε = 0.004, as printed", "NTU120_XT", 72.5, None),
        ("ciasa-fig2", "ε = 0.02", "Kinetics", 90.0, None),
    ],
)
def test_printed_numbers(
    preset: str, label: str, column: str, fooling: float, variation: tuple[float, float, float] | None
) -> None:
    (row,) = (row for row in made(preset).rows if row.label == label)
    entry = row.printed[column]
    assert (entry.fooling, entry.variation, entry.above) == (fooling, variation, preset == "ciasa-fig2")


@pytest.mark.parametrize("layout", [NTU25, OPENPOSE18])
@pytest.mark.parametrize("name", CIASA_PRESETS)
def test_every_row_has_a_folder_and_an_identity_of_its_own(name: str, layout: Layout) -> None:
    preset = made(name, layout)
    assert preset.name == name and preset.notes
    assert len({row.name for row in preset.rows}) == len({identity(row.attack) for row in preset.rows})
    for row in preset.rows:
        assert set(row.name) <= set("abcdefghijklmnopqrstuvwxyz0123456789.-")
        assert from_plain(to_plain(row.attack), SkeletonAttack) == row.attack  # type: ignore[type-abstract]
        assert row.attack.budget.active(layout).any()
        assert set(row.printed) <= set(COLUMNS)


def test_the_ablation_takes_one_constraint_after_the_other() -> None:
    attacks = {row.label: row.attack for row in made("ciasa-table4").rows}
    found = []
    for name in ("none", "SSR", "SSR + temporal", "SSR + temporal + GAN"):
        attack = attacks[f"ε = 0.01, {name}"]
        assert isinstance(attack, CIASA)
        found.append((attack.projection, attack.smooth, attack.prior is not None, attack.rate))
    off = [("box", False, False), ("paper", False, False), ("paper", True, False), ("paper", True, True)]
    assert found == [(*each, 0.01) for each in off]


def test_regions_are_every_set_of_joints_once() -> None:
    labels = [row.label.partition(",")[0] for row in made("ciasa-table2").rows[::2]]
    regions = ["left arm (6 joints)", "right arm (6 joints)", "left leg (4 joints)", "right leg (4 joints)"]
    others = ["trunk (2 joints)", "legs (8 joints)", "left arm + right arm (12 joints)", "legs"]
    assert labels == regions + others
    advanced = made("ciasa-table2").rows[-1]
    assert advanced.epsilon == 0.25 and advanced.attack.budget.active(NTU25).sum() == 8
    assert not any("advanced" in row.label for row in made("ciasa-table2", OPENPOSE18).rows), "it has no feet"
    assert any("90.8, 93.3, 61.3, 83.3 %" in note and "–, 91.7" in note for note in made("ciasa-table2").notes)
    assert TABLE_2["NTU60_XV"][3] == 81.7


def test_without_a_trained_discriminator_the_defaults_do_without() -> None:
    rows = CIASA_PRESETS["ciasa-table5"](SkeletonSetting(NTU25, POSES)).rows
    weights, priors = zip(
        *((r.attack.weight, r.attack.prior) for r in rows if isinstance(r.attack, CIASA)), strict=True
    )
    assert weights == (5, 5, 10, 10, 20, 20) and priors == (TrainedAlong(POSES), None) * 3


@pytest.mark.parametrize(
    ("split", "layout", "column"),
    [
        ("ntu60-xsub", NTU25, "NTU60_XS"),
        ("ntu60-xview", NTU25, "NTU60_XV"),
        ("ntu120-xsub", NTU25, "NTU120_XS"),
        ("ntu120-xset", NTU25, "NTU120_XT"),
        ("synthetic-xsub", NTU25, "NTU60_XS"),
        ("synthetic-xview", NTU25, "NTU60_XV"),
        ("leave-one-out:bd", NTU25, "NTU60_XS"),
        ("files", OPENPOSE18, "Kinetics"),
        (None, NTU25, "NTU60_XS"),
    ],
)
def test_the_column_to_compare_with(split: str | None, layout: Layout, column: str) -> None:
    assert column_for(split, layout) == column
    assert split is None or split in SPLITS or split.startswith("leave-one-out:")


def test_a_table_without_the_column_offers_the_one_it_has() -> None:
    assert made("ciasa-table1").column("NTU120_XT") == "NTU120_XT"
    assert made("ciasa-table4").column("NTU120_XT") == "NTU60_XV" and made("ciasa-table4").varies
    assert made("ciasa-fig2").column("NTU120_XS") == "NTU60_XS" and not made("ciasa-fig2").varies
    assert made("ciasa-table2").column("NTU60_XS") is None


def test_an_unknown_preset_names_the_nearest() -> None:
    with pytest.raises(SpecError, match=r"preset 'ciasa-tabel4': .*did you mean 'ciasa-table4'\?"):
        check_name("ciasa-tabel4")
    for name in PRESETS:
        check_name(name)
