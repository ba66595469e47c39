"""Dataclass to plain data, back again, and to an identity: a component is its import path and its fields."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from difflib import get_close_matches
from enum import Enum
from importlib import import_module
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, TypeAlias, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from stumble.errors import SpecError

__all__ = ["Plain", "from_plain", "identity", "to_plain"]

Plain: TypeAlias = dict[str, Any] | list[Any] | str | int | float | bool | None
"""What JSON can hold."""

Component = TypeVar("Component")


def to_plain(obj: object) -> Plain:
    """The plain data that `from_plain` reads.

    A frozen dataclass becomes `{"class_path": the module that defines it and its name, "init_args": every field}`,
    which is how jsonargparse writes components; a tuple becomes a list, a path its text, an enumeration the
    name of its member.

    Raises:
        SpecError: for anything else, and for numbers that JSON does not have.
    """
    return _plain(obj, type(obj).__name__)


def from_plain(data: object, base: type[Component]) -> Component:
    """The component that `to_plain` wrote, or that a person wrote by hand.

    Fields that are left out have their defaults. Values are read by the types that the fields declare.

    Args:
        data: `{"class_path": str, "init_args": {...}}`, the second optional.
        base: what the component must be. Where it is a protocol, which cannot be checked on a class, only
            classes below `stumble.` are admitted.

    Raises:
        SpecError: where a name does not exist (the nearest one that does is named) or a value does not fit.
    """
    if not isinstance(data, Mapping) or not isinstance(data.get("class_path"), str):
        raise SpecError(f"{base.__name__}: found {_shown(data)}; expected a mapping with 'class_path' and 'init_args'")
    for key in data:
        if key not in ("class_path", "init_args"):
            raise SpecError(f"{data['class_path']}: unknown key {key!r}; expected 'class_path' and 'init_args'")
    component, arguments = _component(data["class_path"], base), data.get("init_args", {})
    if not isinstance(arguments, Mapping):
        raise SpecError(f"{data['class_path']}: init_args is {_shown(arguments)}; expected a mapping of fields")
    return component(**_arguments(component, arguments))


def identity(obj: object) -> str:
    """Hexadecimal SHA-256 of the plain data as canonical JSON.

    Equal components have equal identities, in every process and on every machine: keys are sorted, floats have
    their shortest exact text, and whole floats are written as integers, so that 1 and 1.0 are one value.

    Raises:
        SpecError: where `to_plain` does.
    """
    text = json.dumps(_canonical(to_plain(obj)), sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(obj: object, where: str) -> Plain:
    if obj is None or isinstance(obj, bool):
        return obj
    if isinstance(obj, Enum):
        return obj.name
    if isinstance(obj, int):
        return int(obj)
    if isinstance(obj, float) and math.isfinite(obj):
        return float(obj)
    if isinstance(obj, str):
        return str(obj)
    if isinstance(obj, Path):
        return obj.as_posix()
    if isinstance(obj, (tuple, list)):
        return [_plain(item, f"{where}[{k}]") for k, item in enumerate(obj)]
    if isinstance(obj, dict) and all(isinstance(key, str) for key in obj):
        return {key: _plain(value, f"{where}[{key!r}]") for key, value in obj.items()}
    if is_dataclass(obj) and not isinstance(obj, type) and type(obj).__dataclass_params__.frozen:  # type: ignore[attr-defined]
        if "." in type(obj).__qualname__:
            raise SpecError(
                f"{where}: {type(obj).__qualname__} is defined inside a function or a class; it has no import path"
            )
        arguments = {f.name: _plain(getattr(obj, f.name), f"{where}.{f.name}") for f in fields(obj) if f.init}
        return {"class_path": f"{type(obj).__module__}.{type(obj).__qualname__}", "init_args": arguments}
    raise SpecError(
        f"{where}: found {_shown(obj)}; expected a frozen dataclass, a finite number, text, a path or tuples of them"
    )


def _canonical(plain: Plain) -> Plain:
    if isinstance(plain, float) and plain.is_integer():
        return int(plain)
    if isinstance(plain, list):
        return [_canonical(item) for item in plain]
    if isinstance(plain, dict):
        return {key: _canonical(value) for key, value in plain.items()}
    return plain


def _component(path: str, base: type[Component]) -> type[Component]:
    module_name, _, name = path.rpartition(".")
    try:
        module = import_module(module_name)
    except (ImportError, ValueError) as error:
        raise SpecError(f"{path}: no such component ({error})") from error
    found = getattr(module, name, None)
    protocol = getattr(base, "_is_protocol", False)
    if found is None:
        known = [key for key, value in vars(module).items() if isinstance(value, type) and is_dataclass(value)]
        raise SpecError(f"{path}: no such component{_nearest(name, known)}")
    if not isinstance(found, type) or not is_dataclass(found):
        raise SpecError(f"{path}: found {_shown(found)}; expected a dataclass")
    if protocol and not path.startswith("stumble."):
        raise SpecError(f"{path}: expected a component of stumble")
    if not protocol and not issubclass(found, base):
        raise SpecError(f"{path}: is no {base.__name__}")
    return cast("type[Component]", found)


def _arguments(component: type, given: Mapping[str, object]) -> dict[str, object]:
    where = f"{component.__module__}.{component.__qualname__}"
    accepted = {f.name: f for f in fields(component) if f.init}
    for name in given:
        if name not in accepted:
            raise SpecError(f"{where}: unknown field {name!r}{_nearest(name, accepted)}")
    for name, field in accepted.items():
        if name not in given and field.default is MISSING and field.default_factory is MISSING:
            raise SpecError(f"{where}: the field {name!r} is missing")
    hints = get_type_hints(component)
    return {name: _value(value, hints[name], f"{where}.{name}") for name, value in given.items()}


def _value(value: object, hint: Any, where: str) -> object:
    """The value of a field from its plain data and its declared type."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return _first_that_fits(value, arguments, where)
    if origin is Literal:
        if value not in arguments:
            raise SpecError(f"{where}: unknown value {value!r}{_nearest(str(value), map(str, arguments))}")
        return value
    if origin is tuple and isinstance(value, (list, tuple)):
        if arguments[-1] is Ellipsis:
            arguments = arguments[:1] * len(value)
        if len(arguments) != len(value):
            raise SpecError(f"{where}: found {len(value)} values; expected {len(arguments)}")
        return tuple(
            _value(item, each, f"{where}[{k}]") for k, (item, each) in enumerate(zip(value, arguments, strict=True))
        )
    if origin is list and isinstance(value, list):
        return [_value(item, arguments[0], f"{where}[{k}]") for k, item in enumerate(value)]
    if origin in (dict, Mapping) and isinstance(value, dict):
        return {key: _value(item, arguments[1], f"{where}[{key!r}]") for key, item in value.items()}
    if isinstance(hint, type):
        return _scalar(value, hint, where)
    raise SpecError(f"{where}: found {_shown(value)}; expected {hint}")


