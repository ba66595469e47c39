"""Motion capture trials on disk: which files belong together, and who moves in them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from stumble.data.asf_amc import read_amc, read_asf
from stumble.data.bvh import read_bvh
from stumble.data.recording import Recording
from stumble.errors import DataError

__all__ = ["CMU_METRES", "Trial", "cmu_trials"]

CMU_METRES = 0.0254 / 0.45
"""Metres to the unit of CMU's files."""


@dataclass(frozen=True)
class Trial:
    """One recording of one person.

    Attributes:
        subject: who moves, "07".
        name: which trial of theirs, "03".
        motion: an .amc or a .bvh file.
        skeleton: the .asf file that an .amc file needs.
        metres: of a unit of length in a .bvh file; .asf files state theirs.
    """

    subject: str
    name: str
    motion: Path
    skeleton: Path | None = None
    metres: float = CMU_METRES

    def read(self) -> Recording:
        """The joints' paths. Raises DataError."""
        match self.motion.suffix.lower(), self.skeleton:
            case ".bvh", None:
                return read_bvh(self.motion, self.metres)
            case ".amc", Path() as skeleton:
                return read_amc(self.motion, read_asf(skeleton))
            case _:
                found = "no skeleton" if self.skeleton is None else f"the skeleton {self.skeleton.name}"
                raise DataError(self.motion, found, "an .amc file with its .asf file, or a .bvh file alone")


def cmu_trials(root: Path | str) -> tuple[Trial, ...]:
    """The trials in CMU's tree, SUBJECT/SUBJECT.asf and SUBJECT/SUBJECT_TRIAL.amc. Raises DataError if none is."""
    root = Path(root)
    found = []
    for motion in sorted(root.glob("*/*_*.amc")):
        subject, _, name = motion.stem.rpartition("_")
        found.append(Trial(subject, name, motion, motion.with_name(f"{subject}.asf")))
    if not found:
        raise DataError(root, "no motion", "SUBJECT/SUBJECT.asf with SUBJECT/SUBJECT_TRIAL.amc (CMU)")
    return tuple(found)
