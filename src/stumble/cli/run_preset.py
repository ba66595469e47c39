"""`stumble run preset:NAME`"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from stumble import zoo
from stumble.campaign.action_bench import ActionBench, TestedActions
from stumble.campaign.bench import Bench, Tested
from stumble.campaign.choices import frame_pool, weights
from stumble.campaign.gait_bench import GaitBench
from stumble.campaign.presets import check_name
from stumble.campaign.presets.ciasa import CIASA_PRESETS, SkeletonPreset, SkeletonSetting
from stumble.campaign.presets.ciasa_outcome import skeleton_outcomes
from stumble.campaign.presets.ciasa_printed import column_for
from stumble.campaign.presets.gait import GAIT_PRESETS, GaitPreset, GaitSetting
from stumble.campaign.presets.gait_outcome import gait_outcomes
from stumble.campaign.presets.transfer import paired, transfers
from stumble.campaign.records import provenance
from stumble.campaign.results import CellResult
from stumble.campaign.run_folder import RunFolder
from stumble.cli.campaign_table import objections_to, results_of, show_objections
from stumble.cli.carry_out import Execution, carry_out
from stumble.data import open_gait
from stumble.data.action_opening import open_actions
from stumble.data.pose_pool import FolderPoses
from stumble.data.whole_files import whole_file
from stumble.errors import SpecError
from stumble.layouts import Layout
from stumble.priors.bone_angles import BoneAngleDiscriminator
from stumble.priors.discriminators import Frozen
from stumble.report.action_wording import unit_of
from stumble.report.gait_preset import GaitPresetTable, views_svg
from stumble.report.preset_figures import failure_list, preset_figure
from stumble.report.preset_tables import PresetTable, listed
from stumble.report.transfer_table import TransferTable
from stumble.spec import to_plain

__all__ = ["Chosen", "run_preset"]

_PRIOR, _JUDGE = "bone-angles-synthetic", "bone-angles-judge-synthetic"
_POOLED_CLIPS = 512


@dataclass(frozen=True)
class Chosen:
    """What was typed.

    Attributes:
        model, prior: names or files, of models several with commas; None for the shipped ones.
        data, split, subjects, limit, iterations, seed, memory: see `stumble run`.
    """

    model: str | None
    prior: str | None
    data: Path
    split: str | None
    subjects: str | None
    limit: int | None
    iterations: int
    seed: int
    memory: float


def run_preset(name: str, chosen: Chosen, out: Path, execution: Execution, command_line: str) -> int:
    """Regenerate a table or a figure of a paper; see `stumble run`. Returns 1 where shards could not be done."""
    began = time.perf_counter()
    check_name(name)
    preset, benches = _gait(name, chosen) if name in GAIT_PRESETS else _skeletons(name, chosen)
    finished = carry_out(preset.plan(benches, chosen.seed, chosen.memory), out, execution, command_line)
    if finished.failed:
        return 1
    tested, results = next(iter(finished.tested.values())), results_of(finished.folder)
    table: GaitPresetTable | PresetTable | TransferTable
    if isinstance(preset, GaitPreset):
        table, more, files = _gait_result(preset, results, tested, benches["target"])
    else:
        table, more, files = _skeleton_result(preset, finished.folder, results, tested, chosen)
    against = objections_to(results)
    if against:
        files["table.md"] += f"\n## Flags\n\n{listed([str(one) for one in against])}\n"
    result = {
        "preset": preset.name,
        "title": preset.title,
        "synthetic": tested.synthetic,
        "sources": list(table.sources),
        "specification": {
            "benches": {bench: to_plain(benches[bench]) for bench in benches},
            "facts": {bench: dict(finished.tested[bench].facts) for bench in benches},
            "goal": preset.goal,
            "seed": chosen.seed,
        },
        "samples": len(tested.samples),
        "rows": table.rows(),
        "flags": [asdict(one) for one in against],
        **more,
        "findings": [asdict(finding) for finding in table.findings],
        "notes": list(preset.notes),
        "left_out": dict(tested.left_out),
        "provenance": provenance(command_line, began),
    }
    written = {"result.json": json.dumps(result, indent=2, allow_nan=False) + "\n", **files}
    for file, text in written.items():
        with whole_file(out / file) as temporary:
            temporary.write_text(text, encoding="utf-8")
    print("\n".join(table.sources))
    Console().print(table.terminal())
    show_objections(against)
    print("\n".join(f"· {note}" for note in (*map(str, table.findings), *preset.notes)))
    print(f"{out}: {', '.join(written)}, cells")
    return 0


def _gait(name: str, chosen: Chosen) -> tuple[GaitPreset, Mapping[str, Bench]]:
    if chosen.split is not None:
        raise SpecError(f"preset:{name}: --split is for skeleton actions; gait data has its protocol's")
    source = open_gait(chosen.data)
    prior = weights(chosen.prior or "wgan-synthetic", "wgan-gp")
    preset = GAIT_PRESETS[name](GaitSetting(prior, frame_pool(chosen.data), chosen.iterations))
    if source.protocol != preset.protocol:
        raise SpecError(f"preset:{name}: found data in the protocol {source.protocol}; expected {preset.protocol}")
    models = _models(name, chosen, preset.models)
    if len(models) != len(preset.models):
        raise SpecError(f"preset:{name}: found {len(models)} models; expected {len(preset.models)}")
    bench = GaitBench(
        models[-1],
        chosen.data,
        kinds=preset.kinds,
        subjects=chosen.subjects,
        limit=chosen.limit,
        frames=preset.frames,
        source=models[0] if len(models) > 1 else None,
        pooled=preset.pooled,
    )
    return preset, {"target": bench}


def _skeletons(name: str, chosen: Chosen) -> tuple[SkeletonPreset, Mapping[str, Bench]]:
    if chosen.prior is not None:
        raise SpecError(
            f"preset:{name}: --prior is for gait; CIASA's discriminators are the shipped ones, or trained along"
        )
    layout = open_actions(chosen.data).layout
    prior, judge = (_discriminator(one, layout) for one in (_PRIOR, _JUDGE))
    poses = FolderPoses(chosen.data, chosen.split or "", clips=_POOLED_CLIPS)
    setting = SkeletonSetting(layout, poses, None if prior is None else Frozen(prior), chosen.iterations)
    preset = CIASA_PRESETS[name](setting)
    models = _models(name, chosen, preset.models)
    bench = ActionBench(
        models[0],
        chosen.data,
        split=chosen.split,
        subjects=chosen.subjects,
        limit=chosen.limit,
        judge=None if judge is None else judge.name,
    )
    return preset, paired(bench, models, preset.each) if len(models) > 1 else {"target": bench}


def _models(name: str, chosen: Chosen, shipped: tuple[str, ...]) -> tuple[str, ...]:
    """Those to test, several where the preset has several."""
    if chosen.model is None or len(shipped) == 1:
        return shipped if chosen.model is None else (chosen.model,)
    models = tuple(model.strip() for model in chosen.model.split(","))
    if len(models) == 1:
        raise SpecError(f"preset:{name}: found one model, {models[0]}; expected several with commas between them")
    return models


def _discriminator(name: str, layout: Layout) -> zoo.Shipped | None:
    """A shipped discriminator of such skeletons, or None where there is none."""
    if name not in zoo.names():
        return None
    network = zoo.Shipped(name).load()
    return zoo.Shipped(name) if isinstance(network, BoneAngleDiscriminator) and network.layout == layout else None


def _gait_result(
    preset: GaitPreset, results: Sequence[CellResult], tested: Tested, bench: Bench
) -> tuple[GaitPresetTable, dict[str, Any], dict[str, str]]:
    assert isinstance(bench, GaitBench)
    outcomes = gait_outcomes(preset, results)
    made = "" if bench.source is None else f", frames made on {bench.source}"
    table = GaitPresetTable(preset, outcomes, tested.data, tested.synthetic, f"{bench.model}{made}")
    files = {"table.md": table.markdown() + "\n"}
    if preset.figure:
        files["figure.svg"] = views_svg(outcomes, table.sources[0])
    return table, {}, files


def _skeleton_result(
    preset: SkeletonPreset, folder: RunFolder, results: Sequence[CellResult], tested: Tested, chosen: Chosen
) -> tuple[PresetTable | TransferTable, dict[str, Any], dict[str, str]]:
    if len(preset.models) > 1:
        transfer = TransferTable(preset, transfers(preset, results), tested.data, tested.synthetic)
        return transfer, {}, {"table.md": transfer.markdown() + "\n"}
    layout = open_actions(chosen.data).layout
    outcomes, unit = skeleton_outcomes(preset, folder, results), unit_of(layout.name)
    table = PresetTable(preset, outcomes, tested.data, tested.synthetic, column_for(chosen.split, layout), unit)
    assert isinstance(tested, TestedActions)
    drawing = preset_figure(table, tested.evaluation)
    lists = "".join(map(failure_list, outcomes)) if preset.figure == "failures" else ""
    more: dict[str, Any] = {"column": table.column}
    if preset.figure == "failures":
        more["failures"] = {outcome.row.name: outcome.missed() for outcome in outcomes}
    return table, more, {"table.md": table.markdown() + lists + "\n", **({"figure.svg": drawing} if drawing else {})}
