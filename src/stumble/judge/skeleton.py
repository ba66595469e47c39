"""Judging attacks on skeletons. One row per attacked sequence."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace

import pyarrow as pa
import torch
from jaxtyping import Float
from torch import Tensor

from stumble.constraints.height import height
from stumble.data.actions import Clip
from stumble.errors import StumbleError
from stumble.interfaces import Goal, SkeletonAttackResult, SkeletonConstraint, SkeletonTarget
from stumble.metrics.fooling import fooled
from stumble.metrics.naturalness import Discriminator, Naturalness, naturalness
from stumble.sequences import Skeletons

__all__ = ["SkeletonJudge"]


@dataclass(frozen=True)
class SkeletonJudge:
    """Judges attacks on skeletons against one target.

    Attributes:
        target: asked anew; what the attack computed is not used. About each clean sequence it is asked once.
        classes: the names of the target's classes, by label.
        discriminator: of natural poses, one that no attack optimises against; None leaves its columns empty.
    """

    target: SkeletonTarget
    classes: tuple[str, ...]
    discriminator: Discriminator | None = None
    _clean: dict[bytes, Float[Tensor, " c"]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __call__(
        self,
        clean: Skeletons,
        stored: Skeletons,
        result: SkeletonAttackResult,
        goal: Goal,
        clips: Sequence[Clip],
        constraints: Mapping[str, SkeletonConstraint],
    ) -> pa.Table:
        """The verdicts.

        Args:
            clean: the sequences as they were, float32.
            stored: the adversarial sequences as read back from storage, float32.
            result: for what it says about effort, never about success.
            goal: what was wanted; `fooled` and the margins refer to it. Untargeted, the class to leave is the one that
                this target takes the clean sequence for, whatever the attack was told of another one.
            clips: whose sequences they are, and the true classes.
            constraints: each one's violation is measured on what was stored.

        Returns:
            A table with a row per sequence. `fooled`: untargeted, the prediction is not that on the clean sequence;
            targeted, it is `wanted`. `correct_*` compares with the true class `label`. `margin_*` is by how many logits
            the goal is reached; `probability_*` is that of the class predicted. `height` is the clean body's, in the
            units of the data, to compare epsilon and `coordinate_max` with. A column `violation_NAME` for each
            constraint, and one for each measure of `metrics.naturalness`.

        Raises:
            StumbleError: the stored sequences are not float32, are not finite, or differ from the clean ones in more
                than where joints are; or the target answers with no finite logits, or not one for each class.
        """
        self._check(clean, stored)
        before = torch.stack([self._clean_logits(clean.select([k])) for k in range(len(clean))])
        after = torch.stack([self._logits(stored.select([k])) for k in range(len(stored))])
        label = torch.tensor([clip.label for clip in clips])
        was, now = before.argmax(1), after.argmax(1)
        looks = naturalness(clean, stored, self.discriminator)
        asked = goal if goal.wanted is not None else replace(goal, label=was)
        columns: dict[str, object] = {
            "sample": list(clean.ids),
            "subject": [clip.subject for clip in clips],
            "camera": [clip.camera for clip in clips],
            "label": self._names(label),
            "goal": [goal.kind] * len(clean),
            "wanted": pa.array([None] * len(clean) if goal.wanted is None else self._names(goal.wanted), pa.string()),
            "predicted_before": self._names(was),
            "predicted_after": self._names(now),
            "correct_before": (was == label).tolist(),
            "correct_after": (now == label).tolist(),
            "fooled": fooled(was, now, goal.wanted).tolist(),
            "margin_before": asked.margin(before).tolist(),
            "margin_after": asked.margin(after).tolist(),
            "probability_before": before.softmax(1).amax(1).tolist(),
            "probability_after": after.softmax(1).amax(1).tolist(),
            "frames": clean.lengths.tolist(),
            "height": height(clean).tolist(),
            "steps": result.steps.tolist(),
            "queries": result.queries.tolist(),
            "stopped": list(result.stopped),
            **{f"violation_{name}": c.violation(stored, clean).tolist() for name, c in constraints.items()},
            **{measure.name: self._measured(looks, measure.name, len(clean)) for measure in fields(Naturalness)},
        }
        return pa.table(columns)

    @staticmethod
    def _check(clean: Skeletons, stored: Skeletons) -> None:
        for name, batch in (("clean", clean), ("stored", stored)):
            if batch.joints.dtype != torch.float32:
                found = f"the {name} ones are {batch.joints.dtype}"
                raise StumbleError(f"the judge takes skeletons as stored: float32; {found}")
        if stored.ids != clean.ids or stored.joints.shape != clean.joints.shape or stored.layout != clean.layout:
            found = f"{len(stored)} stored sequences, {stored.layout.name} {tuple(stored.joints.shape)}"
            expected = f"the {len(clean)} clean ones, {clean.layout.name} {tuple(clean.joints.shape)}"
            raise StumbleError(f"{found}; the judge expects {expected}")
        for name in ("present", "lengths", "confidence"):
            kept, found = getattr(clean, name), getattr(stored, name)
            if (kept is None) != (found is None) or (kept is not None and not torch.equal(kept, found)):
                raise StumbleError(
                    f"{name} of the stored sequences is not that of the clean ones; joints alone may move"
                )
        for name, joints in zip(stored.ids, stored.joints, strict=True):
            if bad := int((~joints.isfinite()).sum()):
                raise StumbleError(f"{name}: found {bad} stored coordinates that are NaN or infinite; expected numbers")

    def _clean_logits(self, one: Skeletons) -> Float[Tensor, " c"]:
        """Those of a clean sequence are the same for every attack: the target is asked about each content once."""
        digest = hashlib.blake2b()
        for part in (one.joints, one.present, one.lengths, one.confidence):
            digest.update(b"" if part is None else str(tuple(part.shape)).encode() + part.numpy().tobytes())
        content = digest.digest()
        if content not in self._clean:
            self._clean[content] = self._logits(one)
        return self._clean[content]

    def _logits(self, one: Skeletons) -> Float[Tensor, " c"]:
        """A forward pass of its own: the verdict on a sample cannot depend on its neighbours."""
        with torch.inference_mode():
            logits = self.target(one).logits
        if logits is None or logits.shape != (1, len(self.classes)):
            found = "no logits" if logits is None else f"{logits.shape[1]} logits"
            raise StumbleError(
                f"{one.ids[0]}: the target answers with {found}; the judge has {len(self.classes)} classes"
            )
        if not bool(logits.isfinite().all()):
            raise StumbleError(f"{one.ids[0]}: the target answers with logits that are NaN or infinite")
        return logits[0]

    def _names(self, labels: Tensor) -> list[str]:
        return [self.classes[k] for k in labels.tolist()]

    @staticmethod
    def _measured(looks: Naturalness, name: str, count: int) -> object:
        values: Tensor | None = getattr(looks, name)
        return pa.array([None] * count, pa.float64()) if values is None else values.tolist()
