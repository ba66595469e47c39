"""`stumble certify`"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import pyarrow as pa

from stumble import __version__
from stumble.campaign.attack_curve import attack_curve, read_attacks
from stumble.campaign.certificates import certify_gait, summarise_certificates
from stumble.campaign.choices import described, kinds_of, listed, people, recogniser, usable, weights
from stumble.campaign.drawing import Contents
from stumble.campaign.gait import GaitEvaluation
from stumble.campaign.portions import in_portions
from stumble.campaign.records import provenance, write_certificates
from stumble.campaign.summary import by_kind
from stumble.certify import Method, Partition, Smoothing
from stumble.cli.certificate_table import show_certificates, show_kinds
from stumble.cli.progress import progress
from stumble.data import PROTOCOLS, SequenceKey, open_gait
from stumble.data.whole_files import PARTS, resumed_folder, vacant
from stumble.errors import SpecError
from stumble.metrics.distances import Distance
from stumble.report.certified import certified_chart, certified_svg
from stumble.spec import identity

__all__ = ["certify"]


def certify(
    model: str,
    *,
    data: Path,
    out: Path,
    method: Method = Partition(),
    kinds: str = "NM",
    views: str | None = None,
    subjects: str | None = None,
    limit: int | None = None,
    frames: int | None = None,
    distance: Distance = "per-part",
    campaign: Path | None = None,
    seed: int = 1,
    command_line: str,
) -> None:
    """Prove of a gait recogniser's answers that no edit of so many frames changes them.

    What is certified is not the recogniser as it is but a vote: of groups of frames (partition), or of random subsets
    (ablation); docs/certificates.md has what is proven. The adversary edits the frames as the data set's reader gives
    them. OUT gets certificates.parquet (a row per sequence and gallery view), certify.json with the specification and
    the figures, and certified.svg. Until it is whole it is called OUT.unfinished-…, and the same command goes on with
    that.

    Example:
        stumble certify gaitset-synthetic --data walkers --out out/proven --limit 40
        stumble certify gaitset-synthetic --data walkers --out out/ten --method partition --method.groups 10
        stumble certify gaitset-synthetic --data walkers --out out/inserted --method partition \\
            --method.by content --method.edit insert
        stumble certify gaitset-synthetic --data walkers --out out/subsets --limit 10 --method ablation \\
            --method.frames 4 --method.sampling.estimation 1000
        stumble certify gaitset-synthetic --data walkers --out out/beside --frames 40 --campaign out/grid
        stumble certify --method.help Partition

    Args:
        model: name of shipped weights; or a checkpoint of GaitSet, GaitBase or SelfGait (theirs or ours), GEINet or
            GaitGAN (ours).
        data: folder of gait data.
        out: folder to write to; new, or empty.
        method: "partition" or "ablation"; its fields follow it.
        kinds: which probes, such as NM or NM,BG,CL.
        views: whose views, such as 000,090; all by default.
        subjects: whom to test, such as 75-124; by default those that the protocol tests.
        limit: certify so many probes, drawn at random, always the same ones; all by default.
        frames: use the first so many frames of each sequence; all by default. What is cut off is cut off before the
            adversary: an edit of the clip that remains is what the certificate is about.
        distance: "per-part", the mean distance of the parts (OpenGait); "flattened", of the whole vector (GaitSet).
        campaign: folder of `stumble run PLAN` or `stumble attack` on the same model; shows what its attacks leave.
        seed: of random subsets.
    """
    began = time.perf_counter()
    if isinstance(method, Smoothing):
        raise SpecError("method smoothing: found gait; expected partition or ablation, or `stumble certify actions`")
    reference = weights(model)
    target, source = recogniser(reference), open_gait(data)
    protocol = PROTOCOLS[source.protocol]
    chosen = set(protocol.tested(source) if subjects is None else people(source, subjects))
    gallery, probes = protocol.split(source, chosen)
    probes = probes.select(kinds=listed(kinds, kinds_of(protocol), "kind"), views=listed(views, source.views, "view"))
    specification: dict[str, object] = {
        "model": reference,
        "digests": {"model": reference.digest},
        "data": {"name": source.name, "synthetic": source.synthetic, "protocol": source.protocol},
        "subjects": sorted(chosen),
        "method": method,
        "kinds": kinds,
        "views": views,
        "limit": limit,
        "frames": frames,
        "distance": distance,
        "seed": seed,
    }
    used = {"model": reference.digest, "frames": frames, "distance": distance}
    stored = () if campaign is None else read_attacks(campaign, used)
    vacant(out)
    contents = Contents()
    with progress("reading") as report:
        tested, left_out = usable(source, gallery.keys + probes.keys, report, contents)
    specification["sequences"] = contents.digest
    with progress("gallery") as report:
        evaluation = GaitEvaluation.prepare(
            target, tested, subjects=chosen, frames=frames, distance=distance, progress=report
        )
    evaluation = evaluation.select(limit=limit)

    def certificates(some: Sequence[SequenceKey], report: Callable[[int, int], None]) -> pa.Table:
        return certify_gait(replace(evaluation, probes=tuple(some)), method, seed=seed, progress=report)

    with resumed_folder(out, identity({**specification, "version": __version__})) as folder:
        with progress("certificates") as report:
            table = in_portions(folder / PARTS, evaluation.probes, certificates, report)
        summary, edit = summarise_certificates(table, "frames"), getattr(method, "edit", "alter")
        parts = by_kind(table, kinds_of(protocol))
        each = {kind: summarise_certificates(part, "frames") for kind, part in parts.items()}
        attacks = attack_curve(stored, table, edit)
        write_certificates(
            folder,
            table,
            specification,
            provenance(command_line, began),
            summary=asdict(summary),
            kinds={kind: asdict(own) for kind, own in each.items()},
            attacks=[asdict(point) for point in attacks],
            left_out=left_out,
        )
        chart = certified_chart(summary, attacks, "frames")
        named = f"{type(method).__name__} of {model} on {described(source, tested.subjects)}"
        text = certified_svg(chart, f"frames that an adversary may {edit}", named, source.synthetic)
        (folder / "certified.svg").write_text(text, encoding="utf-8")
    print(f"{type(method).__name__}, {edit}, on {described(source, tested.subjects)}")
    show_certificates(summary, attacks, "frames", float(table["confidence"][0].as_py()))
    show_kinds(each)
    if campaign is not None and not attacks:
        print(f"stumble: {campaign}: none of its attacks ({edit}) is on these sequences", file=sys.stderr)
    print(f"{out}: certify.json, certificates.parquet, certified.svg")
