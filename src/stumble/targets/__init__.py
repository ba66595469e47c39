"""What turns networks into targets, and their embeddings into identities."""

from __future__ import annotations

from stumble.targets.ensemble import Ensemble
from stumble.targets.gait_ensemble import GaitEnsemble, gait_ensemble
from stumble.targets.gallery import Gallery
from stumble.targets.identifier import Identifier, identifier
from stumble.targets.wrap import Wrapped, WrappedClassifier, wrap, wrap_classifier

__all__ = [
    "Ensemble",
    "GaitEnsemble",
    "Gallery",
    "Identifier",
    "Wrapped",
    "WrappedClassifier",
    "gait_ensemble",
    "identifier",
    "wrap",
    "wrap_classifier",
]
