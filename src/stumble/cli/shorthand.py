"""Components that a name or a folder is enough to mean, so that they need not be spelled out as a class with fields."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from stumble.spec import to_plain

__all__ = ["spelled_out"]


def spelled_out(arguments: Sequence[str]) -> list[str]:
    """Arguments with `--attack.prior NAME|FILE` and `--attack.pool FOLDER` written as the components they mean.

    Raises:
        StumbleError: there is no such name, file or folder.
    """
    result: list[str] = []
    rest = iter(arguments)
    for argument in rest:
        option, equals, value = argument.partition("=")
        if option in _SHORT:
            value = value if equals else next(rest, "")
            result.append(f"{option}={_component(_SHORT[option], value)}")
        else:
            result.append(argument)
    return result


def _component(short: Callable[[str], object], value: str) -> str:
    """A component as jsonargparse reads it; names of classes, and what is spelled out already, stay as they are."""
    if value in ("", "Shipped", "File", "FolderFrames") or value.startswith(("{", "stumble.")):
        return value
    return json.dumps(to_plain(short(value)))


def _prior(value: str) -> object:
    from stumble.cli.choices import weights

    return weights(value, "wgan-gp")


def _pool(value: str) -> object:
    """Frames of the people whom the protocol trains on, or of everybody where there are none of them."""
    from stumble.cli.choices import trained
    from stumble.data import open_gait
    from stumble.data.frame_pool import FolderFrames

    return FolderFrames(Path(value), trained(open_gait(value)))


_SHORT: dict[str, Callable[[str], object]] = {"--attack.prior": _prior, "--attack.pool": _pool}
