"""What was there before a component ran, compared with what is there afterwards."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from stumble.interfaces import Output
from stumble.sequences import Silhouettes

__all__ = ["ModuleStates", "answers", "copied", "require", "require_close", "require_unchanged", "same"]


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


def copied(batch: Silhouettes) -> Silhouettes:
    return replace(batch, frames=batch.frames.detach().clone(), lengths=batch.lengths.clone())


def require_unchanged(batch: Silhouettes, before: Silhouettes, who: str) -> None:
    """Raises AssertionError where the batch is not the copy that was made of it."""
    unchanged = torch.equal(batch.frames, before.frames) and torch.equal(batch.lengths, before.lengths)
    require(unchanged, f"{who} changed the sequences that it was given")


def answers(output: Output) -> dict[str, Tensor]:
    """The parts of an output that are there, by name."""
    parts = {"embedding": output.embedding, "logits": output.logits}
    return {name: part for name, part in parts.items() if part is not None}


def same(one: object, other: object) -> bool:
    """Whether two values are equal; for tensors, every element."""
    if isinstance(one, Tensor) and isinstance(other, Tensor):
        return torch.equal(one, other)
    return not isinstance(one, Tensor) and not isinstance(other, Tensor) and one == other


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
    if id(owner) in seen or isinstance(owner, type) or not hasattr(owner, "__dict__"):
        return []
    seen.add(id(owner))
    return [module for value in vars(owner).values() for module in _modules(value, seen)]
