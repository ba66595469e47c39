"""What the commands that train an action recogniser have in common."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from stumble import zoo
from stumble.campaign.choices import people, weight_file, weights
from stumble.cli.progress import progress
from stumble.data.action_opening import open_actions
from stumble.data.action_splits import ActionSplit, split_named
from stumble.data.actions import ActionData, Clip
from stumble.errors import DataError, SpecError
from stumble.models.recogniser import ActionRecogniser
from stumble.preprocess import Recipe
from stumble.training.action_clips import ActionClips, HeldOutTop1, prepare
from stumble.training.actions import ActionProgress, ActionTraining

__all__ = ["train_recogniser"]


def train_recogniser(
    kind: type[ActionRecogniser],
    data: Path,
    split: str,
    out: Path,
    validate: str | None,
    init: str | None,
    recipe: Recipe,
    training: ActionTraining,
    command_line: str,
) -> None:
    """Train, or go on with an interrupted training, and write weights with their card; see `stumble train stgcn`."""
    state = weight_file(out)
    initial = weights(init) if init is not None else None
    source = open_actions(data)
    train, held_out = _sides(source, split_named(split, source), validate)
    out.parent.mkdir(parents=True, exist_ok=True)
    clips = _prepared(train, recipe, out.parent)
    validator = HeldOutTop1(_prepared(held_out, recipe, out.parent)) if len(held_out) else None
    with progress("training") as report:
        network = training.run(
            kind,
            clips,
            state,
            initial=initial,
            progress=lambda p: report(p.iteration, p.iterations, _note(p)),
            validate=validator,
        )
    metrics, shown = {}, ""
    if validator is not None:
        best, five = validator.accuracy(network), validator.accuracy(network, 5)
        metrics = {"top-1": best.percent, "top-5": five.percent, "clips": float(best.clips)}
        shown = f", top-1 {best.percent:.1f} % ({best.low:.1f} to {best.high:.1f}), top-5 {five.percent:.1f} %"
    card = zoo.Card(_described(train, split, len(clips)), command_line, training.seed, metrics)
    card = zoo.save(network, out, card)
    print(f"{out}: {card.parameters} parameters, SHA-256 {card.digest[:12]}…{shown}")


def _sides(source: ActionData, split: ActionSplit, text: str | None) -> tuple[ActionData, ActionData]:
    """The clips to train on, and those of the held-out people as the split's test sees people.

    Raises:
        SpecError: the text names nobody, or people who are tested.
    """
    train, _ = split.apply(source)
    if text is None:
        return train, replace(source, clips=())
    held_out = set(people(source, text))
    if both := sorted(held_out & (split.test.subjects or set())):
        raise SpecError(f"--validate {text}: {', '.join(both[:3])} are tested in {split.name}; expected other people")
    as_tested = replace(split.test, subjects=frozenset(held_out))
    own = tuple(clip for clip in source.clips if as_tested.holds(clip))
    others = tuple(clip for clip in train.clips if clip.subject not in held_out)
    if not own or not others:
        found = f"{len(others)} clips to train on and {len(own)} to validate on"
        raise SpecError(f"--validate {text}: {found} in {split.name}; expected some of both")
    return replace(train, clips=others), replace(source, clips=own)


def _prepared(data: ActionData, recipe: Recipe, folder: Path) -> ActionClips:
    damaged = 0

    def left_out(clip: Clip, error: DataError) -> None:
        nonlocal damaged
        damaged += 1
        if damaged <= 5:
            print(f"stumble: left out {clip}: {error}", file=sys.stderr)

    with progress("reading") as report:
        clips = prepare(data, recipe, folder, lambda done: report(done, len(data)), left_out)
    if damaged > 5:
        print(f"stumble: left out {damaged - 5} more", file=sys.stderr)
    return clips


def _described(data: ActionData, split: str, clips: int) -> str:
    kind = "synthetic" if data.synthetic else "real"
    return f"{data.name} ({kind} data), the training side of {split}: {clips} clips of {len(data.subjects)} people"


def _note(p: ActionProgress) -> str:
    validation = "" if p.validation is None else f", validation {p.validation:.1f} %"
    return f"loss {p.loss:.3f}, top-1 {p.top1:.1f} %, {p.seconds:.2f} s/iteration{validation}"
