"""Synthetic people: how they walk and act, their bodies, clothes and cameras, to silhouettes and skeletons."""

from __future__ import annotations

from stumble.synth.action_dataset import write_actions
from stumble.synth.actors import Actors
from stumble.synth.dataset import write_walkers
from stumble.synth.recorded import RecordedWalkers
from stumble.synth.walkers import Walkers

__all__ = ["Actors", "RecordedWalkers", "Walkers", "write_actions", "write_walkers"]
