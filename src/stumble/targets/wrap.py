"""Any network as a target."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor, nn

from stumble.errors import TargetError
from stumble.interfaces import Output, SilhouetteInput
from stumble.sequences import Silhouettes

__all__ = ["Wrapped", "wrap"]

Embed = Callable[[nn.Module, Silhouettes], Tensor]


@dataclass(frozen=True)
class Wrapped:
    """A network that answers as a target. While it answers, batch norm and dropout are in inference mode and no
    parameter collects gradients; afterwards everything is as it was.

    Attributes:
        module: the network.
        takes: what sequences it accepts.
        embed: from the network and a batch of frames in [0, 1] to embeddings (B, D) or (B, P, D).
    """

    module: nn.Module
    takes: SilhouetteInput
    embed: Embed

    def __call__(self, batch: Silhouettes) -> Output:
        """The embeddings, differentiable with respect to floating frames. Raises TargetError."""
        self.takes.check(batch)
        with _frozen(self.module):
            embedding = self.embed(self.module, batch.floating())
        return Output(embedding=_checked(embedding, batch))


def wrap(module: nn.Module, takes: SilhouetteInput, embed: Embed) -> Wrapped:
    """A target from any network.

    Example:
        >>> net = torch.nn.Linear(64 * 44, 16)
        >>> target = wrap(net, SilhouetteInput(64, 44), lambda net, batch: net(gait_energy_images(batch).flatten(1)))
    """
    return Wrapped(module, takes, embed)


def _checked(embedding: Tensor, batch: Silhouettes) -> Float[Tensor, "b p d"]:
    if embedding.ndim not in (2, 3) or len(embedding) != len(batch):
        raise TargetError(
            f"the wrapped network embeds {len(batch)} sequences into {tuple(embedding.shape)}; "
            f"expected ({len(batch)}, dimensions) or ({len(batch)}, parts, dimensions)"
        )
    finite = embedding.detach().flatten(1).isfinite().all(1)
    if not bool(finite.all()):
        worst = batch.ids[int(finite.int().argmin())]
        raise TargetError(f"{worst}: the wrapped network's embedding holds NaN or infinite numbers")
    return embedding if embedding.ndim == 3 else embedding[:, None]


@contextmanager
def _frozen(module: nn.Module) -> Iterator[None]:
    training = {part: part.training for part in module.modules()}
    collecting = [parameter for parameter in module.parameters() if parameter.requires_grad]
    try:
        for part in training:
            part.training = False
        for parameter in collecting:
            parameter.requires_grad_(False)
        yield
    finally:
        for part, mode in training.items():
            part.training = mode
        for parameter in collecting:
            parameter.requires_grad_(True)
