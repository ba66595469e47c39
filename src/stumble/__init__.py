"""How human-motion recognisers fail under attack, and how far they provably do not.

The names below are loaded when they are first used: `import stumble` itself costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stumble.interfaces import Goal, InputSpec, Output
    from stumble.sequences import Silhouettes

__all__ = ["Goal", "InputSpec", "Output", "Silhouettes", "__version__"]

__version__ = "0.1.0"

_HOMES = {
    "Goal": "interfaces",
    "InputSpec": "interfaces",
    "Output": "interfaces",
    "Silhouettes": "sequences",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'stumble' has no attribute {name!r}")
    return getattr(import_module(f"stumble.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
