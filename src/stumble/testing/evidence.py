"""What was there before a component ran, compared with what is there afterwards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor, nn

from stumble.interfaces import AttackResult, Goal, Output, SkeletonAttackResult
from stumble.sequences import Silhouettes, Skeletons

__all__ = [
    "ModuleStates",
    "Surroundings",
    "answers",
    "copied",
    "require",
    "require_close",
    "require_effort",
    "require_unchanged",
    "same",
    "without_gradients",
]

Result = TypeVar("Result")
Batch = TypeVar("Batch", Silhouettes, Skeletons)


def require(holds: bool, text: str) -> None:
    """Raises AssertionError with `text` unless `holds`; unlike `assert`, also in optimised Python."""
    if not holds:
        raise AssertionError(text)


def require_close(found: Tensor, expected: Tensor, tolerance: float, text: str) -> None:
    """Raises AssertionError unless the largest difference is within `tolerance` times the largest expected value."""
    require(found.shape == expected.shape, f"{text}: shape {tuple(found.shape)}, not {tuple(expected.shape)}")
    if expected.numel():
        difference = float((found - expected).detach().abs().max())
        scale = float(expected.detach().abs().max())
        # a NaN difference is no small one
        require(difference <= tolerance * scale, f"{text}: they differ by {difference:.3g}, values reach {scale:.3g}")


def copied(batch: Batch) -> Batch:
    """The same sequences in memory of their own."""
    parts: dict[str, Any] = {f.name: _cloned(getattr(batch, f.name)) for f in fields(batch)}
    return replace(batch, **parts)


def require_unchanged(batch: Batch, before: Batch, who: str) -> None:
    """Raises AssertionError where the batch is not the copy that was made of it."""
    unchanged = all(same(getattr(batch, f.name), getattr(before, f.name)) for f in fields(batch))
    require(unchanged, f"{who} changed the sequences that it was given")


def require_effort(result: AttackResult | SkeletonAttackResult, size: int) -> None:
    """Raises AssertionError where steps, queries, reasons and trace are not told for each of `size` sequences."""
    for name in ("steps", "queries"):
        counts: Tensor = getattr(result, name)
        require(tuple(counts.shape) == (size,), f"{name} has shape {tuple(counts.shape)}; expected ({size},)")
        require(bool((counts >= 0).all()), f"{name} is negative")
    require(len(result.stopped) == size, f"stopped has {len(result.stopped)} reasons for {size} sequences")
    for name, values in result.trace.items():
        require(values.ndim == 2 and values.shape[1] == size, f"trace[{name!r}] has shape {tuple(values.shape)}")


def answers(output: Output) -> dict[str, Tensor]:
    """The parts of an output that are there, by name."""
    parts = {"embedding": output.embedding, "logits": output.logits}
    return {name: part for name, part in parts.items() if part is not None}


def same(one: object, other: object) -> bool:
    """Whether two values are equal; for tensors, every element."""
    if isinstance(one, Tensor) and isinstance(other, Tensor):
        return torch.equal(one, other)
    return not isinstance(one, Tensor) and not isinstance(other, Tensor) and one == other


class Surroundings(Generic[Batch]):
    """What an attack is given to read: sequences, goal and target; and torch's global random state."""

    def __init__(self, target: object, batch: Batch, goal: Goal) -> None:
        self._batch: Batch = batch
        self._given: Batch = copied(batch)
        self._goal, self._wanted = goal, {f.name: _cloned(getattr(goal, f.name)) for f in fields(goal)}
        self._states, self._random_state = ModuleStates(target), torch.get_rng_state()

    def require_unchanged(self, who: str) -> None:
        """Raises AssertionError naming what changed."""
        require_unchanged(self._batch, self._given, who)
        for name, before in self._wanted.items():
            require(same(getattr(self._goal, name), before), f"{who} changed the goal: {name}")
        self._states.require_unchanged(who)
        require(torch.equal(torch.get_rng_state(), self._random_state), f"{who} uses torch's global random numbers")


class ModuleStates:
    """The state of all torch modules that an object is or holds in its attributes."""

    def __init__(self, owner: object) -> None:
        self._modules = list(_modules(owner, set()))
        self._before = self._state()

    def require_unchanged(self, who: str) -> None:
        """Raises AssertionError naming what changed: mode, gradient switch, gradient or values."""
        for before, now in zip(self._before, self._state(), strict=True):
            for name, value in before.items():
                require(same(value, now[name]), f"{who} left the target changed: {name}")

    def _state(self) -> list[dict[str, object]]:
        return [_state(module) for module in self._modules]


def _state(module: nn.Module) -> dict[str, object]:
    state: dict[str, object] = {}
    for name, part in module.named_modules():
        state[f"{name or type(part).__name__}.training"] = part.training
    for name, parameter in module.named_parameters():
        state[f"{name}.requires_grad"] = parameter.requires_grad
        state[f"{name}.grad"] = None if parameter.grad is None else parameter.grad.clone()
        state[name] = parameter.detach().clone()
    for name, buffer in module.named_buffers():
        state[name] = buffer.clone()
    return state


def _modules(owner: object, seen: set[int]) -> list[nn.Module]:
    if isinstance(owner, nn.Module):
        return [owner]
    if isinstance(owner, (tuple, list)):
        return [module for value in owner for module in _modules(value, seen)]
    if id(owner) in seen or isinstance(owner, type) or not hasattr(owner, "__dict__"):
        return []
    seen.add(id(owner))
    return [module for value in vars(owner).values() for module in _modules(value, seen)]


def _cloned(value: object) -> object:
    return value.detach().clone() if isinstance(value, Tensor) else value


def without_gradients(attack: Callable[[], Result]) -> Result:
    """What an attack gives where no gradient is to be had. Raises AssertionError where it needs one."""
    try:
        with torch.no_grad():
            return attack()
    except RuntimeError as error:
        raise AssertionError(f"its `access` says that it needs no gradients, but: {error}") from error
