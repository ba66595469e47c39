"""How every gait recogniser is trained: batches of P subjects by K sequences by T frames, and a learner's steps."""

from __future__ import annotations

from abc import ABC, ABCMeta, abstractmethod
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ClassVar, Generic, TypeVar, cast

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor, nn
from torch.optim import Optimizer

from stumble.errors import SpecError, WeightsError
from stumble.interfaces import FrameSeparable, Weights
from stumble.models.checkpoints import check_state
from stumble.seeds import stream
from stumble.training.checkpoint import fingerprint
from stumble.training.loop import judge, train
from stumble.training.memory import keep_freed_memory
from stumble.training.walks import Walks

__all__ = ["Batch", "GaitProgress", "GaitTraining", "Learner", "Supervised", "embedded"]

Network = TypeVar("Network", bound=nn.Module)


@dataclass(frozen=True)
class GaitProgress:
    """How the training stands.

    Attributes:
        iteration: iterations done, of `iterations`.
        figures: by name, such as "loss"; means over the iterations since the last report.
        seconds: per iteration, mean likewise.
        validation: what `validate` last returned, or None.
    """

    iteration: int
    iterations: int
    figures: dict[str, float]
    seconds: float
    validation: float | None = None


@dataclass(frozen=True)
class Batch:
    """What one iteration learns from.

    Attributes:
        frames: (B, T, 64, 44) in [0, 1].
        label: (B,) the place of each sequence's subject among all, sorted.
        chance: decides whatever else is random in the iteration.
        iteration: its number, from 0.
    """

    frames: Float[Tensor, "b t 64 44"]
    label: Int[Tensor, " b"]
    chance: np.random.Generator
    iteration: int


class Learner(ABC, Generic[Network]):
    """What a training changes, and how.

    Attributes:
        network: what is trained.
        parts: all that changes, by name; `network` among it.
        figures: what `step` returns.
    """

    network: Network
    parts: dict[str, nn.Module | Optimizer]
    figures: tuple[str, ...]

    @abstractmethod
    def step(self, batch: Batch, rate: float) -> tuple[float, ...]:
        """One iteration at this learning rate."""


Objective = Callable[[Batch], tuple[Tensor, ...]]
"""From a batch to the loss and other figures."""


class Supervised(Learner[Network]):
    """Descends on one loss."""

    def __init__(self, network: Network, optimiser: Optimizer, objective: Objective, figures: tuple[str, ...]) -> None:
        self.network, self.optimiser, self.objective, self.figures = network, optimiser, objective, figures
        self.parts = {"network": network, "optimiser": optimiser}

    def step(self, batch: Batch, rate: float) -> tuple[float, ...]:
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        loss, *others = self.objective(batch)
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        return loss.item(), *(other.item() for other in others)


