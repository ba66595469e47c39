"""Recorded walks before the cameras of the synthetic world: real motion, rendered bodies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from jaxtyping import UInt8

from stumble.data.gait import GaitData, SequenceKey
from stumble.data.ntu25 import ntu25
from stumble.data.pretreatment import pretreat_stack
from stumble.data.splits import CASIA_B
from stumble.data.trials import Trial
from stumble.errors import SpecError
from stumble.synth.body import Body
from stumble.synth.gait import Motion
from stumble.synth.retarget import MOTION_CAPTURE, resampled, retarget, walking_ahead
from stumble.synth.walkers import Walkers

__all__ = ["RecordedWalkers"]


@dataclass(frozen=True)
class RecordedWalkers:
    """People who walk as somebody was recorded to walk.

    Body and clothes of a recorded subject are those of the synthetic person of the same number. A subject's trials
    are the conditions nm-01, nm-02, ... in the order given. A trial longer than the cameras' field of view is cut to
    its middle, as for synthetic walks.

    Attributes:
        trials: of one or several subjects, whose names must be numbers.
        world: bodies, clothes, cameras and segmentation.
    """

    trials: tuple[Trial, ...]
    world: Walkers = Walkers()

    @cached_property
    def numbered(self) -> Mapping[tuple[str, str], Trial]:
        """(subject, condition) to trial: ("007", "nm-01"). Raises SpecError for a subject that is no number."""
        counts: dict[str, int] = {}
        numbered = {}
        for trial in self.trials:
            if not trial.subject.isdecimal():
                raise SpecError(f"recorded subject {trial.subject!r}: expected a number, that of the body that walks")
            subject = f"{int(trial.subject):03d}"
            counts[subject] = counts.get(subject, 0) + 1
            numbered[subject, f"nm-{counts[subject]:02d}"] = trial
        return numbered

    def walk(self, subject: str, condition: str) -> tuple[Body, Motion]:
        """The body and the recorded walk, along +x through the middle of the ring of cameras.

        Raises:
            SpecError: there is no such trial.
            DataError: it cannot be read.
        """
        if (subject, condition) not in self.numbered:
            known = ", ".join("/".join(names) for names in self.numbered)
            raise SpecError(f"recorded walk {subject}/{condition}: expected one of {known}")
        recording = self.numbered[subject, condition].read()
        joints = walking_ahead(resampled(ntu25(recording), recording.frame_rate))
        body = Body(self.world.person(int(subject)).shape)
        motion = retarget(joints, body, MOTION_CAPTURE)
        middle = 0.5 * (motion.root.min(0) + motion.root.max(0)) * (1, 1, 0)
        return body, Motion(motion.rotations, motion.root - middle)

    def silhouettes(
        self, subject: str, condition: str, views: Sequence[str] = CASIA_B.views
    ) -> dict[str, UInt8[np.ndarray, "n 64 64"]]:
        """The pretreated silhouettes of one walk, by view."""
        masks = self.world.film(int(subject), condition, *self.walk(subject, condition), views)
        return {view: pretreat_stack(stack)[0] for view, stack in masks.items()}

    def data(self, views: Sequence[str] = CASIA_B.views) -> GaitData:
        """All trials as a data set in memory, rendered when a walk is first read."""
        keys = [SequenceKey(subject, condition, view) for subject, condition in self.numbered for view in views]

        @cache
        def rendered(subject: str, condition: str) -> dict[str, np.ndarray]:
            return self.silhouettes(subject, condition, views)

        def read(key: SequenceKey) -> np.ndarray:
            return rendered(key.subject, key.condition)[key.view]

        return GaitData("walks rendered from motion capture", tuple(sorted(keys)), read, True, "casia-b")
