"""Architectures: one file each."""

from __future__ import annotations

from stumble.models.agcn import AGCN
from stumble.models.energy_image import GEI
from stumble.models.gaitbase import GaitBase
from stumble.models.gaitgan import GaitGAN
from stumble.models.gaitset import GaitSet
from stumble.models.geinet import GEINet
from stumble.models.pa_lstm import PALSTM
from stumble.models.selfgait import SelfGait
from stumble.models.stgcn import STGCN
from stumble.models.wgan_gp import SilhouetteGAN

__all__ = ["AGCN", "GEI", "PALSTM", "STGCN", "GEINet", "GaitBase", "GaitGAN", "GaitSet", "SelfGait", "SilhouetteGAN"]
