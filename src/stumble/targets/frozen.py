"""A network as an attack wants it: in inference mode, with no parameter that collects gradients."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from functools import partial, wraps
from types import CellType, FunctionType, MethodType, ModuleType
from typing import Any, TypeVar, cast

import numpy as np
from torch import Tensor, nn

__all__ = ["frozen", "networks_of", "on_frozen"]

_PLAIN = (str, bytes, int, float, type(None), np.ndarray, Tensor, type, ModuleType)

Call = TypeVar("Call", bound=Callable[..., Any])


@contextmanager
def frozen(target: object) -> Iterator[None]:
    """Inside, batch norm and dropout are in inference mode and no parameter collects gradients; afterwards all is as
    it was, whatever happened. It reaches a network, and those that the object around it holds: in fields and other
    attributes, containers, partial and bound functions, and what a function closes over.

    The backward pass then leaves out the gradients of the weights, which no attack needs: half of its work.
    """
    networks = list(networks_of(target))
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


def networks_of(target: object) -> Iterator[nn.Module]:
    """Those that an object is or holds, in fields, attributes, containers, and what a function closes over or has for
    defaults."""
    waiting, seen = [target], dict[int, object]()
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen[id(one)] = one
        if isinstance(one, nn.Module):
            yield one
        waiting += [part for part in _held(one) if not isinstance(part, _PLAIN)]


def _held(one: object) -> list[object]:
    """What is to be found in an object, one step in."""
    if isinstance(one, dict):
        return list(one.values())
    if isinstance(one, (list, tuple, set, frozenset)):
        return list(one)
    if isinstance(one, partial):
        return [one.func, one.args, one.keywords]
    if isinstance(one, MethodType):
        return [one.__self__]
    if isinstance(one, FunctionType):
        return [one.__defaults__, one.__kwdefaults__, *map(_content, one.__closure__ or ())]
    own = list(getattr(one, "__dict__", {}).values())
    named = [getattr(one, field.name, None) for field in fields(one)] if is_dataclass(one) else []
    return own + named


def _content(cell: CellType) -> object:
    try:
        return cell.cell_contents
    except ValueError:  # a name without a value yet
        return None


def on_frozen(attack: Call) -> Call:
    """Decorates the `__call__` of an attack, whose first argument is the target: it runs while that is `frozen`."""

    @wraps(attack)
    def call(self: Any, target: Any, /, *args: Any, **kwargs: Any) -> Any:
        with frozen(target):
            return attack(self, target, *args, **kwargs)

    return cast(Call, call)
