"""The tables and figures of the temporal sparse paper (He, Wang, Dong, Tan 2022)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

from stumble.attacks.controls import RandomFrames, RealFrames
from stumble.attacks.pixel import fgsm, mi_fgsm, pgd
from stumble.attacks.temporal_sparse import TemporalSparse
from stumble.campaign.presets.gait_printed import (
    DRAWN,
    SPOOFING,
    TABLE_2,
    TABLE_3,
    TABLE_4,
    TABLE_5,
    TABLE_6,
    TABLE_7,
    TABLE_8,
    UNALTERED,
    Printed,
)
from stumble.campaign.presets.preset import Preset, Row
from stumble.constraints.frames import Edit, First, Given, Positions, RandomPositions, Sparsity
from stumble.data.gait import ProtocolName
from stumble.interfaces import FramePool, Weights

__all__ = ["ALL", "GAIT_PRESETS", "GaitPreset", "GaitRow", "GaitSetting", "Measure"]

ALL = "all"
"""The kind of probes where a table does not tell them apart."""

Measure = Literal["rank1", "success", "fooling"]

_SHARES = ("1/40", "1/20", "1/10")
_KINDS = "NM,BG,CL"
_WEIGHT = (
    "λ is 0.03 where the paper has 1000: as the objective is written here, 1000 would leave nothing of its first term."
)


@dataclass(frozen=True)
class GaitSetting:
    """What a preset's attacks are made of besides the paper's own numbers.

    Attributes:
        prior: generator and critic.
        pool: real frames for the control.
        iterations: T of the paper.
    """

    prior: Weights
    pool: FramePool
    iterations: int = 100

    def sparse(self, budget: Sparsity, edit: Edit = "alter", positions: Positions = First()) -> TemporalSparse:
        """The attack as the paper has it, but for λ."""
        return TemporalSparse(self.prior, edit, budget, positions, iterations=self.iterations)


@dataclass(frozen=True)
class GaitRow(Row):
    """One attack on silhouettes.

    Attributes:
        printed: what the paper has for it, by kind of probe ("NM") or for `ALL` of them.
    """

    printed: Mapping[str, Printed] = field(default_factory=dict)


@dataclass(frozen=True)
class GaitPreset(Preset[GaitRow]):
    """One table or figure of the paper.

    Attributes:
        measure: "rank1" after the attack; "success" of targeted attacks, of all decisions; "fooling", the share of the
            decisions that were right and are not any more.
        kinds: of the probes, "NM,BG,CL".
        apart: whether there is a line for each kind, or one for all together.
        pooled: one decision for each probe, on the sequences of all views together.
        frames: clips of so many successive frames; None for all.
        protocol: of the data that it needs.
        models: shipped recognisers; the attack sees the first, the last is judged.
        paper: the paper's data set and recogniser.
        beside: other lines that the paper has in the same table, by their label.
        figure: whether to draw the lines against the view.
        dynamic: whether the rows are ever more frames, of which as few count as a decision takes.
        drawn: of the rows at random places, which are one experiment: the paper's mean and standard deviation, by kind
            of probe.
    """

    measure: Measure = "rank1"
    kinds: str = _KINDS
    apart: bool = True
    pooled: bool = False
    frames: int | None = None
    protocol: ProtocolName = "casia-b"
    models: tuple[str, ...] = ("gaitset-synthetic",)
    paper: str = "CASIA-B, GaitSet"
    beside: Mapping[str, Printed] = field(default_factory=dict)
    figure: bool = False
    dynamic: bool = False
    drawn: Mapping[str, tuple[float, float]] = field(default_factory=dict)


def _figure_4(setting: GaitSetting) -> GaitPreset:
    rows = [
        row
        for share in _SHARES
        for row in (
            GaitRow(f"S = {share}", setting.sparse(_sparsity(share))),
            GaitRow(f"S = {share}, random", RandomFrames(setting.prior, budget=_sparsity(share))),
            GaitRow(f"S = {share}, real", RealFrames(setting.pool, budget=_sparsity(share))),
        )
    ]
    notes = (
        "The paper shows this as curves without numbers.",
        "Random: frames from the generator for random latents; real: random real frames of other people.",
        _WEIGHT,
    )
    title = "Temporal sparse attack, Fig. 4: rank-1 by view, untargeted"
    return GaitPreset("gait-fig4", title, "untargeted", tuple(rows), notes, figure=True)


def _baselines(setting: GaitSetting) -> GaitPreset:
    rows = []
    for share in _SHARES:
        budget = _sparsity(share)
        rows += [
            GaitRow(f"S = {share}", setting.sparse(budget)),
            GaitRow(f"S = {share}, FGSM", fgsm(budget)),
            GaitRow(f"S = {share}, PGD", pgd(budget)),
            GaitRow(f"S = {share}, MI-FGSM", mi_fgsm(budget)),
            GaitRow(
                f"S = {share}, MI-FGSM, {setting.iterations} steps", mi_fgsm(budget, iterations=setting.iterations)
            ),
        ]
    notes = (
        "The attacks on pixels that the paper compares with, on the same frames: budget 1, 20 steps of 0.05, decay 1; "
        "all start from a uniform perturbation of half a step, since the cosine is stationary at the clean sample. We "
        "have no printed numbers of them.",
        f"The last has as many steps as the latent attack: {setting.iterations}.",
        _WEIGHT,
    )
    title = "Temporal sparse attack beside attacks on pixels: rank-1, untargeted"
    return GaitPreset("gait-baselines", title, "untargeted", tuple(rows), notes, kinds="NM")


def _table_2(setting: GaitSetting) -> GaitPreset:
    rows = (GaitRow(f"S = {share}", setting.sparse(_sparsity(share)), TABLE_2[share]) for share in _SHARES)
    title = "Temporal sparse attack, Table II: targeted success by view"
    return GaitPreset("gait-table2", title, "targeted", tuple(rows), (_WEIGHT,), measure="success")


def _table_3(setting: GaitSetting) -> GaitPreset:
    return GaitPreset(
        "gait-table3",
        "Temporal sparse attack, Table III: targeted success beside spoofing",
        "targeted",
        (GaitRow("S = 1/5", setting.sparse(_sparsity("1/5")), {"NM": TABLE_3}),),
        ("Spoofing makes every frame anew; its number is the paper's, from Jia et al. (2019).", _WEIGHT),
        measure="success",
        kinds="NM",
        beside={"spoofing, S = 1": SPOOFING},
    )


def _table_4(setting: GaitSetting) -> GaitPreset:
    return GaitPreset(
        "gait-table4",
        "Temporal sparse attack, Table IV: black box, made on one recogniser and judged on another, rank-1, untargeted",
        "untargeted",
        (GaitRow("S = 1/40", setting.sparse(_sparsity("1/40")), {"NM": TABLE_4["1/40"]}),),
        ("The attack sees the first recogniser alone, with its gallery.", _WEIGHT),
        kinds="NM",
        models=("gaitset-synthetic", "gaitgan-synthetic"),
        paper="CASIA-B, GaitGAN, frames made on GaitSet",
        beside={"natural": TABLE_4["0"]},
    )


def _table_5(setting: GaitSetting) -> GaitPreset:
    rows = (GaitRow(f"S = {share}", setting.sparse(_sparsity(share)), {"NM": TABLE_5[share]}) for share in _SHARES)
    return GaitPreset(
        "gait-table5",
        "Temporal sparse attack, Table V: another data set, rank-1, untargeted",
        "untargeted",
        tuple(rows),
        (
            "Recogniser and generator of the paper had not seen these people; the last printed mean is a misprint.",
            _WEIGHT,
        ),
        kinds="NM",
        protocol="casia-a",
        paper="CASIA-A, GaitSet",
        beside={"natural": TABLE_5["0"]},
    )


def _table_6(setting: GaitSetting) -> GaitPreset:
    rows = (GaitRow(f"S = {share}", setting.sparse(_sparsity(share)), {"NM": TABLE_6[share]}) for share in _SHARES)
    return GaitPreset(
        "gait-table6",
        "Temporal sparse attack, Table VI: another data set, targeted success",
        "targeted",
        tuple(rows),
        ("Recogniser and generator of the paper had not seen these people.", _WEIGHT),
        measure="success",
        kinds="NM",
        protocol="casia-a",
        paper="CASIA-A, GaitSet",
    )


def _table_7(setting: GaitSetting) -> GaitPreset:
    kinds = _KINDS.split(",")

    def inserted(positions: Positions) -> TemporalSparse:
        return setting.sparse(Sparsity(frames=4), "insert", positions)

    rows = [
        GaitRow(
            f"at {', '.join(map(str, places))}",
            inserted(Given(places)),
            {kind: Printed({}, rank1) for kind, rank1 in zip(kinds, printed, strict=True)},
        )
        for places, printed in TABLE_7.items()
    ]
    rows += [GaitRow(f"at random, draw {draw}", inserted(RandomPositions(draw))) for draw in range(5)]
    return GaitPreset(
        "gait-table7",
        "Temporal sparse attack, Table VII: places of 4 frames inserted into clips of 30, rank-1, untargeted",
        "untargeted",
        tuple(rows),
        ("Places are counted from 0 in the 34 frames of the result.", _WEIGHT),
        frames=30,
        models=("selfgait-synthetic",),
        paper="CASIA-B, SelfGait",
        beside={f"{kind}, natural": Printed({}, rank1) for kind, rank1 in zip(kinds, UNALTERED, strict=True)},
        drawn=dict(zip(kinds, DRAWN, strict=True)),
    )


def _table_8(setting: GaitSetting) -> GaitPreset:
    rows = (
        GaitRow(
            f"{count} inserted frame{'s' if count > 1 else ''}",
            setting.sparse(Sparsity(frames=count), "insert"),
            {ALL: printed},
        )
        for count, printed in TABLE_8.items()
    )
    return GaitPreset(
        "gait-table8",
        "Temporal sparse attack, Table VIII: inserted frames, untargeted, clips of 30 frames",
        "untargeted",
        tuple(rows),
        (
            "One decision for each probe, on the gallery of all views together; success among those that were right.",
            "The last line takes of each decision the first number of frames that succeeds, up to the largest here. "
            "The printed table swaps the labels static and dynamic.",
            "The paper does not say which kinds of probes; here it is all of them.",
            _WEIGHT,
        ),
        measure="fooling",
        apart=False,
        pooled=True,
        frames=30,
        dynamic=True,
    )


GAIT_PRESETS: Mapping[str, Callable[[GaitSetting], GaitPreset]] = {
    "gait-fig4": _figure_4,
    "gait-table2": _table_2,
    "gait-table3": _table_3,
    "gait-table4": _table_4,
    "gait-table5": _table_5,
    "gait-table6": _table_6,
    "gait-table7": _table_7,
    "gait-table8": _table_8,
    "gait-baselines": _baselines,
}
"""By name."""


def _sparsity(share: str) -> Sparsity:
    return Sparsity(float(Fraction(share)))
