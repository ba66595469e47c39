"""`stumble certify actions`"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from stumble import __version__
from stumble.campaign.attack_curve import attack_curve, read_attacks
from stumble.campaign.certificates import certify_actions as certify_clips
from stumble.campaign.certificates import summarise_certificates
from stumble.campaign.choices import classifier, readable_actions, tested_actions, weights
from stumble.campaign.drawing import Contents
from stumble.campaign.portions import in_portions
from stumble.campaign.records import provenance, write_certificates
from stumble.certify import Method, Partition, Smoothing
from stumble.cli.certificate_table import show_certificates
from stumble.cli.progress import progress
from stumble.data.action_opening import open_actions
from stumble.data.actions import Clip
from stumble.data.whole_files import PARTS, resumed_folder, vacant
from stumble.errors import SpecError
from stumble.layouts import OPENPOSE18
from stumble.report.certified import certified_chart, certified_svg
from stumble.spec import identity

__all__ = ["certify_actions"]


def certify_actions(
    model: str,
    *,
    data: Path,
    out: Path,
    method: Method = Smoothing(),
    stretch: int | None = None,
    epsilon: float = 0.004,
    split: str | None = None,
    subjects: str | None = None,
    limit: int | None = None,
    campaign: Path | None = None,
    seed: int = 1,
    command_line: str,
) -> None:
    """Prove of an action recogniser's answers that no small displacement of joints, or no edit of so many frames,
    changes them.

    What is certified is not the recogniser as it is but a vote: of noisy versions of the clip (smoothing), of groups of
    frames (partition), or of random subsets of frames (ablation); docs/certificates.md has what is proven. OUT gets
    certificates.parquet (a row per clip), certify.json with the specification and the figures, and certified.svg. Until
    it is whole it is called OUT.unfinished-…, and the same command goes on with that.

    Example:
        stumble certify actions stgcn-synthetic-xsub --data actions --split synthetic-xsub --limit 20 \\
            --out out/smooth --method smoothing --method.sigma 0.01
        stumble certify actions stgcn-synthetic-xsub --data actions --split synthetic-xsub --limit 100 \\
            --out out/groups --method partition --method.groups 5
        stumble certify actions --method.help Smoothing

    Args:
        model: name of shipped weights, or a checkpoint of ST-GCN (ours, the original's, PYSKL's or MMAction2's), of
            2s-AGCN (ours or the original's) or of PA-LSTM (ours).
        data: folder or file of skeleton actions.
        out: folder to write to; new, or empty.
        method: "smoothing", "partition" or "ablation"; its fields follow it.
        stretch: the recogniser sees groups or subsets of frames slowed down by this factor; by default by the number of
            groups, which gives movements their pace back, and subsets as they are.
        epsilon: of the attack's box, whose Euclidean norm is printed beside the radius of smoothing.
        split: certify the clips that this split tests, such as ntu60-xsub; all by default.
        subjects: whose clips, such as 75-94; all by default.
        limit: certify so many clips, drawn at random, always the same ones; all by default.
        campaign: folder of `stumble run PLAN` on the same model; shows what its attacks leave.
        seed: of noise and random subsets.
    """
    began = time.perf_counter()
    if not epsilon > 0:
        raise SpecError(f"epsilon is {epsilon:g}; it must be a number above 0")
    if stretch is None:
        stretch = method.groups if isinstance(method, Partition) else 1
    if stretch < 1 or (stretch > 1 and isinstance(method, Smoothing)):
        raise SpecError(f"stretch is {stretch}; it must be at least 1, and 1 for smoothing, which sees whole clips")
    reference, source = weights(model), open_actions(data)
    target, chosen = classifier(reference), tested_actions(source, split, subjects)
    edit = getattr(method, "edit", "move")
    specification: dict[str, object] = {
        "model": reference,
        "digests": {"model": reference.digest},
        "data": {"name": source.name, "synthetic": source.synthetic, "format": source.format},
        "method": method,
        "stretch": stretch,
        "split": split,
        "subjects": subjects,
        "limit": limit,
        "seed": seed,
    }
    stored = () if campaign is None else read_attacks(campaign, {"model": reference.digest})
    vacant(out)
    contents = Contents()
    with progress("reading") as report:
        evaluation, left_out = readable_actions(target, chosen, limit, report, contents)
    specification["sequences"] = contents.digest

    def certificates(some: Sequence[Clip], report: Callable[[int, int], None]) -> pa.Table:
        own = replace(evaluation, clips=tuple(some))
        return certify_clips(own, method, stretch=stretch, seed=seed, progress=report)

    with resumed_folder(out, identity({**specification, "version": __version__})) as folder:
        with progress("certificates") as report:
            table = in_portions(folder / PARTS, evaluation.clips, certificates, report)
        summary = summarise_certificates(table, "input" if edit == "move" else "frames")
        unit = "frames" if edit != "move" else "image units" if source.layout == OPENPOSE18 else "m"
        attacks = attack_curve(stored, table, edit)
        box = None
        if edit == "move":
            norms = epsilon * np.sqrt(table["coordinates"].to_numpy())
            box = {
                "epsilon": epsilon,
                "norm": float(norms.mean()),
                "covered": 100 * float((table["radius"].to_numpy() >= norms).mean()),
            }
        write_certificates(
            folder,
            table,
            specification,
            provenance(command_line, began),
            summary=asdict(summary),
            preprocessing=source.preprocessing,
            box=box,
            attacks=[asdict(point) for point in attacks],
            left_out=left_out,
        )
        kind = "synthetic" if source.synthetic else "real"
        named = f"{type(method).__name__} of {model} on {source.name} ({kind} data)"
        shown = None if box is None else (f"norm of the box of ε = {epsilon:g}", box["norm"])
        axis = f"Euclidean norm of all displacements together, {unit}" if box else f"frames that may be edited ({edit})"
        svg = certified_svg(certified_chart(summary, attacks, unit, shown), axis, named, source.synthetic)
        (folder / "certified.svg").write_text(svg, encoding="utf-8")
    print(named)
    if edit != "move" and source.preprocessing != "raw":
        print(f"of frames as the data has them, {source.preprocessing}: nothing is said of edits before that was done")
    show_certificates(summary, attacks, unit, float(table["confidence"][0].as_py()))
    if box is not None:
        print(
            f"the box of an attack with ε = {epsilon:g} has a corner at a distance of {box['norm']:.3g} {unit} (mean); "
            f"{box['covered']:.1f} % of the radii reach their own"
        )
    if campaign is not None and not attacks:
        print(f"stumble: {campaign}: none of its attacks ({edit}) is on these sequences", file=sys.stderr)
    print(f"{out}: certify.json, certificates.parquet, certified.svg")
