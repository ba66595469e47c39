"""What the commands that train a gait recogniser have in common."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from stumble import zoo
from stumble.campaign.choices import Damage, described, kinds_of, people, training_people, weight_file, weights
from stumble.cli.progress import progress
from stumble.data import PROTOCOLS, open_gait
from stumble.errors import SpecError
from stumble.training import GaitProgress, GaitTraining, HeldOutRank1, by_subject

__all__ = ["train_recogniser"]


def train_recogniser(
    training: GaitTraining[Any],
    architecture: zoo.Architecture,
    data: Path,
    out: Path,
    subjects: str | None,
    validate: str | None,
    init: str | None,
    command_line: str,
) -> None:
    """Train, or go on with an interrupted training, and write weights with their card; see `stumble train gaitset`."""
    state = weight_file(out)
    initial = weights(init, architecture) if init is not None else None
    source = open_gait(data)
    names = training_people(source, subjects)
    held_out = people(source, validate) if validate is not None else ()
    if both := sorted(set(names) & set(held_out)):
        raise SpecError(f"--validate {validate}: {', '.join(both[:3])} would be trained on too; expected other people")
    own, damage = source.select(subjects=set(names)), Damage()
    with progress("reading") as report:
        walks = by_subject(own, lambda done: report(done, len(own)), damage)
    damage.close()
    validator = HeldOutRank1(source.select(subjects=set(held_out))) if held_out else None
    with progress("training") as report:
        network = training.run(
            walks,
            state,
            initial=initial,
            progress=lambda p: report(p.iteration, p.iterations, _note(p)),
            validate=validator,
        )
    ranks = validator.by_kind(network) if validator is not None else {}
    metrics = {f"rank-1 {kind}": ranks[kind] for kind in kinds_of(PROTOCOLS[source.protocol]) if kind in ranks}
    card = zoo.Card(described(source, tuple(walks)), command_line, training.seed, metrics)
    card = zoo.save(network, out, card)
    shown = "".join(f", {name} {value:.1f} %" for name, value in metrics.items())
    print(f"{out}: {card.parameters} parameters, SHA-256 {card.digest[:12]}…{shown}")


def _note(p: GaitProgress) -> str:
    figures = [_figure(name, value) for name, value in p.figures.items() if not math.isnan(value)]
    rank = "" if p.validation is None else f", rank-1 {p.validation:.1f} %"
    return f"{', '.join(figures)}, {p.seconds:.2f} s/iteration{rank}"


def _figure(name: str, value: float) -> str:
    return f"{value:.1f} {name}" if name.startswith("%") else f"{name} {value:.3f}"
