"""How every action recogniser is trained: cross-entropy, AdamW or SGD with Nesterov's momentum, warm-up and cosine."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, TypeVar

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from stumble.errors import SpecError
from stumble.interfaces import Weights
from stumble.models.checkpoints import check_state
from stumble.models.recogniser import ActionRecogniser
from stumble.seeds import stream
from stumble.training.action_clips import ActionClips
from stumble.training.checkpoint import fingerprint
from stumble.training.loop import judge, train
from stumble.training.memory import keep_freed_memory

__all__ = ["ActionProgress", "ActionTraining", "turned"]

Network = TypeVar("Network", bound=ActionRecogniser)

_BATCH, _CHANCE = "stgcn batch", "stgcn chance"
"""Purposes of random streams, by the name of the network whose shipped weights came so about."""


@dataclass(frozen=True)
class ActionProgress:
    """How the training stands.

    Attributes:
        iteration: iterations done, of `iterations`.
        loss: mean over the iterations since the last report.
        top1: percentage of the clips in their batches that were recognised, mean likewise.
        seconds: per iteration, mean likewise.
        validation: what `validate` last returned, or None.
    """

    iteration: int
    iterations: int
    loss: float
    top1: float
    seconds: float
    validation: float | None = None


@dataclass(frozen=True)
class ActionTraining:
    """How an action recogniser is trained.

    The defaults are set for a CPU: one sweep of the learning rate that needs few iterations. The papers on NTU RGB+D:
    ST-GCN, batches of 64, SGD 0.1 divided by ten at epochs 10 and 50, 80 epochs; 2s-AGCN, the same at epochs 30 and
    40, 50 epochs.

    Attributes:
        batch: clips per iteration; all clips take their turn before one comes again.
        optimiser: "adamw", or "sgd" with Nesterov's momentum of 0.9, as in the papers.
        learning_rate: of the optimiser at its highest; 0.1 goes with SGD.
        warm_up: share of the iterations over which the learning rate rises linearly; a cosine then takes it to 0.
        weight_decay: of all weights; 1e-4 goes with SGD.
        dropout: of features wherever the network has it: ST-GCN behind each temporal convolution but the first,
            PA-LSTM behind each layer, 2s-AGCN nowhere. 0.5 in ST-GCN's paper, too much for so few iterations.
        turn: each clip is turned by up to so many degrees, either way, about the vertical (y) axis through its
            middle. 0, the papers' choice, leaves the clips as they are; for recognition across views take about
            half the largest angle between two cameras. For layouts in space, and recipes that keep y vertical.
        seed: the weights' initialisation, every batch, turn and dropout follow from it.
        bfloat16: convolutions and products in bfloat16; parameters, statistics and loss stay in float32.
    """

    iterations: int = 1500
    batch: int = 32
    optimiser: Literal["adamw", "sgd"] = "adamw"
    learning_rate: float = 2e-3
    warm_up: float = 0.05
    weight_decay: float = 0.01
    dropout: float = 0.1
    turn: float = 0.0
    seed: int = 0
    bfloat16: bool = True

    def draw(self, clips: int, iteration: int) -> Int[np.ndarray, " b"]:
        """Which of so many clips make the batch of an iteration: a function of seed and iteration alone."""
        places = np.arange(iteration * self.batch, (iteration + 1) * self.batch)
        rounds, places = np.divmod(places, clips)
        orders = {k: stream(self.seed, f"round {k}", _BATCH).permutation(clips) for k in set(rounds.tolist())}
        return np.array([orders[k][place] for k, place in zip(rounds.tolist(), places.tolist(), strict=True)])

    def rate(self, iteration: int) -> float:
        """The learning rate of an iteration, counted from 0."""
        rise = max(self.warm_up * self.iterations, 1)
        if iteration < rise:
            return self.learning_rate * (iteration + 1) / (rise + 1)
        return self.learning_rate * (1 + math.cos(math.pi * (iteration - rise) / (self.iterations - rise))) / 2

    def run(
        self,
        kind: type[Network],
        clips: ActionClips,
        state: Path,
        *,
        initial: Weights | None = None,
        progress: Callable[[ActionProgress], None] = lambda _: None,
        report_every: int = 10,
        save_every: int = 100,
        validate: Callable[[Network], float] | None = None,
        validate_every: int = 250,
    ) -> Network:
        """Train, or go on where the state file says that an earlier run stopped.

        Args:
            kind: which network.
            clips: what to train on, see `action_clips.prepare`.
            state: file that holds the state of the unfinished training.
            initial: weights of the same network, layout and classes to start from; by default they are drawn.
            progress: is told every `report_every` iterations.
            validate: judges the network in inference mode, for instance by `action_clips.HeldOutTop1`.

        Returns:
            The network in inference mode.

        Raises:
            SpecError: initial weights of another network, layout or other classes, or a turn of clips without depth.
            WeightsError: the state file is damaged or of another training, or initial weights for other people.
        """
        keep_freed_memory()
        network = self._initial(kind, clips, initial)
        optimiser = self._optimiser(network)
        for part in network.modules():
            if isinstance(part, nn.Dropout) and part.p:
                part.p = self.dropout
        network.train()
        data = fingerprint([clips.arrays, clips.labels])
        train(
            lambda iteration: self._step(network, optimiser, clips, iteration),
            {"network": network, "optimiser": optimiser},
            state,
            {**asdict(self), "network": kind.__name__, "data": data, "initial": initial and initial.digest},
            iterations=self.iterations,
            report=lambda done, *figures: progress(ActionProgress(done, self.iterations, *figures)),
            report_every=report_every,
            save_every=save_every,
            validate=judge(validate, network),
            validate_every=validate_every,
        )
        return network.eval()

    def shown(self, network: ActionRecogniser, x: Float[Tensor, "b 3 t v m"], label: Int[Tensor, " b"]) -> Tensor:
        """What the network is shown of a batch: the clips themselves."""
        return x

    def _optimiser(self, network: ActionRecogniser) -> torch.optim.Optimizer:
        numbers, rate, decay = network.parameters(), self.learning_rate, self.weight_decay
        if self.optimiser == "sgd":
            return torch.optim.SGD(numbers, rate, momentum=0.9, nesterov=True, weight_decay=decay)
        return torch.optim.AdamW(numbers, rate, weight_decay=decay, fused=True)

    def _initial(self, kind: type[Network], clips: ActionClips, initial: Weights | None) -> Network:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            network = kind(clips.classes, clips.layout, clips.recipe)
        if self.turn and network.takes.coordinates != 3:
            raise SpecError(f"turn {self.turn:g}: {clips.layout.name} has no depth to turn clips in; expected 0")
        if initial is not None:
            source = initial.load()
            found = (type(source).__name__, *(_size(source) if isinstance(source, ActionRecogniser) else ()))
            if found != (wanted := (kind.__name__, *_size(network))):
                raise SpecError(f"initial weights: found {found}; expected {wanted} (network, joints, classes)")
            check_state(source.state_dict(), network.state_dict(), Path(str(initial)))
            network.load_state_dict(source.state_dict())
        return network

    def _step(
        self, network: ActionRecogniser, optimiser: torch.optim.Optimizer, clips: ActionClips, iteration: int
    ) -> tuple[float, float]:
        index = self.draw(len(clips), iteration)
        x, label = torch.from_numpy(clips.arrays[index]), torch.from_numpy(clips.labels[index])
        generator = stream(self.seed, f"iteration {iteration}", _CHANCE)
        if self.turn:
            angles = generator.uniform(-self.turn, self.turn, len(index)).astype(np.float32)
            x = turned(x, torch.from_numpy(np.deg2rad(angles)))
        x = self.shown(network, x, label)
        for group in optimiser.param_groups:
            group["lr"] = self.rate(iteration)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(generator.integers(2**31)))
            with torch.autocast("cpu", torch.bfloat16, enabled=self.bfloat16):
                logits = network.logits(x)
        loss = functional.cross_entropy(logits, label)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        return loss.item(), 100 * (logits.argmax(1) == label).double().mean().item()


def turned(x: Float[Tensor, "b 3 t v m"], angles: Float[Tensor, " b"]) -> Float[Tensor, "b 3 t v m"]:
    """Each clip turned by an angle (radians) about the y axis through the mean of its joints; zeros stay zero."""
    there = x.ne(0).any(1, keepdim=True)
    count = there.sum((2, 3, 4), keepdim=True).clamp_min(1)
    centre = x.sum((2, 3, 4), keepdim=True) / count
    offset = x - centre
    cosine, sine = (part[:, None, None, None] for part in (angles.cos(), angles.sin()))
    across = cosine * offset[:, 0] + sine * offset[:, 2]
    away = cosine * offset[:, 2] - sine * offset[:, 0]
    return torch.where(there, centre + torch.stack([across, offset[:, 1], away], 1), 0)


def _size(network: ActionRecogniser) -> tuple[int, int]:
    return len(network.layout), len(network.classes)
