"""Names and numbers as a reader meets them, and the result in one sentence."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from stumble.report.gait import AttackRow

__all__ = [
    "MEASURES",
    "Appearance",
    "Role",
    "appearance",
    "headline",
    "main_row",
    "number",
    "peers",
    "percent",
    "plausible_scale",
    "scope",
    "sparsity",
    "violations",
]

Role = Literal["attack", "control", "search", "pixel", "other"]


@dataclass(frozen=True)
class Appearance:
    """How an attack is presented.

    Attributes:
        label: its name.
        role: what it is there for; decides its colour.
        explanation: one line.
    """

    label: str
    role: Role
    explanation: str


MEASURES = {
    "overlap": "intersection over union with the most similar real frame of other people",
    "component": "share of the white pixels that hang together in one piece",
    "coherence": "mean intersection over union with the frame before and the frame after",
}
_KNOWN = {
    "temporal-sparse": Appearance(
        "Temporal sparse", "attack", "frames from a generator, found by momentum descent in its latent space"
    ),
    "temporal-sparse-bounded": Appearance(
        "Temporal sparse, bounded", "attack", "the same, held near latent vectors whose frames are usual ones"
    ),
    "random": Appearance("Random generated", "control", "frames from the generator for random latent vectors"),
    "random-sphere": Appearance(
        "Random generated (sphere)", "control", "the same, for random latent vectors on the generator's sphere"
    ),
    "real": Appearance("Random real", "control", "random real frames of other people"),
    "best-real": Appearance(
        "Best real", "search", "of many real frames of other people those that hurt most: no generator at all"
    ),
    "fgsm": Appearance("FGSM", "pixel", "one sign step on the pixels"),
    "pgd": Appearance("PGD", "pixel", "repeated sign steps on the pixels"),
    "mi-fgsm": Appearance("MI-FGSM", "pixel", "sign steps on the pixels with momentum"),
}
_TENS = {20: "twenty", 30: "thirty", 40: "forty", 50: "fifty", 60: "sixty", 80: "eighty", 100: "a hundred"}
_SMALL = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_WORDS = dict(enumerate(_SMALL, 2)) | _TENS


def appearance(attack: str) -> Appearance:
    """How an attack of this name is presented; "pgd-100" is PGD with 100 iterations, an unknown name itself."""
    if attack in _KNOWN:
        return _KNOWN[attack]
    base, _, iterations = attack.rpartition("-")
    if base in _KNOWN and iterations.isdecimal():
        known = _KNOWN[base]
        return Appearance(f"{known.label}, {iterations} steps", known.role, f"{known.explanation}, {iterations} times")
    return Appearance(attack, "other", "")


def number(value: float | None) -> str:
    """One decimal; a dash where there is no number."""
    return "–" if value is None or not math.isfinite(value) else f"{value:.1f}"


def percent(value: float | None) -> str:
    """The same with its sign, which no line break parts from it."""
    return f"{number(value)}\u00a0%"


def sparsity(share: float) -> str:
    """A share of frames as a fraction where it is one frame in some: "1/40"; else in percent."""
    fraction = Fraction(share).limit_denominator(1000)
    return f"1/{fraction.denominator}" if fraction.numerator == 1 else f"{100 * share:.3g} %"


def main_row(attacks: Sequence[AttackRow]) -> AttackRow | None:
    """The line that the headline is about: the generator's attack before others, untargeted before targeted, the
    fewest frames; None without attacks."""
    ordered = sorted(
        attacks, key=lambda a: (appearance(a.attack).role != "attack", a.summary.goal != "untargeted", a.sparsity)
    )
    return ordered[0] if ordered else None


def peers(row: AttackRow, attacks: Sequence[AttackRow]) -> dict[str, AttackRow]:
    """By name, what else was done to the same kind of probes with the same goal and as many frames."""

    def setting(a: AttackRow) -> tuple[object, ...]:
        return a.condition, a.sparsity, a.edit, a.summary.goal

    return {a.attack: a for a in attacks if setting(a) == setting(row) and a is not row}


def _frames(row: AttackRow) -> str:
    """How many frames, as the subject of a sentence; a round fraction only where it was also realised."""
    word = {"alter": "altered", "insert": "inserted"}[row.edit]
    fraction = Fraction(row.sparsity).limit_denominator(1000)
    realised = math.isclose(row.summary.sparsity, row.sparsity, rel_tol=0.02)
    if not realised or fraction.numerator != 1:
        return f"{100 * row.summary.sparsity:.1f} % of {word} frames"
    if fraction.denominator == 1:
        return f"As many {word} frames as clean ones" if row.edit == "insert" else "Altering every frame"
    return f"One {word} frame in {_WORDS.get(fraction.denominator, str(fraction.denominator))}"


def headline(attacks: Sequence[AttackRow]) -> tuple[str, ...]:
    """The result in plain sentences, the first of which stands alone; nothing without attacks."""
    row = main_row(attacks)
    if row is None:
        return ()
    s, frames = row.summary, _frames(row)
    makes = "make" if frames[0].isdigit() or frames.startswith("As many") else "makes"
    takes = makes.replace("make", "take")
    if s.goal == "targeted":
        first = (
            f"{frames} {makes} the recogniser name a person chosen beforehand in {percent(s.success)} of its "
            f"decisions, {percent(s.success_clean)} without the attack"
        )
        alone = "of the decisions are won by plausible frames alone"
    else:
        first = f"{frames} {takes} rank-1 from {percent(s.rank1_clean)} to {percent(s.rank1)}"
        alone = "of the decisions that were right are flipped by plausible frames alone"
    sentences = [first + ("." if s.plausible is None else f"; {percent(s.plausible)} {alone}.")]
    bounded, real = (peers(row, attacks).get(name) for name in ("temporal-sparse-bounded", "real"))
    if bounded is not None and bounded.summary.plausible is not None:
        rank1, plausible = percent(bounded.summary.rank1), percent(bounded.summary.plausible)
        sentences.append(f"Held near the generator's usual frames, it leaves {rank1}, and {plausible} {alone}.")
    if real is not None:
        sentences.append(
            f"Random real frames of other people in the same places leave rank-1 at {percent(real.summary.rank1)}."
        )
    return tuple(sentences)


def scope(row: AttackRow) -> str:
    """How much is behind a line, and how far its figures can be trusted."""
    s = row.summary
    counted = ", ".join(
        f"{count} {noun}{'' if count == 1 else 's'}{kind}"
        for count, noun, kind in (
            (s.sequences, "attacked sequence", f" ({row.condition})"),
            (s.decisions, "decision", ""),
        )
    )
    interval = f"95 % interval of rank-1 after the attack {number(s.rank1_ci95[0])} to {percent(s.rank1_ci95[1])}"
    if s.plausible_ci95 is None:
        return f"{counted}; {interval}."
    low, high = s.plausible_ci95
    return f"{counted}; {interval}, of the plausible share {number(low)} to {percent(high)}."


def plausible_scale(attacks: Sequence[AttackRow]) -> tuple[tuple[str, float], ...]:
    """(label, percent of sequences with plausible frames only) for the main attack and the controls beside it."""
    row = main_row(attacks)
    if row is None:
        return ()
    beside = [a for a in peers(row, attacks).values() if appearance(a.attack).role in ("control", "search")]
    shares = [(appearance(a.attack).label, a.summary.plausible_samples) for a in (row, *beside)]
    return tuple((label, share) for label, share in shares if share is not None)


def violations(attacks: Sequence[AttackRow]) -> str:
    """Whether the adversary kept to its frames, by the judge's own measurement."""
    largest = max((a.summary.violation for a in attacks), default=0.0)
    if largest == 0:
        return "In no sample did any other frame change by a single bit."
    broken = ", ".join(sorted({appearance(a.attack).label for a in attacks if a.summary.violation > 0}))
    pixels = (
        f"{largest:.0f} pixels of other frames changed" if math.isfinite(largest) else "the number of frames is wrong"
    )
    return f"The adversary did not keep to its frames ({broken}; {pixels}): these lines do not count."
