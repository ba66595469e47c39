"""Training GaitSet: P subjects by K sequences by T unordered frames, batch-all triplet loss, Adam."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Int, UInt8
from torch import Tensor

from stumble.data.gait import GaitData, SequenceKey
from stumble.errors import DataError, SpecError
from stumble.interfaces import Weights
from stumble.models.gaitset import GaitSet
from stumble.seeds import stream
from stumble.training.checkpoint import fingerprint
from stumble.training.loop import judge, train
from stumble.training.memory import keep_freed_memory
from stumble.training.triplet import batch_all_triplet

__all__ = ["GaitSetProgress", "GaitSetTraining", "by_subject"]

Silhouettes = UInt8[np.ndarray, "n 64 44"]


def by_subject(
    data: GaitData,
    on_loaded: Callable[[int], None] | None = None,
    on_damage: Callable[[SequenceKey, DataError], None] | None = None,
) -> dict[str, list[Silhouettes]]:
    """All sequences of a data set in memory, grouped by subject (CASIA-B's 74 training subjects take 2 GB).

    Args:
        on_loaded: is told how many sequences have been read.
        on_damage: is told of each sequence that cannot be read, which is then left out; None raises its error.
    """
    groups: dict[str, list[Silhouettes]] = {}
    for number, (key, frames) in enumerate(data.sequences(on_damage), 1):
        groups.setdefault(key.subject, []).append(frames)
        if on_loaded is not None:
            on_loaded(number)
    return groups


@dataclass(frozen=True)
class GaitSetProgress:
    """How the training stands.

    Attributes:
        iteration: iterations done, of `iterations`.
        loss: mean over the iterations since the last report.
        nonzero: share of triplets that still violate the margin, mean likewise.
        seconds: per iteration, mean likewise.
        validation: what `validate` last returned, or None.
    """

    iteration: int
    iterations: int
    loss: float
    nonzero: float
    seconds: float
    validation: float | None = None


@dataclass(frozen=True)
class GaitSetTraining:
    """How GaitSet is trained. The paper: 8 subjects x 16 sequences x 30 frames, Adam 1e-4, 80,000 iterations.

    The defaults are set for a CPU: a seventh of the frames per iteration at a higher learning rate.

    Attributes:
        subjects, sequences, frames: P, K and T of a batch; drawn with replacement only where there are too few.
        learning_rate: of Adam.
        decay: share of the iterations over which the learning rate falls linearly to 0 at the end.
        margin: of the triplet loss.
        seed: the weights' initialisation and every batch follow from it.
        bfloat16: convolutions in bfloat16; parameters and loss stay in float32.
    """

    iterations: int = 2000
    subjects: int = 8
    sequences: int = 8
    frames: int = 10
    learning_rate: float = 3e-4
    decay: float = 0.3
    margin: float = 0.2
    seed: int = 0
    bfloat16: bool = True

    def draw(
        self, data: Mapping[str, Sequence[Silhouettes]], iteration: int
    ) -> tuple[UInt8[np.ndarray, "f 64 44"], Int[Tensor, " b"]]:
        """The packed frames and the labels of one batch: a function of seed and iteration alone."""
        generator = stream(self.seed, f"iteration {iteration}", "gaitset batch")
        names = sorted(data)
        label = generator.choice(len(names), self.subjects, replace=False)
        packed = []
        for subject in label:
            own = data[names[subject]]
            for index in generator.choice(len(own), self.sequences, replace=len(own) < self.sequences):
                frames = own[index]
                packed.append(frames[generator.choice(len(frames), self.frames, replace=len(frames) < self.frames)])
        return np.concatenate(packed), torch.from_numpy(label).repeat_interleave(self.sequences)

    def rate(self, iteration: int) -> float:
        """The learning rate of an iteration, counted from 0."""
        return self.learning_rate * min(1.0, (self.iterations - iteration) / max(self.decay * self.iterations, 1))

    def run(
        self,
        data: Mapping[str, Sequence[Silhouettes]],
        state: Path,
        *,
        initial: Weights | None = None,
        progress: Callable[[GaitSetProgress], None] = lambda _: None,
        report_every: int = 10,
        save_every: int = 100,
        validate: Callable[[GaitSet], float] | None = None,
        validate_every: int = 250,
    ) -> GaitSet:
        """Train, or go on where the state file says that an earlier run stopped.

        Args:
            data: uint8 sequences (n, 64, 44) by subject, see `by_subject`.
            state: file that holds the state of the unfinished training.
            initial: weights to start from, to go on with another batch or rate; by default they are drawn.
            progress: is told every `report_every` iterations.
            validate: judges the network in inference mode, for instance by rank-1 on held-out people.

        Returns:
            The network in inference mode.

        Raises:
            SpecError: fewer subjects in the data than in a batch.
            WeightsError: the state file is damaged or of another training.
        """
        if len(data) < self.subjects or self.sequences < 2 or self.subjects < 2:
            found = f"{len(data)} training subjects for batches of {self.subjects} x {self.sequences} sequences"
            raise SpecError(f"{found}; expected batches of at least 2 x 2 and as many subjects as a batch has")
        keep_freed_memory()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            network = GaitSet()
        if initial is not None:
            network.load_state_dict(initial.load().state_dict())
        optimiser = torch.optim.Adam(network.parameters(), self.learning_rate, fused=True)
        sequences = (frames for name in sorted(data) for frames in data[name])
        train(
            lambda iteration: self._step(network, optimiser, data, iteration),
            {"network": network, "optimiser": optimiser},
            state,
            {**asdict(self), "data": fingerprint(sequences), "initial": initial and initial.digest},
            iterations=self.iterations,
            report=lambda done, *figures: progress(GaitSetProgress(done, self.iterations, *figures)),
            report_every=report_every,
            save_every=save_every,
            validate=judge(validate, network),
            validate_every=validate_every,
        )
        return network.eval()

    def _step(
        self,
        network: GaitSet,
        optimiser: torch.optim.Optimizer,
        data: Mapping[str, Sequence[Silhouettes]],
        iteration: int,
    ) -> tuple[float, float]:
        packed, label = self.draw(data, iteration)
        for group in optimiser.param_groups:
            group["lr"] = self.rate(iteration)
        frames = torch.from_numpy(packed).float() / 255
        lengths = torch.full((len(label),), self.frames)
        with torch.autocast("cpu", torch.bfloat16, enabled=self.bfloat16):
            output = network.aggregate(network.encode(frames), lengths)
        assert output.embedding is not None
        loss, share = batch_all_triplet(output.embedding, label, self.margin)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        return loss.item(), share.item()
