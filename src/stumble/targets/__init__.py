"""What turns networks into targets, and their embeddings into identities."""

from __future__ import annotations

from stumble.targets.ensemble import Ensemble
from stumble.targets.gallery import Gallery
from stumble.targets.identifier import Identifier, identifier
from stumble.targets.wrap import Wrapped, WrappedClassifier, wrap, wrap_classifier

__all__ = ["Ensemble", "Gallery", "Identifier", "Wrapped", "WrappedClassifier", "identifier", "wrap", "wrap_classifier"]
