"""Sign descent with momentum on what stands behind a few frames, be it their pixels or a generator's latents."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from stumble.attacks.frame_edit import FrameEdit
from stumble.attacks.record import Record
from stumble.attacks.steps import accumulate
from stumble.interfaces import AttackResult, Goal, Output
from stumble.objectives import Objective, logits_of

__all__ = ["FrameDescent", "weighted"]


def weighted(terms: Mapping[str, Float[Tensor, " b"]], weights: Mapping[str, float]) -> Float[Tensor, " b"]:
    """The sum of the terms, each with its weight or with 1."""
    return sum((weights.get(name, 1.0) * value for name, value in terms.items()), torch.tensor(0.0))


@dataclass(frozen=True)
class FrameDescent:
    """Each step: g <- momentum g + gradient / ||gradient||_1 per sample (Eq. 6), variables <- advance(them, sign g).

    Variables travel packed as the frames do (F = sum of K, ...), sequence after sequence; a sample's course depends on
    its own variables alone.

    Attributes:
        iterations: steps, at most.
        momentum: mu of Eq. 6; 0 for plain sign descent.
        frames: from variables to frames in [0, 1]; differentiable.
        terms: of the answer and the frames of a scene, named, for each sample (B,); the first is the objective.
        weights: of the terms, by name; 1 where there is none.
        advance: moves variables against the sign of the momentum, and back to where they may be; told which of all
            packed variables they are.
        stop: a sample leaves the batch once its frames, rounded to 256 levels, reach the goal by this margin of the
            target's logits; None never asks. Samples that stopped early transfer worse to other targets.
        finish: brings the frames of a scene to where a constraint admits them before they are handed over.
        chosen_by: of the iterates, finished and rounded, the one where this is smallest is handed over, and asking
            about each counts; None, the paper's, hands over the last.
    """

    iterations: int
    momentum: float
    frames: Callable[[Tensor], Float[Tensor, "f h w"]]
    terms: Callable[[FrameEdit, Goal, Output, Float[Tensor, "f h w"]], Mapping[str, Float[Tensor, " b"]]]
    weights: Mapping[str, float]
    advance: Callable[[Tensor, Tensor, Int[Tensor, " f"]], Tensor]
    stop: float | None = None
    finish: Callable[[FrameEdit, Float[Tensor, "f h w"]], Float[Tensor, "f h w"]] = lambda scene, frames: frames
    chosen_by: Objective | None = None

    def __call__(
        self, scene: FrameEdit, goal: Goal, variables: Tensor, queries: int | Int[Tensor, " b"] = 0
    ) -> AttackResult:
        """The frames at which the descent from these variables ends, or the best on its way.

        Args:
            queries: of each sample, those that finding the variables took.

        Raises:
            TargetError: `stop` is given and the target answers without logits.
        """
        whole, final = scene, variables.detach().clone()
        record = Record(len(scene.clean), self.iterations)
        rows, packed = torch.arange(len(scene.clean)), torch.arange(len(variables))
        momentum, smallest = torch.zeros_like(variables), torch.full((len(scene.clean),), torch.inf)
        for iteration in range(self.iterations):
            variables = variables.detach().requires_grad_()
            frames = self.frames(variables)
            output = scene.output(frames)
            terms = self.terms(scene, goal, output, frames)
            record.note(rows, iteration, terms)
            running = ~self._reached(scene, goal, output, frames.detach(), record.queries, rows)
            better = self._better(scene, goal, variables.detach(), smallest, record.queries, rows)
            kept = (better | ~running)[scene.owner]
            final[packed[kept]] = variables.detach()[kept]
            if not bool(running.all()):
                record.finish(rows[~running], iteration, "reached")
                if not bool(running.any()):
                    break
            (gradient,) = torch.autograd.grad(weighted(terms, self.weights).sum(), variables)
            momentum = accumulate(momentum, gradient, self.momentum, scene.owner, len(scene.clean))
            if not bool(running.all()):
                index, kept = running.nonzero().flatten(), running[scene.owner]
                scene, goal, rows = scene.select(index), goal.select(index), rows[index]
                variables, momentum, packed = variables[kept], momentum[kept], packed[kept]
            variables = self.advance(variables.detach(), momentum.sign(), packed)
        else:
            kept = self._better(scene, goal, variables, smallest, record.queries, rows)[scene.owner]
            final[packed[kept]] = variables[kept]
            record.finish(rows, self.iterations, "budget")
        with torch.no_grad():
            return whole.result(self.finish(whole, self.frames(final)), record, queries)

    def _reached(
        self,
        scene: FrameEdit,
        goal: Goal,
        output: Output,
        frames: Float[Tensor, "f h w"],
        queries: Int[Tensor, " b"],
        rows: Int[Tensor, " r"],
    ) -> Bool[Tensor, " r"]:
        """Whose frames do what is wanted once they are finished and rounded.

        The target is asked, which counts, only about those that do it as they are.
        """
        nobody = torch.zeros(len(scene.clean), dtype=torch.bool)
        if self.stop is None:
            return nobody
        hopeful = (goal.margin(logits_of(output)) > self.stop).nonzero().flatten()
        if not len(hopeful):
            return nobody
        queries[rows[hopeful]] += 1
        some, chosen = scene.select(hopeful), torch.isin(scene.owner, hopeful)
        answer = self._as_handed_over(some, frames[chosen])
        return nobody.index_put((hopeful,), goal.select(hopeful).margin(logits_of(answer)) > self.stop)

    def _better(
        self,
        scene: FrameEdit,
        goal: Goal,
        variables: Tensor,
        smallest: Float[Tensor, " b"],
        queries: Int[Tensor, " b"],
        rows: Int[Tensor, " r"],
    ) -> Bool[Tensor, " r"]:
        """Whose variables are to be handed over rather than those before: all, or those that are chosen so far.

        The target is asked, which counts; `smallest` is brought up to date.
        """
        if self.chosen_by is None:
            return torch.ones(len(rows), dtype=torch.bool)
        queries[rows] += 1
        with torch.no_grad():
            frames = self.frames(variables)
        value = self.chosen_by(self._as_handed_over(scene, frames), goal).to(smallest.dtype)
        better = value < smallest[rows]
        smallest[rows] = torch.minimum(value, smallest[rows])
        return better

    def _as_handed_over(self, scene: FrameEdit, frames: Float[Tensor, "f h w"]) -> Output:
        """What the target answers to the frames once they are finished and rounded."""
        with torch.no_grad():
            return scene.output((self.finish(scene, frames) * 255).round() / 255)