def _scalar(value: object, hint: type, where: str) -> object:
    if isinstance(value, Mapping):
        return from_plain(value, hint)
    if issubclass(hint, Enum) and isinstance(value, str):
        if value not in hint.__members__:
            raise SpecError(f"{where}: unknown value {value!r}{_nearest(value, hint.__members__)}")
        return hint[value]
    readers: dict[type, Callable[[Any], object]] = {str: Path} if issubclass(hint, Path) else {}
    if hint is float:
        readers = {float: float, int: float}
    elif hint in (bool, int, str, NoneType):
        readers = {hint: lambda plain: plain}
    if type(value) not in readers:
        raise SpecError(f"{where}: found {_shown(value)}; expected {hint.__name__}")
    return readers[type(value)](value)


def _first_that_fits(value: object, hints: Iterable[Any], where: str) -> object:
    refusals = []
    for hint in sorted(hints, key=lambda hint: hint is not type(value)):
        try:
            return _value(value, hint, where)
        except SpecError as refusal:
            refusals.append(str(refusal))
    # the refusal of a component names the field at fault; those of the other types only say what it is not
    raise SpecError(max(refusals, key=len) if isinstance(value, Mapping) else "; ".join(refusals))


def _nearest(name: str, known: Iterable[str]) -> str:
    known = list(known)
    close = get_close_matches(name, known, 1, cutoff=0) if known else []
    return f"; did you mean {close[0]!r}?" if close else ""


def _shown(obj: object) -> str:
    text = repr(obj)
    return f"{type(obj).__name__} {text if len(text) <= 60 else text[:57] + '...'}"
