"""A network as an attack wants it: in inference mode, with no parameter that collects gradients."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from functools import wraps
from typing import Any, TypeVar, cast

from torch import nn

__all__ = ["frozen", "on_frozen"]

Call = TypeVar("Call", bound=Callable[..., Any])


@contextmanager
def frozen(target: object) -> Iterator[None]:
    """Inside, batch norm and dropout are in inference mode and no parameter collects gradients; afterwards all is as
    it was, whatever happened. It reaches a network, and those that a dataclass around it holds, also in a tuple.

    The backward pass then leaves out the gradients of the weights, which no attack needs: half of its work.
    """
    networks = list(_networks(target))
    training = [part for network in networks for part in network.modules() if part.training]
    collecting = [p for network in networks for p in network.parameters() if p.requires_grad]
    try:
        for part in training:
            part.training = False
        for parameter in collecting:
            parameter.requires_grad_(False)
        yield
    finally:
        for part in training:
            part.training = True
        for parameter in collecting:
            parameter.requires_grad_(True)


def _networks(target: object) -> Iterator[nn.Module]:
    if isinstance(target, nn.Module):
        yield target
    elif isinstance(target, tuple):
        for part in target:
            yield from _networks(part)
    elif is_dataclass(target):
        for field in fields(target):
            yield from _networks(getattr(target, field.name))


def on_frozen(attack: Call) -> Call:
    """Decorates the `__call__` of an attack, whose first argument is the target: it runs while that is `frozen`."""

    @wraps(attack)
    def call(self: Any, target: Any, /, *args: Any, **kwargs: Any) -> Any:
        with frozen(target):
            return attack(self, target, *args, **kwargs)

    return cast(Call, call)
