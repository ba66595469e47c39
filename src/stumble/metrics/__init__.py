"""Measures of recognition and their uncertainty, on plain arrays."""

from __future__ import annotations
