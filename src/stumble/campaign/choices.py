"""What people name at the command line: people, views, conditions, weights; and data that can be used."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path

from stumble import zoo
from stumble.campaign.actions import ActionEvaluation
from stumble.campaign.drawing import Contents
from stumble.data import PROTOCOLS, GaitData, Protocol, SequenceKey, open_gait
from stumble.data.action_splits import split_named
from stumble.data.actions import ActionData, Clip
from stumble.data.frame_pool import FolderFrames
from stumble.errors import DataError, SpecError, TargetError, WeightsError
from stumble.interfaces import SilhouetteInput, SkeletonInput, SkeletonTarget, Target, Weights
from stumble.targets import Ensemble, gait_ensemble

__all__ = [
    "Damage",
    "classifier",
    "described",
    "frame_pool",
    "kinds_of",
    "listed",
    "people",
    "readable_actions",
    "recogniser",
    "tested_actions",
    "trained",
    "training_people",
    "usable",
    "weight_file",
    "weights",
]

_SHOWN = 5


def people(data: GaitData | ActionData, text: str) -> tuple[str, ...]:
    """The people of a data set that "1-74", "075,080" or "fyc" means, sorted.

    Raises:
        SpecError: a part of the text means none of them.
    """
    chosen: set[str] = set()
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if part.strip() in data.subjects:
            found = {part.strip()}
        elif first.isdigit() and (last.isdigit() or not dash):
            numbers = range(int(first), int(last or first) + 1)
            found = {subject for subject in data.subjects if subject.isdigit() and int(subject) in numbers}
        else:
            found = set()
        if not found:
            held = f"{len(data.subjects)} people, {data.subjects[0]} to {data.subjects[-1]}"
            raise SpecError(f"subjects {text}: {part.strip()!r} is none of the people of {data.name} ({held})")
        chosen |= found
    return tuple(sorted(chosen))


def trained(data: GaitData) -> tuple[str, ...]:
    """The people of a data set whom its protocol trains on; none where it trains nobody."""
    partition = PROTOCOLS[data.protocol].partition
    return tuple(subject for subject in data.subjects if partition is not None and subject in partition.train)


def training_people(data: GaitData, text: str | None) -> tuple[str, ...]:
    """Those named, or those whom the protocol trains. Raises SpecError where there is none."""
    names = trained(data) if text is None else people(data, text)
    if not names:
        raise SpecError(
            f"{data.name}: its protocol {data.protocol} trains on none of its people; name some: --subjects"
        )
    return names


def described(data: GaitData, names: tuple[str, ...]) -> str:
    """Data and people in a card's words."""
    kind = "synthetic" if data.synthetic else "real"
    return f"{data.name} ({kind} data), {len(names)} people from {min(names)} to {max(names)}"


def kinds_of(protocol: Protocol) -> tuple[str, ...]:
    """The kinds of a protocol's probes in its order: NM, BG, CL."""
    return tuple(dict.fromkeys(condition.partition("-")[0].upper() for condition in protocol.probes))


def listed(text: str | None, known: Sequence[str], what: str) -> tuple[str, ...] | None:
    """Those of the known names that "000,090" or "0,90" means; None where nothing was named.

    Raises:
        SpecError: for an unknown one; the nearest one is named.
    """
    if text is None:
        return None
    numbers = {str(int(name)): name for name in known if name.isdigit()}
    chosen = []
    for part in (part.strip() for part in text.split(",")):
        name = part if part in known else numbers.get(part)
        if name is None:
            close = get_close_matches(part, known, 1, cutoff=0)
            raise SpecError(f"{what} {part!r}: expected some of {', '.join(known)}; did you mean {close[0]!r}?")
        chosen.append(name)
    return tuple(chosen)


def weights(text: str, architecture: zoo.Architecture | None = None) -> Weights:
    """Weights by the name of shipped ones, or by a file; "gei", gait energy images, which need none; several with +.

    Args:
        architecture: which network a file is for; None goes by the names of its tensors.

    Raises:
        WeightsError: there is no such name and no such file.
    """
    if architecture is None and text == str(zoo.EnergyImages()):
        return zoo.EnergyImages()
    if text in zoo.names():
        return zoo.Shipped(text)
    if Path(text).is_file():
        return zoo.File(Path(text), architecture)
    if "+" in text:
        return zoo.Several(tuple(weights(part.strip(), architecture) for part in text.split("+")))
    shipped = ", ".join(zoo.names()) or "of which there are none"
    raise WeightsError(f"{text}: found no such file; expected a checkpoint, or the name of shipped weights ({shipped})")


