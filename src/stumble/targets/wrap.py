"""Any network as a target."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor, nn

from stumble.errors import TargetError
from stumble.interfaces import Output, SilhouetteInput, SkeletonInput
from stumble.sequences import Silhouettes, Skeletons
from stumble.targets.frozen import frozen

__all__ = ["Wrapped", "WrappedClassifier", "wrap", "wrap_classifier"]

Embed = Callable[[nn.Module, Silhouettes], Tensor]
Classify = Callable[[nn.Module, Skeletons], Tensor]


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
        with frozen(self.module):
            embedding = self.embed(self.module, batch.floating())
        return Output(embedding=_checked(embedding, batch))


@dataclass(frozen=True)
class WrappedClassifier:
    """A network that answers as an action recogniser; inference mode and frozen parameters as in `Wrapped`.

    Attributes:
        module: the network.
        takes: which skeletons it accepts.
        classify: from the network and a batch of raw skeletons to logits (B, C). What the network wants done to them
            first is a recipe of `stumble.preprocess`, or your own, and must be differentiable.
    """

    module: nn.Module
    takes: SkeletonInput
    classify: Classify

    def __call__(self, batch: Skeletons) -> Output:
        """The logits, differentiable with respect to the joints. Raises TargetError."""
        self.takes.check(batch)
        with frozen(self.module):
            logits = self.classify(self.module, batch)
        if logits.ndim != 2 or len(logits) != len(batch):
            found = f"{len(batch)} sequences to {tuple(logits.shape)}"
            raise TargetError(f"the wrapped network takes {found}; expected ({len(batch)}, classes)")
        _require_finite(logits, batch)
        return Output(logits=logits)


def wrap_classifier(module: nn.Module, takes: SkeletonInput, classify: Classify) -> WrappedClassifier:
    """An action recogniser from any network.

    Example:
        >>> recipe = StGcn(frames=64, people=1)
        >>> net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3 * 64 * 25, 10))
        >>> target = wrap_classifier(net, SkeletonInput(NTU25), lambda net, batch: net(recipe(batch)))
    """
    return WrappedClassifier(module, takes, classify)


def wrap(module: nn.Module, takes: SilhouetteInput, embed: Embed) -> Wrapped:
    """A gait recogniser from any network.

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
    _require_finite(embedding, batch)
    return embedding if embedding.ndim == 3 else embedding[:, None]


def _require_finite(answer: Tensor, batch: Silhouettes | Skeletons) -> None:
    finite = answer.detach().flatten(1).isfinite().all(1)
    if not bool(finite.all()):
        worst = batch.ids[int(finite.int().argmin())]
        raise TargetError(f"{worst}: the wrapped network's answer holds NaN or infinite numbers")
