"""What turns networks into targets, and their embeddings into identities."""

from __future__ import annotations

from stumble.targets.gallery import Gallery
from stumble.targets.wrap import Wrapped, WrappedClassifier, wrap, wrap_classifier

__all__ = ["Gallery", "Wrapped", "WrappedClassifier", "wrap", "wrap_classifier"]