def frame_pool(path: Path) -> FolderFrames:
    """Frames of the people whom the data's protocol trains on, or of everybody where there are none of them."""
    return FolderFrames(path, trained(open_gait(path)))


def recogniser(reference: Weights) -> Target:
    """The gait recogniser behind a reference, or the ensemble of several.

    Raises:
        WeightsError: there is none, or another network.
        TargetError: an ensemble of recognisers that take silhouettes of different sizes.
    """
    if isinstance(reference, zoo.Several):
        return gait_ensemble([recogniser(member) for member in reference.members])
    network = reference.load()
    if not isinstance(network, Target) or not isinstance(network.takes, SilhouetteInput):
        raise WeightsError(f"{reference}: found a {type(network).__name__}; expected a gait recogniser")
    return network


def classifier(reference: Weights) -> SkeletonTarget:
    """The action recogniser behind a reference, or the ensemble of several.

    Raises:
        WeightsError: there is none, or another network.
        TargetError: an ensemble of recognisers that take different skeletons.
    """
    if isinstance(reference, zoo.Several):
        return Ensemble(tuple(classifier(member) for member in reference.members))
    network = reference.load()
    if not isinstance(network, SkeletonTarget) or not isinstance(network.takes, SkeletonInput):
        raise WeightsError(f"{reference}: found a {type(network).__name__}; expected an action recogniser")
    return network


def tested_actions(data: ActionData, split: str | None, subjects: str | None) -> ActionData:
    """The clips that a split tests, or all where none is named; of the people named, or of all."""
    chosen = split_named(split, data).apply(data)[1] if split is not None else data
    return chosen if subjects is None else chosen.select(subjects=people(chosen, subjects))


def weight_file(path: Path) -> Path:
    """Where a training's state goes beside its result; raises WeightsError at once where the result could not."""
    if path.suffix != ".safetensors":
        raise WeightsError(f"{path}: found suffix {path.suffix!r}; expected .safetensors")
    return path.with_suffix(".state.pt")


class Damage:
    """Tells of sequences that are left out because they cannot be read: the first few in a line each."""

    def __init__(self) -> None:
        self.reasons: dict[str, str] = {}

    def __call__(self, key: SequenceKey | Clip, error: DataError) -> None:
        self.reasons[str(key)] = str(error)
        if len(self.reasons) <= _SHOWN:
            print(f"stumble: left out {key}: {error}", file=sys.stderr)

    def close(self) -> None:
        """Says how many were left out and not told of."""
        if (more := len(self.reasons) - _SHOWN) > 0:
            print(f"stumble: left out {more} more; `stumble data check` lists them", file=sys.stderr)


def usable(
    data: GaitData,
    keys: Collection[SequenceKey],
    progress: Callable[[int, int], None],
    contents: Contents | None = None,
) -> tuple[GaitData, dict[str, str]]:
    """The data set with those of the keys alone that can be read, and why the others cannot.

    Args:
        contents: what is read is added to it.
    """
    damage = Damage()
    chosen = replace(data, keys=tuple(sorted(keys)))
    whole = []
    for key, frames in chosen.sequences(damage):
        whole.append(key)
        if contents is not None:
            contents.add(key.id, [frames])
        progress(len(whole) + len(damage.reasons), len(chosen))
    damage.close()
    return replace(chosen, keys=tuple(whole)), damage.reasons


def readable_actions(
    target: SkeletonTarget,
    data: ActionData,
    limit: int | None,
    progress: Callable[[int, int], None],
    contents: Contents | None = None,
) -> tuple[ActionEvaluation, dict[str, str]]:
    """The evaluation of the clips that can be read, of `limit` drawn at random, and why the others cannot.

    Args:
        contents: what is read is added to it.

    Raises:
        DataError: there is no clip, or none that can be read.
        TargetError: the target does not take such skeletons, which is said at the first clip.
    """
    damage = Damage()
    chosen = replace(data, clips=ActionEvaluation(target, data, data.clips).select(limit=limit).clips)
    first: ActionEvaluation | None = None
    whole = []
    for clip, joints in chosen.sequences(damage):
        try:
            first = first or ActionEvaluation.prepare(target, replace(data, clips=(clip,)))
        except TargetError as error:
            raise TargetError(f"{data.name}: {error}") from error
        whole.append(clip)
        if contents is not None:
            contents.add(f"{clip.id} {clip.label}", (joints.positions, joints.confidence))
        progress(len(whole) + len(damage.reasons), len(chosen))
    damage.close()
    if first is None:
        raise DataError(data.name, f"none of {len(chosen)} clips that can be read", "at least one")
    clips = tuple(whole)
    return replace(first, data=replace(data, clips=clips), clips=clips), damage.reasons
