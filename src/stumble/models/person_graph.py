"""What graph networks share: each person is convolved alone, and in inference mode as cheaply as can be."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional

from stumble.models.recogniser import ActionRecogniser

__all__ = ["Folded", "PersonGraph", "affine", "channels_first", "normalised"]


@dataclass(frozen=True)
class Folded:
    """What inference needs of a network but the classifier: normalisations have become parts of the maps.

    Attributes:
        scale, shift: (places, V, C) of the input's normalisation; one place for all people, or one for each.
        blocks: one after the other, from (P, T, V, C) on; the features are the mean over joints and frames.
        absent: (places, F) the features of absent people by the number of frames.
    """

    scale: Float[Tensor, "places v c"]
    shift: Float[Tensor, "places v c"]
    blocks: Sequence[Callable[[Tensor], Tensor]]
    absent: dict[int, Tensor] = field(default_factory=dict)

    def features(self, people: Float[Tensor, "p t v c"], places: Int[Tensor, " p"]) -> Float[Tensor, "p f"]:
        x = people * self.scale[places, None] + self.shift[places, None]
        for block in self.blocks:
            x = block(x)
        return x.mean((1, 2))


class PersonGraph(ActionRecogniser):
    """A network that convolves each person alone and classifies the mean of all people.

    In inference mode batch normalisation is folded into the convolutions, and a person who is zero throughout is
    never convolved: such a person's features do not depend on the clip and are computed once for each number of
    frames. No gradient reaches such a person's joints.
    """

    _folded: tuple[object, Folded] | None = None

    def logits(self, x: Float[Tensor, "b 3 t v m"]) -> Float[Tensor, "b classes"]:
        people = x.permute(0, 4, 2, 3, 1)
        pooled = (self._trained(people) if self.training else self._inferred(people)).mean(1)
        weight, bias = self._classifier()
        with torch.autocast(x.device.type, enabled=False):
            return functional.linear(pooled.to(weight.dtype), weight, bias)

    @abstractmethod
    def _classifier(self) -> tuple[Float[Tensor, "classes f"], Float[Tensor, " classes"]]:
        """Weight and bias of the last linear map."""

    @abstractmethod
    def _trained(self, people: Float[Tensor, "b m t v 3"]) -> Float[Tensor, "b m f"]:
        """Features of each person with the batch's own statistics and dropout."""

    @abstractmethod
    def _folding(self) -> Folded: ...

    def _inferred(self, people: Float[Tensor, "b m t v 3"]) -> Float[Tensor, "b m f"]:
        """Features of each person, those of absent people from memory."""
        folded, (clips, count, frames) = self._fold(), people.shape[:3]
        places = (torch.arange(count, device=people.device) % len(folded.scale)).repeat(clips)
        own = people.flatten(0, 1)
        there: Bool[Tensor, " p"] = own.detach().ne(0).flatten(1).any(1)
        if bool(there.all()):
            return folded.features(own, places).unflatten(0, (clips, count))
        if frames not in folded.absent:
            with torch.inference_mode(False):
                nobody = people.new_zeros(len(folded.scale), *people.shape[2:])
                folded.absent[frames] = folded.features(nobody, torch.arange(len(nobody), device=people.device))
        features = folded.absent[frames][places]
        if bool(there.any()):
            present = folded.features(own[there], places[there])
            features = features.index_put((there.nonzero()[:, 0],), present)
        return features.unflatten(0, (clips, count))

    def _fold(self) -> Folded:
        """The weights in the form that inference needs; made anew whenever a number may have changed."""
        tensors = (*self.parameters(), *self.buffers())
        if any(p.requires_grad for p in tensors):
            return self._folding()
        version = tuple((t.data_ptr(), t._version) for t in tensors)
        if self._folded is None or self._folded[0] != version:
            with torch.inference_mode(False), torch.no_grad():
                self._folded = version, self._folding()
        return self._folded[1]


def channels_first(x: Tensor) -> Tensor:
    """As convolutions take it; without a copy, since it lies in memory as they like it (channels last)."""
    return x.permute(0, 3, 1, 2)


def affine(norm: nn.Module) -> tuple[Tensor, Tensor]:
    """Scale and shift of a batch normalisation in inference mode."""
    assert isinstance(norm, nn.BatchNorm1d | nn.BatchNorm2d)
    assert norm.running_mean is not None
    assert norm.running_var is not None
    scale = norm.weight * torch.rsqrt(norm.running_var + norm.eps)
    return scale, norm.bias - norm.running_mean * scale


def normalised(convolution: nn.Module, norm: nn.Module) -> tuple[Tensor, Tensor]:
    """Weight and bias of a convolution and the normalisation behind it."""
    scale, shift = affine(norm)
    assert isinstance(convolution, nn.Conv2d)
    assert convolution.bias is not None
    weight = convolution.weight * scale[:, None, None, None]
    return weight.contiguous(memory_format=torch.channels_last), scale * convolution.bias + shift
