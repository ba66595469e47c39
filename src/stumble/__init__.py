"""How human-motion recognisers fail under attack, and how far they provably do not.

The names below are loaded when they are first used: `import stumble` itself costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stumble.data.action_opening import open_actions
    from stumble.data.opening import open_gait
    from stumble.interfaces import Goal, Output, SilhouetteInput, SkeletonInput
    from stumble.sequences import Silhouettes, Skeletons
    from stumble.targets.gallery import Gallery
    from stumble.targets.wrap import wrap, wrap_classifier

__all__ = [
    "Gallery",
    "Goal",
    "Output",
    "SilhouetteInput",
    "Silhouettes",
    "SkeletonInput",
    "Skeletons",
    "__version__",
    "open_actions",
    "open_gait",
    "wrap",
    "wrap_classifier",
]

__version__ = "0.1.0"

_HOMES = {
    "Gallery": "targets.gallery",
    "Goal": "interfaces",
    "Output": "interfaces",
    "SilhouetteInput": "interfaces",
    "Silhouettes": "sequences",
    "SkeletonInput": "interfaces",
    "Skeletons": "sequences",
    "open_actions": "data.action_opening",
    "open_gait": "data.opening",
    "wrap": "targets.wrap",
    "wrap_classifier": "targets.wrap",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'stumble' has no attribute {name!r}")
    return getattr(import_module(f"stumble.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
