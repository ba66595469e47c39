"""Shipped weights: a card and a .safetensors file each; and references to a user's own."""

from __future__ import annotations

from stumble.zoo.architectures import Architecture
from stumble.zoo.card import Card
from stumble.zoo.weights import SHIPPED, EnergyImages, File, Several, Shipped, names, save

__all__ = ["SHIPPED", "Architecture", "Card", "EnergyImages", "File", "Several", "Shipped", "names", "save"]
