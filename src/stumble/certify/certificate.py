"""What a certificate says, and the one method that everything which makes certificates has."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import reduce
from typing import Any, Literal

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from stumble.certify.scorers import Scorer
from stumble.errors import TargetError
from stumble.sequences import Silhouettes, Skeletons
from stumble.targets.frozen import frozen, networks_of

__all__ = ["Certificate", "FrameEdit", "Method", "as_deployed"]

FrameEdit = Literal["alter", "insert", "delete"]
"""What an adversary does to a frame: put another in its place, put one between two others, take it out."""

_HALF = (torch.float16, torch.bfloat16)
_BACKENDS = ("mkldnn.matmul", "mkldnn.conv", "mkldnn.rnn", "cuda.matmul", "cudnn.conv", "cudnn.rnn")


@dataclass(frozen=True)
class Certificate:
    """What is proven of the answers to one sequence, one answer for each gallery view (actions have one view).

    Attributes:
        answer: (V,) position of the identity or class; -1 where there is none.
        abstained: (V,) True where nothing is proven, not even that rounding leaves the answer as it is.
        radius: (V,) the largest edit that leaves the answer as it is: frames that may be edited, or the norm of all
            displacements together; 0 where abstained.
        unit: of the radius: "frames", or "input" for that of the joints (NTU: metres).
        confidence: with which all V claims hold together: 1 where the proof is deterministic.
        queries: pieces of the sequence, or versions of it, that the recogniser answered to.
    """

    answer: Int[Tensor, " v"]
    abstained: Bool[Tensor, " v"]
    radius: Float[Tensor, " v"]
    unit: Literal["frames", "input"]
    confidence: float
    queries: int

    def holds(self, label: int, radius: float = 0.0) -> Bool[Tensor, " v"]:
        """Whether the answer is proven to be `label` whatever edit of at most `radius` is made."""
        return (self.answer == label) & ~self.abstained & (self.radius >= radius)


class Method(ABC):
    """A way to make certificates. Hyper-parameters are the fields of the frozen dataclass that derives from this."""

    @abstractmethod
    def __call__(self, scorer: Scorer, one: Silhouettes | Skeletons, *, seed: int) -> Certificate:
        """The certificate of one sequence.

        Args:
            scorer: the recogniser.
            one: a batch of one, as the data has it: the adversary edits these frames, and nothing may have been made
                of several of them before.
            seed: of the random numbers, which come from `seeds.stream(seed, id, purpose)` alone.

        Raises:
            SpecError: the method cannot certify such sequences.
            TargetError: the recogniser does not take them, or answers in less than single precision.
        """


@contextmanager
def as_deployed(scorer: Scorer) -> Iterator[None]:
    """Inside, batch norm is in inference mode, nothing collects gradients, and nothing is rounded to half precision.

    Raises:
        TargetError: a network's parameters are in half precision.
    """
    halves = [p.dtype for net in networks_of(scorer) for p in net.parameters() if p.dtype in _HALF]
    if halves:
        raise TargetError(f"certificates take networks in float32 or float64; found parameters in {halves[0]}")
    with frozen(scorer), torch.inference_mode(), torch.autocast("cpu", enabled=False), _full_precision():
        yield


@contextmanager
def _full_precision() -> Iterator[None]:
    """Inside, products and convolutions of float32 round to nothing coarser, whatever was chosen outside."""
    backends: list[Any] = [reduce(getattr, name.split("."), torch.backends) for name in _BACKENDS]
    before = [getattr(backend, "fp32_precision", None) for backend in backends]  # torch has it since 2.9
    try:
        for backend, chosen in zip(backends, before, strict=True):
            if chosen is not None:
                backend.fp32_precision = "ieee"
        yield
    finally:
        for backend, chosen in zip(backends, before, strict=True):
            if chosen is not None:
                backend.fp32_precision = chosen
