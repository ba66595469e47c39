"""One action recogniser and the clips to attack: clean accuracy, goals, attacks stored and judged."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path

import pyarrow as pa
import torch
from jaxtyping import Float
from torch import Tensor

from stumble.campaign.batching import MEMORY, Room, ahead, grouped, in_order
from stumble.campaign.drawing import drawn
from stumble.campaign.store import read_skeletons, write_skeletons
from stumble.data.actions import ActionData, Clip
from stumble.errors import DataError, SpecError, TargetError
from stumble.interfaces import Goal, SkeletonAttack, SkeletonTarget
from stumble.judge import SkeletonJudge
from stumble.metrics.naturalness import Discriminator
from stumble.objectives import logits_of
from stumble.sequences import Skeletons
from stumble.targets.frozen import frozen

__all__ = ["ActionEvaluation"]


@dataclass(frozen=True)
class ActionEvaluation:
    """Everything about the defender that is the same for all attacks.

    Attributes:
        target: the recogniser.
        data: where sequences come from; its `synthetic` flag labels every number.
        clips: the sequences to attack.
        memory: bytes that the graph of one batch may take.
    """

    target: SkeletonTarget
    data: ActionData
    clips: tuple[Clip, ...]
    memory: int = MEMORY
    _logits: dict[str, Float[Tensor, " c"]] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def prepare(cls, target: SkeletonTarget, data: ActionData) -> ActionEvaluation:
        """All clips of the data, which is the part to test (see `data.actions` and the splits).

        Raises:
            DataError: there is no clip, or the first is damaged.
            TargetError: the target does not take such skeletons, or does not have the data's classes.
        """
        if not data.clips:
            raise DataError(data.name, "no clip", "at least one")
        evaluation = cls(target, data, data.clips)
        target.takes.check(data.batch(data.clips[:1]))
        if (found := len(evaluation.logits(data.clips[:1])[0])) != len(data.classes):
            raise TargetError(f"the target has {found} classes; the data ({data.name}) has {len(data.classes)}")
        return evaluation

    def select(self, labels: Collection[int] | None = None, limit: int | None = None) -> ActionEvaluation:
        """The same with fewer clips: of these classes, `limit` drawn at random, always the same ones.

        Raises:
            DataError: there is none.
        """
        clips = [clip for clip in self.clips if labels is None or clip.label in labels]
        clips = drawn(clips, limit, "limited clips")
        if not clips:
            chosen = "" if labels is None else f" of the classes {', '.join(self.data.classes[k] for k in labels)}"
            raise DataError(self.data.name, f"no clip{chosen}", "at least one")
        return replace(self, clips=tuple(clips))

    def logits(self, clips: Sequence[Clip]) -> Float[Tensor, "b c"]:
        """What the target answers to clean clips. It is asked about each clip once, alone.

        Raises:
            DataError: a clip is damaged.
            TargetError: the target answers without logits.
        """
        for clip in clips:
            if clip.id not in self._logits:
                self._ask(self.data.batch([clip]))
        return torch.stack([self._logits[clip.id] for clip in clips])

    def clean(self, progress: Callable[[int, int], None] = lambda done, total: None) -> pa.Table:
        """Predictions on the clean clips, a row per clip: sample, subject, camera, label, predicted, rank.

        `rank` is the number of classes that the target puts before the true one, or level with it: 0 is a hit, below 5
        is one of top-5.
        `campaign.action_summary.summarise_clean` makes percentages of it.

        Args:
            progress: called with clips done and their number.
        """
        for done, clip in enumerate(self.clips, 1):
            self.logits([clip])
            progress(done, len(self.clips))
        logits, label = self.logits(self.clips), self.data.labels(self.clips)
        names = self.data.classes
        return pa.table(
            {
                "sample": [clip.id for clip in self.clips],
                "subject": [clip.subject for clip in self.clips],
                "camera": [clip.camera for clip in self.clips],
                "label": [names[k] for k in label.tolist()],
                "predicted": [names[k] for k in logits.argmax(1).tolist()],
                "rank": ((logits >= logits.gather(1, label[:, None])).sum(1) - 1).tolist(),
            }
        )

    def aimed(self, kind: str) -> ActionEvaluation:
        """The same without the clips that are taken for the wanted class already, which cannot be aimed at it.

        Raises:
            DataError: none is left.
            SpecError: `kind` is none of `goal`.
        """
        if self.wanted_class(kind) is None:
            return self
        if not (clips := self.aimable(kind)):
            raise DataError(self.data.name, f"only clips that are taken for {kind!r} already", "others")
        return replace(self, clips=clips)

    def aimable(self, kind: str) -> tuple[Clip, ...]:
        """The clips that `aimed` keeps, perhaps none."""
        wanted = self.wanted_class(kind)
        if wanted is None:
            return self.clips
        return tuple(clip for clip in self.clips if int(self.logits([clip])[0].argmax()) != wanted)

    def goal(self, kind: str, clips: Sequence[Clip]) -> Goal:
        """What the adversary wants of these clips; the class to leave is the one that the clean clip is taken for.

        Args:
            kind: "untargeted"; "least-likely", the class of the smallest clean logit; or the name of a class.

        Raises:
            SpecError: `kind` is none of these.
            TargetError: a clip is taken for the named class already, see `aimed`.
        """
        wanted, logits = self.wanted_class(kind), self.logits(clips)
        label = logits.argmax(1)
        if kind == "untargeted":
            return Goal("untargeted", label)
        return Goal("targeted", label, logits.argmin(1) if wanted is None else torch.full_like(label, wanted))

    def batches(self) -> Iterator[tuple[tuple[Clip, ...], Skeletons]]:
        """The clips in batches that fit into the memory, those of similar length together."""
        loaded = ((clip, self.data.load(clip)) for clip in self.clips)
        for chosen in grouped(loaded, lambda item: item[1].positions.shape[:2], self._room):
            again = replace(self.data, read=dict(chosen).__getitem__)  # as it pads them, without reading them again
            clips = tuple(clip for clip, _ in chosen)
            yield clips, again.batch(clips)

    @cached_property
    def _room(self) -> Room:
        one = self.data.batch(self.clips[:1])
        moved = one.moved(one.joints.detach().requires_grad_())
        size = one.joints.shape[1] * one.joints.shape[2]
        with frozen(self.target):
            return Room.measured(lambda: logits_of(self.target(moved)), size, self.memory)

    def judge(self, discriminator: Discriminator | None = None) -> SkeletonJudge:
        """The judge of attacks on these clips.

        Args:
            discriminator: one that no attack optimises against.
        """
        return SkeletonJudge(self.target, self.data.classes, discriminator)

    def attack(
        self,
        attack: SkeletonAttack,
        kind: str,
        samples: Path,
        *,
        judge: SkeletonJudge | None = None,
        seed: int = 0,
        progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> pa.Table:
        """Attack every clip that can be aimed, store the adversarial sequences, read them back and judge them.

        Args:
            kind: see `goal`; clips that are taken for a named class already are left out, see `aimed`.
            samples: folder for the adversarial sequences, one file per batch; made if needed.
            judge: from `judge`, to be shared by several attacks; by default one without a discriminator.
            progress: called with clips done and their number.

        Returns:
            The judge's table, a row per clip.
        """
        judge, attacked = judge or self.judge(), self.aimed(kind)
        tables, done = [], 0
        for number, (clips, clean) in enumerate(ahead(attacked.batches())):
            goal = self.goal(kind, clips)
            result = attack(self.target, clean, goal, seed=seed)
            file = samples / f"{number:04d}.npz"
            write_skeletons(file, result.adversarial)
            stored = read_skeletons(file, self.data.layout)
            tables.append(judge(clean, stored, result, goal, clips, attack.constraints(clean)))
            done += len(clips)
            progress(done, len(attacked.clips))
        return in_order(tables, [clip.id for clip in attacked.clips])

    def _ask(self, one: Skeletons) -> None:
        with torch.inference_mode():
            logits = self.target(one).logits
        if logits is None or not bool(logits.isfinite().all()):
            raise TargetError(f"{one.ids[0]}: the target answers without finite logits; actions need them")
        self._logits[one.ids[0]] = logits[0].clone()

    def wanted_class(self, kind: str) -> int | None:
        """The class that a goal names, None for those that name none. Raises SpecError where it is no goal."""
        if kind in ("untargeted", "least-likely"):
            return None
        if kind in self.data.classes:
            return self.data.classes.index(kind)
        close = get_close_matches(kind, ["untargeted", "least-likely", *self.data.classes], 1, cutoff=0)
        raise SpecError(f"found goal {kind!r}; expected 'untargeted', 'least-likely' or a class, such as {close[0]!r}")
