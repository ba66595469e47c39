"""The only place that decides success: from the sample as stored, through a fresh forward pass.

One row per decision, that is, per attacked sequence and counted gallery view.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from stumble.errors import StumbleError
from stumble.interfaces import AttackResult, Constraint, Goal, Target
from stumble.metrics.plausibility import FrameMeasures, Plausibility
from stumble.sequences import Silhouettes
from stumble.targets.gallery import Gallery

__all__ = ["GaitJudge", "Probe"]


@dataclass(frozen=True)
class Probe:
    """Who a probe shows, how dressed, from where."""

    subject: str
    condition: str
    view: str


@dataclass(frozen=True)
class GaitJudge:
    """Judges silhouette attacks against one target and one gallery.

    Attributes:
        target: asked anew; what the attack computed is not used. About each clean sequence it is asked once.
        gallery: clean sequences.
        identical_views: count decisions in the probe's own view (CASIA-A).
        plausibility: what real frames look like; None leaves the plausibility columns empty.
        critic: probability that a frame is real, by the attack's own critic, reported apart; may be None.
    """

    target: Target
    gallery: Gallery
    identical_views: bool = False
    plausibility: Plausibility | None = None
    critic: Callable[[Tensor], Tensor] | None = None
    _clean: dict[bytes, Float[Tensor, "v i"]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __call__(
        self,
        clean: Silhouettes,
        stored: Silhouettes,
        result: AttackResult,
        goal: Goal,
        probes: Sequence[Probe],
        constraint: Constraint,
    ) -> pa.Table:
        """The verdicts.

        Args:
            clean: the probes as they were, uint8.
            stored: the adversarial sequences as read back from storage, uint8.
            result: for what it says about positions and effort, never about success.
            constraint: its violation is measured on what was stored.

        Returns:
            A table with a row per decision. `correct_before` and `correct_after` say whether the nearest gallery
            sequence shows the subject, `hit_before` and `hit_after` whether it shows the wanted person; `binary_*`
            the same with the edited frames rounded to black and white. `plausible` and `coherent` hold where
            every edited frame is so; the measures beside them are those of the worst edited frame.

        Raises:
            StumbleError: the stored sequences are not uint8 levels, not those of the clean ones, or `edited` does not
                fit them; or the target answers with no finite embedding.
        """
        if stored.frames.dtype != torch.uint8 or clean.frames.dtype != torch.uint8:
            raise StumbleError("the judge takes sequences as stored: uint8 levels")
        if stored.ids != clean.ids or result.edited.shape != stored.mask.shape:
            found = f"{len(stored)} stored sequences, edited {tuple(result.edited.shape)}"
            raise StumbleError(f"{found}; the judge expects the {len(clean)} clean ones and {tuple(stored.mask.shape)}")
        edited = result.edited & stored.mask
        rounded = torch.where(edited[:, :, None, None], (stored.frames > 127).to(torch.uint8) * 255, stored.frames)
        before, after = self._clean_scores(clean), self._scores(stored)
        binary = self._scores(Silhouettes(rounded, stored.lengths, stored.ids))
        counted = self._counted(probes)
        per_sample = {
            **self._effort(clean, edited, result),
            "violation": constraint.violation(stored, clean, edited).tolist(),
            **self._looks(stored, edited, probes),
        }
        wanted = goal.wanted if goal.wanted is not None else torch.full_like(goal.label, -1)
        names = self.gallery.identities
        columns: dict[str, list[object]] = {}

        def add(name: str, value: object) -> None:
            columns.setdefault(name, []).append(value)

        for row, probe in enumerate(probes):
            own = goal.select(torch.tensor([row]))
            for view in torch.nonzero(counted[row]).flatten().tolist():
                add("sample", clean.ids[row])
                add("subject", probe.subject)
                add("condition", probe.condition)
                add("view", probe.view)
                add("gallery_view", self.gallery.views[view])
                add("goal", goal.kind)
                add("wanted", names[int(wanted[row])] if goal.wanted is not None else None)
                for label, scores in (("before", before), ("after", after), ("binary", binary)):
                    nearest = int(scores[row, view].argmax())
                    add(f"nearest_{label}", names[nearest])
                    add(f"correct_{label}", nearest == int(goal.label[row]))
                    add(f"hit_{label}", nearest == int(wanted[row]))
                add("margin_before", float(own.margin(before[row, view][None])))
                add("margin_after", float(own.margin(after[row, view][None])))
                for name, values in per_sample.items():
                    add(name, values[row])
        return pa.table(columns)

    def _clean_scores(self, clean: Silhouettes) -> Float[Tensor, "b v i"]:
        """Those of the probes, which are the same for every attack: the target is asked about each content once."""
        rows = []
        for row, frames in enumerate(clean.unpadded()):
            content = hashlib.blake2b(frames.numpy().tobytes()).digest()
            if content not in self._clean:
                self._clean[content] = self._scores(clean.select([row]))[0]
            rows.append(self._clean[content])
        return torch.stack(rows)

    def _scores(self, batch: Silhouettes) -> Float[Tensor, "b v i"]:
        """One forward pass per sequence: the verdict on a sample cannot depend on its neighbours."""
        rows = []
        with torch.inference_mode():
            for index in range(len(batch)):
                embedding = self.target(batch.select([index])).embedding
                if embedding is None or not bool(embedding.isfinite().all()):
                    raise StumbleError(f"{batch.ids[index]}: the target answers with no finite embedding")
                rows.append(self.gallery.scores(embedding))
        return torch.cat(rows)

    def _counted(self, probes: Sequence[Probe]) -> Bool[Tensor, "b v"]:
        views = self.gallery.views
        return torch.tensor([[self.identical_views or view != probe.view for view in views] for probe in probes])

    @staticmethod
    def _effort(clean: Silhouettes, edited: Bool[Tensor, "b n"], result: AttackResult) -> dict[str, list[object]]:
        counts = edited.sum(1)
        return {
            "frames": clean.lengths.tolist(),
            "edited": counts.tolist(),
            "sparsity": (counts / clean.lengths).tolist(),
            "steps": result.steps.tolist(),
            "queries": result.queries.tolist(),
            "stopped": list(result.stopped),
        }

    def _looks(
        self, stored: Silhouettes, edited: Bool[Tensor, "b n"], probes: Sequence[Probe]
    ) -> dict[str, list[object]]:
        names = ("overlap", "component", "coherence", "plausible", "coherent", "realness")
        looks: dict[str, list[object]] = {name: [None] * len(stored) for name in names}
        for row, (frames, probe) in enumerate(zip(stored.unpadded(), probes, strict=True)):
            which = edited[row, : len(frames)]
            if self.critic is not None and bool(which.any()):
                with torch.no_grad():
                    looks["realness"][row] = float(self.critic(frames[which].float() / 255).mean())
            if self.plausibility is None:
                continue
            measures: FrameMeasures = self.plausibility.measure(frames, probe.subject, which)
            for name in ("overlap", "component", "coherence"):
                values = getattr(measures, name)
                looks[name][row] = float(values.min()) if len(values) else None
            looks["plausible"][row] = bool(self.plausibility.plausible(measures).all())
            looks["coherent"][row] = bool(self.plausibility.coherent(measures).all())
        return looks
