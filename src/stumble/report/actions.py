"""What a report on attacks on skeleton actions is made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from stumble.campaign.action_summary import ActionSummary, CleanSummary
from stumble.errors import DataError
from stumble.layouts import Layout

__all__ = ["FRAMES_PER_SECOND", "ActionReport", "ActionRow", "ActionSample", "Motion"]

FRAMES_PER_SECOND = 30.0
"""At which clips are played whose data does not say how fast they were recorded: those of NTU RGB+D and Kinetics."""


@dataclass(frozen=True)
class ActionRow:
    """One line of the table of attacks.

    Attributes:
        attack: "ciasa", "ciasa-paper", "ciasa-rotations", "one-step", ...
        mode: "basic", "localized" or "advanced".
        goal: "untargeted", "least-likely", or the name of the wanted class.
        epsilon: how far a joint may go along each axis, in the units of the data; the largest where joints differ.
        height: mean height of the clean skeletons in the same units.
        summary: the figures.
        region: the joints that may move, where not all may: "left leg".
        note: what the reader must know about this line.
    """

    attack: str
    mode: str
    goal: str
    epsilon: float
    height: float
    summary: ActionSummary
    region: str = ""
    note: str = ""


@dataclass(frozen=True)
class Motion:
    """One clip, clean and attacked, to look at.

    Attributes:
        title: the sample's id.
        caption: what was done.
        layout: which joint stands where.
        clean, adversarial: (M, T, J, C) positions in the units of the data. C is 3, with y up, or 2, with y down as in
            an image.
        visible: (M, T, J) joints that are there to be drawn.
        attacked: (J,) joints that the attack may move.
        frames_per_second: of the recording, above 0.

    Raises:
        DataError: shapes that do not fit each other, or nothing visible.
    """

    title: str
    caption: str
    layout: Layout
    clean: Float[np.ndarray, "_ _ _ _"]
    adversarial: Float[np.ndarray, "_ _ _ _"]
    visible: Bool[np.ndarray, "_ _ _"]
    attacked: Bool[np.ndarray, " _"]
    frames_per_second: float

    def __post_init__(self) -> None:
        shape, joints = self.clean.shape, len(self.layout)
        shapes = shape, self.adversarial.shape, self.visible.shape, self.attacked.shape
        if shapes != ((*shape[:2], joints, shape[3]), shape, shape[:3], (joints,)) or shape[3] not in (2, 3):
            expected = f"clean and adversarial (M, T, {joints}, 2 or 3), visible (M, T, {joints}), attacked ({joints},)"
            raise DataError(self.title, "clean {}, adversarial {}, visible {}, attacked {}".format(*shapes), expected)
        if not self.visible.any():
            raise DataError(self.title, "no visible joint", "at least one, to draw")


@dataclass(frozen=True)
class ActionSample(Motion):
    """The same with what the recogniser says.

    Attributes:
        classes: the names of the classes.
        label: the true class.
        before, after: (K,) probabilities on the clean and on the adversarial clip.
        wanted: the class that a targeted attack is after.

    Raises:
        DataError: as a motion, or where there is not one probability for each class.
    """

    classes: tuple[str, ...]
    label: int
    before: Float[np.ndarray, " _"]
    after: Float[np.ndarray, " _"]
    wanted: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        count = len(self.classes)
        if self.before.shape != (count,) or self.after.shape != (count,):
            found = f"{self.before.shape} and {self.after.shape} probabilities"
            raise DataError(self.title, found, f"one for each of the {count} classes")

    @property
    def predicted(self) -> tuple[int, int]:
        """The class that the clean and the class that the adversarial clip is taken for."""
        return int(self.before.argmax()), int(self.after.argmax())

    @property
    def succeeded(self) -> bool:
        """Whether the attack reached its goal."""
        before, after = self.predicted
        return after != before if self.wanted is None else after == self.wanted


@dataclass(frozen=True)
class ActionReport:
    """One recogniser, its clean figures, and what attacks do to it.

    Attributes:
        title: of the part of the page.
        data: name of the data set.
        synthetic: whether its people are made up.
        clean: protocol ("xsub", "xview") -> figures on clean clips.
        clean_baseline: protocol -> top-1 in percent of the nearest neighbour on joint positions, or None where not
            measured.
        attacks: the lines of the table, in the order to show.
        samples: clips to look at.
        provenance: what made the figures: "command" (shown as the way to run it again), "version", "seed", ...
        notes: sentences for the reader.
        unit: of the joints and of epsilon, "m"; empty for positions in the image.
    """

    title: str
    data: str
    synthetic: bool
    clean: dict[str, CleanSummary]
    clean_baseline: dict[str, float] | None
    attacks: tuple[ActionRow, ...]
    samples: tuple[ActionSample, ...]
    provenance: dict[str, str]
    notes: tuple[str, ...] = ()
    unit: str = "m"