@dataclass(frozen=True)
class GaitTraining(Generic[Network], metaclass=ABCMeta):
    """How a gait recogniser is trained. What derives from it is a dataclass, whose fields are options at the command
    line; so is this, without ABC among its bases, which would make the command line take it for one of many classes.

    Attributes:
        subjects, sequences, frames: P, K and T of a batch; drawn with replacement only where there are too few.
        learning_rate: of the optimiser.
        decay: share of the iterations over which the learning rate falls linearly to 0 at the end.
        seed: the weights' initialisation and every batch follow from it.
        bfloat16: convolutions in bfloat16; parameters and loss stay in float32.
    """

    iterations: int = 2000
    subjects: int = 8
    sequences: int = 8
    frames: int = 10
    learning_rate: float = 3e-4
    decay: float = 0.3
    seed: int = 0
    bfloat16: bool = True

    ordered: ClassVar[bool] = False
    """Whether the T frames follow each other, or are any."""

    @abstractmethod
    def learner(self, walks: Walks) -> Learner[Network]:
        """Networks as they are initialised, for these people."""

    def draw(self, walks: Walks, iteration: int) -> tuple[UInt8[np.ndarray, "f 64 44"], Int[Tensor, " b"]]:
        """The packed frames and the labels of one batch: a function of seed and iteration alone."""
        generator = stream(self.seed, f"iteration {iteration}", "gaitset batch")  # whose shipped weights came so about
        names = sorted(walks)
        label = generator.choice(len(names), self.subjects, replace=False)
        packed = []
        for subject in label:
            own = list(walks[names[subject]].values())
            for index in generator.choice(len(own), self.sequences, replace=len(own) < self.sequences):
                packed.append(own[index][self._clip(generator, len(own[index]))])
        return np.concatenate(packed), torch.from_numpy(label).repeat_interleave(self.sequences)

    def _clip(self, generator: np.random.Generator, length: int) -> Int[np.ndarray, " t"]:
        """Which frames of a sequence of this length: any, or those that follow a random one, over and over."""
        if not self.ordered:
            return generator.choice(length, self.frames, replace=length < self.frames)
        return (generator.integers(max(1, length - self.frames + 1)) + np.arange(self.frames)) % length

    def rate(self, iteration: int) -> float:
        """The learning rate of an iteration, counted from 0."""
        return self.learning_rate * min(1.0, (self.iterations - iteration) / max(self.decay * self.iterations, 1))

    def run(
        self,
        walks: Walks,
        state: Path,
        *,
        initial: Weights | None = None,
        progress: Callable[[GaitProgress], None] = lambda _: None,
        report_every: int = 10,
        save_every: int = 100,
        validate: Callable[[Network], float] | None = None,
        validate_every: int = 250,
    ) -> Network:
        """Train, or go on where the state file says that an earlier run stopped.

        Args:
            walks: uint8 sequences (n, 64, 44) by subject, see `by_subject`.
            state: file that holds the state of the unfinished training.
            initial: weights to start from, to go on with another batch or rate; by default they are drawn.
            progress: is told every `report_every` iterations.
            validate: judges the network in inference mode, for instance by rank-1 on held-out people.

        Returns:
            The network in inference mode.

        Raises:
            SpecError: fewer subjects in the data than in a batch.
            WeightsError: the state file is damaged or of another training, or the initial weights do not fit.
        """
        if len(walks) < self.subjects or self.sequences < 2 or self.subjects < 2:
            found = f"{len(walks)} training subjects for batches of {self.subjects} x {self.sequences} sequences"
            raise SpecError(f"{found}; expected batches of at least 2 x 2 and as many subjects as a batch has")
        keep_freed_memory()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            learner = self.learner(walks)
        if initial is not None:
            _start_from(initial, learner.network)
        sequences = (frames for name in sorted(walks) for frames in walks[name].values())

        def report(done: int, *told: float | None) -> None:
            figures = {name: cast(float, value) for name, value in zip(learner.figures, told, strict=False)}
            seconds, *validation = told[len(figures) :]
            progress(GaitProgress(done, self.iterations, figures, cast(float, seconds), *validation))

        train(
            lambda iteration: self._step(learner, walks, iteration),
            learner.parts,
            state,
            {**self.settings(), "data": fingerprint(sequences), "initial": initial and initial.digest},
            iterations=self.iterations,
            report=report,
            report_every=report_every,
            save_every=save_every,
            validate=judge(validate, learner.network),
            validate_every=validate_every,
        )
        return learner.network.eval()

    def settings(self) -> dict[str, object]:
        """What makes this training the one it is, beside its data: the fields, as plain data."""
        return asdict(self)

    def _step(self, learner: Learner[Network], walks: Walks, iteration: int) -> tuple[float, ...]:
        packed, label = self.draw(walks, iteration)
        frames = (torch.from_numpy(packed).float() / 255).unflatten(0, (len(label), self.frames))
        chance = stream(self.seed, f"iteration {iteration}", "gait chance")
        with torch.random.fork_rng(devices=[]):  # dropout follows from the iteration, too
            torch.manual_seed(int(chance.integers(2**31)))
            batch = Batch(frames, label, chance, iteration)
            return learner.step(batch, self.rate(iteration))


def embedded(
    network: FrameSeparable,
    frames: Float[Tensor, "b t 64 44"],
    bfloat16: bool,
    lengths: Int[Tensor, " b"] | None = None,
) -> Float[Tensor, "b parts dims"]:
    """The embeddings of clips, of each its first frames alone where lengths are given."""
    if lengths is None:
        lengths = torch.full((len(frames),), frames.shape[1])
    packed = frames[torch.arange(frames.shape[1]) < lengths[:, None]]
    with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
        embedding = network.aggregate(network.encode(packed), lengths).embedding
    assert embedding is not None
    return embedding


def _start_from(initial: Weights, network: nn.Module) -> None:
    """Raises WeightsError where the weights are for another network, or for one of another size."""
    source = initial.load()
    if type(source) is not type(network):
        found, expected = type(source).__name__, type(network).__name__
        raise WeightsError(f"{initial}: found a {found} to start from; expected a {expected}")
    check_state(source.state_dict(), network.state_dict(), Path(str(initial)))
    network.load_state_dict(source.state_dict())
