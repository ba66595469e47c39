"""What a checkpoint wants done to raw sequences; differentiable; runs inside the target."""

from __future__ import annotations

from stumble.preprocess.ctr_gcn import CtrGcn
from stumble.preprocess.part_aware import PartAware
from stumble.preprocess.pyskl import Pyskl
from stumble.preprocess.recipe import Recipe
from stumble.preprocess.st_gcn import StGcn
from stumble.preprocess.two_stream import TwoStream

__all__ = ["CtrGcn", "PartAware", "Pyskl", "Recipe", "StGcn", "TwoStream"]
