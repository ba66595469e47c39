"""`stumble train gaitset`"""

from __future__ import annotations

from pathlib import Path

from stumble import zoo
from stumble.campaign.choices import Damage, described, kinds_of, people, training_people, weight_file, weights
from stumble.cli.progress import progress
from stumble.data import PROTOCOLS, open_gait
from stumble.errors import SpecError
from stumble.training import GaitSetProgress, GaitSetTraining, HeldOutRank1, by_subject

__all__ = ["train_gaitset"]


def train_gaitset(
    *,
    data: Path,
    out: Path,
    subjects: str | None = None,
    validate: str | None = None,
    init: str | None = None,
    training: GaitSetTraining = GaitSetTraining(),
    command_line: str,
) -> None:
    """Train GaitSet. Its state is kept beside the result; the same command goes on where an interrupted one stopped.

    Example:
        stumble train gaitset --data walkers --out mine.safetensors --validate 125-134
        stumble train gaitset --data walkers --out mine.safetensors --training.iterations 500 --training.seed 2

    Args:
        data: folder of gait data.
        out: file for the weights, .safetensors; a card goes beside it.
        subjects: whom to train on, such as 1-74; by default those that the data set's protocol trains.
        validate: people to recognise every 250 iterations and at the end, others than those trained on.
        init: weights to start from, a file or shipped ones.
        training: how it is trained.
    """
    state = weight_file(out)
    initial = weights(init, "gaitset") if init is not None else None
    source = open_gait(data)
    names = training_people(source, subjects)
    held_out = people(source, validate) if validate is not None else ()
    if both := sorted(set(names) & set(held_out)):
        raise SpecError(f"--validate {validate}: {', '.join(both[:3])} would be trained on too; expected other people")
    own, damage = source.select(subjects=set(names)), Damage()
    with progress("reading") as report:
        groups = by_subject(own, lambda done: report(done, len(own)), damage)
    damage.close()
    validator = HeldOutRank1(source.select(subjects=set(held_out))) if held_out else None
    with progress("training") as report:
        network = training.run(
            groups,
            state,
            initial=initial,
            progress=lambda p: report(p.iteration, p.iterations, _note(p)),
            validate=validator,
        )
    ranks = validator.by_kind(network) if validator is not None else {}
    metrics = {f"rank-1 {kind}": ranks[kind] for kind in kinds_of(PROTOCOLS[source.protocol]) if kind in ranks}
    card = zoo.Card(described(source, tuple(groups)), command_line, training.seed, metrics)
    card = zoo.save(network, out, card)
    shown = "".join(f", {name} {value:.1f} %" for name, value in metrics.items())
    print(f"{out}: {card.parameters} parameters, SHA-256 {card.digest[:12]}…{shown}")


def _note(p: GaitSetProgress) -> str:
    rank = "" if p.validation is None else f", rank-1 {p.validation:.1f} %"
    return f"loss {p.loss:.3f}, {100 * p.nonzero:.1f} % of triplets left, {p.seconds:.2f} s/iteration{rank}"
