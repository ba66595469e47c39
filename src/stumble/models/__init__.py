"""Architectures: one file each."""

from __future__ import annotations

from stumble.models.agcn import AGCN
from stumble.models.gaitset import GaitSet
from stumble.models.pa_lstm import PALSTM
from stumble.models.stgcn import STGCN
from stumble.models.wgan_gp import SilhouetteGAN

__all__ = ["AGCN", "PALSTM", "STGCN", "GaitSet", "SilhouetteGAN"]
