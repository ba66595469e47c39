"""References to weights: shipped ones by name, a user's own by file."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import nn

from stumble.errors import WeightsError
from stumble.interfaces import Weights
from stumble.models.energy_image import GEI
from stumble.models.recogniser import ActionRecogniser
from stumble.spec import identity, to_plain
from stumble.zoo.architectures import ARCHITECTURES, Architecture, architecture_of
from stumble.zoo.card import Card

__all__ = ["SHIPPED", "EnergyImages", "File", "Several", "Shipped", "names", "save"]

SHIPPED = Path(__file__).with_name("shipped")
"""The folder of the weights that come with the package."""


def names() -> tuple[str, ...]:
    """The names of the weights that come with the package."""
    return tuple(sorted(path.stem for path in SHIPPED.glob("*.json")))


@dataclass(frozen=True)
class Shipped(Weights):
    """Weights that come with the package.

    Attributes:
        name: one of `names()`.
    """

    name: str

    def __str__(self) -> str:
        return self.name

    @property
    def path(self) -> Path:
        """The weight file. Raises WeightsError for a name that is not shipped."""
        if self.name not in names():
            raise WeightsError(f"{self.name}: found no such shipped weights; expected one of {', '.join(names())}")
        return SHIPPED / f"{self.name}.safetensors"

    @property
    def card(self) -> Card:
        """What is known about the weights."""
        return Card.read(self.path.with_suffix(".json"))

    @property
    def digest(self) -> str:
        return _digest(self.path)

    def load(self) -> nn.Module:
        """The network in inference mode, its parameters frozen. Raises WeightsError, also for another digest."""
        card, digest = self.card, _hash(self.path)
        if digest != card.digest:
            raise WeightsError(f"{self.path}: found SHA-256 {digest[:12]}…; its card expects {card.digest[:12]}…")
        return File(self.path, _architecture(card, self.path)).load()


@dataclass(frozen=True)
class File(Weights):
    """Weights in a file: ours, or a checkpoint in any layout that `models` detects.

    Classes and recipe of an action recogniser are those of the card beside the file, where there is one.

    Attributes:
        path: the file.
        architecture: which network they are for; None goes by the names of the tensors.
    """

    path: Path
    architecture: Architecture | None = None

    def __str__(self) -> str:
        return str(self.path)

    @property
    def digest(self) -> str:
        return _digest(self.path)

    def load(self) -> nn.Module:
        """The network in inference mode, its parameters frozen. Raises WeightsError."""
        architecture = self.architecture or architecture_of(self.path)
        return ARCHITECTURES[architecture].load(self.path).requires_grad_(False).eval()


@dataclass(frozen=True)
class Several(Weights):
    """Those of several networks, which are asked together.

    Attributes:
        members: of each.
    """

    members: tuple[Weights, ...]

    def __str__(self) -> str:
        return " + ".join(map(str, self.members))

    @property
    def digest(self) -> str:
        """SHA-256 of the members' digests, in their order."""
        return hashlib.sha256(" ".join(member.digest for member in self.members).encode()).hexdigest()

    def load(self) -> nn.ModuleList:
        """The networks. Raises WeightsError."""
        return nn.ModuleList(member.load() for member in self.members)


@dataclass(frozen=True)
class EnergyImages(Weights):
    """Gait energy images, in which nothing is learnt, where weights are asked for."""

    def __str__(self) -> str:
        return "gei"

    @property
    def digest(self) -> str:
        return hashlib.sha256(str(self).encode()).hexdigest()

    def load(self) -> nn.Module:
        """Nearest neighbours on the pixels of mean silhouettes."""
        return GEI().eval()


def save(module: nn.Module, path: Path, card: Card, half: bool = True) -> Card:
    """Write weights and, beside them, their card; each file is either wholly there afterwards or as it was.

    Args:
        path: ends in .safetensors; the card's name ends in .json instead.
        half: store what was learnt in half precision; statistics of normalisations and graphs keep theirs.

    Returns:
        The card with architecture, number of parameters, digest and settings filled in.

    Raises:
        WeightsError: another suffix, an architecture that is not ours, or numbers that are not finite as stored.
    """
    from safetensors.torch import save as to_bytes

    if path.suffix != ".safetensors":
        raise WeightsError(f"{path}: found suffix {path.suffix!r}; expected .safetensors")
    architectures = {kind.network: name for name, kind in ARCHITECTURES.items()}
    if type(module) not in architectures:
        known = ", ".join(t.__name__ for t in architectures)
        raise WeightsError(f"{path}: found a {type(module).__name__} to save; expected one of {known}")
    state, learnt = {}, {name for name, _ in module.named_parameters()}
    for name, value in module.state_dict().items():
        stored = value.detach().to(torch.float16 if half and name in learnt else torch.float32).contiguous()
        if not bool(stored.isfinite().all()):
            raise WeightsError(f"{path}: found numbers in {name} that are NaN or too large; nothing was written")
        state[name] = stored
    content = to_bytes(state)
    card = replace(
        card,
        architecture=architectures[type(module)],
        parameters=sum(p.numel() for p in module.parameters()),
        digest=hashlib.sha256(content).hexdigest(),
        settings=_settings(module),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    _replace(path, content)
    _replace(path.with_suffix(".json"), card.text().encode())
    return card


def _settings(module: nn.Module) -> dict[str, object]:
    """What rebuilds a network beside its numbers."""
    if not isinstance(module, ActionRecogniser):
        return {}
    return {"layout": module.layout.name, "classes": list(module.classes), "recipe": to_plain(module.recipe)}


def _architecture(card: Card, path: Path) -> Architecture:
    for architecture in ARCHITECTURES:
        if card.architecture == architecture:
            return architecture
    known = ", ".join(ARCHITECTURES)
    raise WeightsError(f"{path}: its card names the architecture {card.architecture!r}; expected {known}")


def _digest(path: Path) -> str:
    """Of the numbers; where the card beside them says what else rebuilds the network, of that, too."""
    numbers = _hash(path)
    try:
        settings = Card.read(path.with_suffix(".json")).settings
    except WeightsError:  # no card, or none that tells; where one is needed, loading says what is wrong
        return numbers
    return identity({"numbers": numbers, "settings": settings}) if settings else numbers


def _hash(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise WeightsError(f"{path}: found no readable file ({type(error).__name__}); expected weights") from error


def _replace(path: Path, content: bytes) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
