"""Synthetic walkers: people, motion, bodies, clothes and cameras, rendered to silhouettes."""

from __future__ import annotations

from stumble.synth.dataset import write_walkers
from stumble.synth.recorded import RecordedWalkers
from stumble.synth.walkers import CONDITIONS, VIEWS, Walkers

__all__ = ["CONDITIONS", "VIEWS", "RecordedWalkers", "Walkers", "write_walkers"]
