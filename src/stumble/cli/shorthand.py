"""Components that a name or a folder is enough to mean, so that they need not be spelled out as a class with fields."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from stumble.errors import SpecError
from stumble.spec import to_plain

__all__ = ["spelled_out"]


def spelled_out(program: str, arguments: Sequence[str]) -> list[str]:
    """Arguments with the names, files and folders of `_SHORT` written as the components they mean.

    Args:
        program: the command they are for, "stumble attack".

    Raises:
        StumbleError: there is no such name, file or folder.
    """
    short = _SHORT.get(program, {})
    result: list[str] = []
    rest = iter(arguments)
    for argument in rest:
        option, equals, value = argument.partition("=")
        if option in short:
            value = value if equals else next(rest, "")
            result.append(f"{option}={_component(short[option], value)}")
        else:
            result.append(argument)
    return result


def _component(short: Callable[[str], object], value: str) -> str:
    """A component as jsonargparse reads it; names of classes, and what is spelled out already, stay as they are."""
    if value in ("", *_CLASSES) or value.startswith(("{", "stumble.")):
        return value
    plain = cast(dict[str, Any], to_plain(short(value)))
    given = {name: field for name, field in plain["init_args"].items() if field is not None}  # which it reads as text
    return json.dumps({**plain, "init_args": given})


def _prior(value: str) -> object:
    from stumble.campaign.choices import weights

    return weights(value, "wgan-gp")


def _pool(value: str) -> object:
    from stumble.campaign.choices import frame_pool

    return frame_pool(Path(value))


def _pose_prior(value: str) -> object:
    from stumble.campaign.choices import weights
    from stumble.priors import Frozen

    return Frozen(weights(value, "bone-angles"))


def _poses(value: str) -> object:
    """Poses of all clips; a sample's own are never used for it."""
    from stumble.data.action_opening import open_actions
    from stumble.data.pose_pool import FolderPoses

    open_actions(value)
    return FolderPoses(Path(value))


def _method(value: str) -> object:
    from stumble import certify

    methods = {"partition": certify.Partition, "ablation": certify.Ablation, "smoothing": certify.Smoothing}
    if value not in methods:
        raise SpecError(f"method {value!r}: expected one of {', '.join(methods)}")
    return methods[value]()


_CLASSES = ("Shipped", "File", "FolderFrames", "Frozen", "TrainedAlong", "Partition", "Ablation", "Smoothing")

_SKELETONS = {"--attack.prior": _pose_prior, "--attack.prior.poses": _poses}

_SHORT: Mapping[str, Mapping[str, Callable[[str], object]]] = {
    "stumble attack": {"--attack.prior": _prior, "--attack.pool": _pool},
    "stumble attack actions": _SKELETONS,
    "stumble defend": {"--attack.prior": _prior, "--attack.pool": _pool},
    "stumble defend actions": _SKELETONS,
    "stumble certify": {"--method": _method},
    "stumble certify actions": {"--method": _method},
    "stumble train bone-angles": _SKELETONS,
    "stumble harden gaitset": {"--training.prior": _prior},
}
"""By command: options, and what makes a component of a name, a file or a folder given to one."""
