"""The loop of every training: steps, reports, validation, and a state on disk from which a stopped one goes on."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from torch import nn
from torch.optim import Optimizer

from stumble.training.checkpoint import load_state, save_state

__all__ = ["judge", "train"]

Network = TypeVar("Network", bound=nn.Module)


def train(
    step: Callable[[int], tuple[float, ...]],
    parts: Mapping[str, nn.Module | Optimizer],
    state: Path,
    config: dict[str, Any],
    *,
    iterations: int,
    report: Callable[..., None],
    report_every: int,
    save_every: int,
    saved: Callable[[int], None] = lambda _: None,
    validate: Callable[[], float] | None = None,
    validate_every: int = 250,
) -> None:
    """Run all steps, or those that an earlier run left.

    Args:
        step: changes the parts in the iteration of this number, from 0; returns figures such as its loss.
        parts: what training changes, by name; the state on disk holds them.
        state: file of the unfinished training.
        config: what makes this training the one it is; a state of another one is refused.
        report: told the iterations done, the mean of each figure since the last report, the seconds per iteration
            likewise and, with `validate`, what that last returned (None before).
        saved: told the iterations done whenever the state is on disk.
        validate: judges the parts as they are.

    Raises:
        WeightsError: the state file is damaged or of another training.
    """
    done, validation = 0, None
    if stored := load_state(state, config):
        for name, part in parts.items():
            part.load_state_dict(stored[name])
        done, validation = stored["iteration"], stored.get("validation")
    recent: list[tuple[float, ...]] = []
    for iteration in range(done, iterations):
        begin = time.perf_counter()
        recent.append((*step(iteration), time.perf_counter() - begin))
        done = iteration + 1
        last = done == iterations
        if validate is not None and (done % validate_every == 0 or last):
            validation = validate()
        if done % report_every == 0 or last:
            report(done, *np.mean(recent, 0).tolist(), *([validation] if validate else []))
            recent.clear()
        if done % save_every == 0 or last:
            states = {name: part.state_dict() for name, part in parts.items()}
            save_state(state, {"config": config, "iteration": done, "validation": validation, **states})
            saved(done)


def judge(validate: Callable[[Network], float] | None, network: Network) -> Callable[[], float] | None:
    """`validate` on the network in inference mode, which is then in training mode again; None where there is none."""
    if validate is None:
        return None

    def judged() -> float:
        value = validate(network.eval())
        network.train()
        return value

    return judged
