"""Architectures: one file each."""

from __future__ import annotations

from stumble.models.gaitbase import GaitBase
from stumble.models.gaitset import GaitSet
from stumble.models.stgcn import STGCN
from stumble.models.wgan_gp import SilhouetteGAN

__all__ = ["STGCN", "GaitBase", "GaitSet", "SilhouetteGAN"]
