"""Names and numbers of attacks on skeleton actions as a reader meets them, and the result in one sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from stumble.layouts import OPENPOSE18
from stumble.report.actions import ActionRow
from stumble.report.wording import Appearance, number, percent

__all__ = [
    "ActionGroup",
    "action_appearance",
    "action_groups",
    "action_headline",
    "broken",
    "epsilon_axis",
    "excess",
    "goal_name",
    "kept",
    "length",
    "main_action",
    "protocol",
    "region",
    "significant",
    "unit_of",
]

_ENOUGH = 95.0
_TOLERANCES = {"box": 1e-6, "bones": 1e-3, "untouched": 0.0}

_KNOWN = {
    "ciasa": Appearance(
        "CIASA", "attack", "joints moved by many small steps that stay in the box and keep the length of every bone"
    ),
    "ciasa-paper": Appearance(
        "CIASA as printed", "other", "the same, clipped and then realigned once, as the paper has it: it leaves the box"
    ),
    "ciasa-box": Appearance("CIASA without bones", "other", "the same, clipped only: bones change their lengths"),
    "ciasa-rotations": Appearance(
        "CIASA on rotations", "search", "the same, with the bones' rotations in place of the joints as variables"
    ),
    "one-step": Appearance("One step", "pixel", "one sign step across the box, which changes the lengths of bones"),
    "random": Appearance("Random", "control", "every joint moved at random within the box"),
}
_PROTOCOLS = {"xsub": "cross-subject", "xview": "cross-view", "xset": "cross-setup"}


@dataclass(frozen=True)
class ActionGroup:
    """The attacks with one goal."""

    goal: str
    rows: tuple[ActionRow, ...]


def action_appearance(attack: str) -> Appearance:
    """How an attack of this name is presented; an unknown name as itself."""
    return _KNOWN.get(attack, Appearance(attack, "other", ""))


def action_groups(attacks: Sequence[ActionRow]) -> tuple[ActionGroup, ...]:
    """The attacks by goal, in the order of its first line."""
    order = list(dict.fromkeys(row.goal for row in attacks))
    ordered = sorted(attacks, key=lambda row: order.index(row.goal))
    return tuple(ActionGroup(goal, tuple(rows)) for goal, rows in groupby(ordered, key=lambda row: row.goal))


def goal_name(goal: str) -> str:
    """A goal in words: "targeted at the least likely class"."""
    if goal == "untargeted":
        return goal
    return "targeted at the least likely class" if goal == "least-likely" else f"targeted at “{goal}”"


def protocol(name: str) -> str:
    """A protocol in words where it is known."""
    return _PROTOCOLS.get(name, name)


def region(row: ActionRow) -> str:
    """The mode, and the joints where not all may move: "localized, left leg"."""
    return f"{row.mode}, {row.region}" if row.region else row.mode


def length(value: float, unit: str) -> str:
    """A distance in the units of the data, metres in millimetres: "12 mm"."""
    return f"{1000 * value:.3g}\u00a0mm" if unit == "m" else f"{value:.3g}{unit and chr(0xA0) + unit}"


def epsilon_axis(attacks: Sequence[ActionRow], unit: str) -> str:
    """What the horizontal axis of a chart over epsilon shows."""
    heights = [row.height for row in attacks if row.mode == "basic"]
    if not heights:
        return ""
    measured = {"": "", "m": " in millimetres"}.get(unit, f" in {unit}")
    return f"ε{measured} (logarithmic); 1\u00a0% of the mean height is {length(max(heights) / 100, unit)}"


def excess(value: float | None, unit: str) -> str:
    """How far outside the box; rounding, below 1e-6, is told as such."""
    if value is None or not value:
        return "–" if value is None else "0"
    return "<\u00a010⁻⁶" if value <= _TOLERANCES["box"] else length(value, unit)


def significant(value: float | None) -> str:
    """Two significant digits; of what is large a whole number, of what is tiny a bound, of nothing a dash."""
    if value is None or value != value:
        return "–"
    if 0 < value < 0.001:
        return "<\u00a00.001"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:#.2g}".rstrip(".")


def main_action(attacks: Sequence[ActionRow]) -> ActionRow | None:
    """The line that the headline is about: CIASA before others, on all joints, targeted before untargeted.

    Of several budgets the smallest at which at least 95 % succeed, or the one with the highest success where none
    does. None without attacks.
    """

    def rank(row: ActionRow) -> tuple[object, ...]:
        success = row.summary.success
        enough = success >= _ENOUGH
        kind = action_appearance(row.attack).role != "attack", row.mode != "basic", row.goal == "untargeted"
        return *kind, not enough, row.epsilon if enough else -success

    return min(attacks, key=rank, default=None)


def action_headline(attacks: Sequence[ActionRow], unit: str) -> tuple[str, ...]:
    """The result in plain sentences, the first of which stands alone; nothing without attacks."""
    row = main_action(attacks)
    if row is None:
        return ()
    s = row.summary
    which = f"the joints of the {row.region}" if row.region else "joints"
    share = percent(100 * row.epsilon / row.height)
    done = {
        "untargeted": "changes the recogniser’s answer",
        "least-likely": "makes the recogniser name the action it thought least likely",
    }.get(row.goal, f"makes the recogniser name “{row.goal}”")
    budget, moved = length(row.epsilon, unit), length(s.joint_mm / 1000, unit)
    bones = significant(s.bone_max_pct).removeprefix("<\u00a0")
    return (
        f"Moving {which} by at most {budget} along each axis ({share} of the person’s height) {done} in "
        f"{percent(s.success)} of the clips.",
        f"Accuracy goes from {percent(s.accuracy_clean)} to {percent(s.accuracy)}. A joint moves by {moved} on "
        f"average, and no bone’s length changes by more than {bones}\u00a0%.",
        f"{s.n} attacked clips; 95\u00a0% interval of the success {number(s.ci95[0])} to {percent(s.ci95[1])}.",
    )


def unit_of(layout: str) -> str:
    """What the joints of a layout are measured in: "m", or nothing for positions in the image."""
    return "" if layout == OPENPOSE18.name else "m"


def broken(violations: Mapping[str, float], unit: str) -> dict[str, str]:
    """By name, what of an attack's promises the judge found broken, and by how much.

    Tolerances: 1e-6 beyond the box, 0.1 % of a bone, and nothing at all of what may not be touched.
    """
    told = {
        "box": lambda value: f"{length(value, unit)} beyond the box",
        "bones": lambda value: f"bones off by {significant(100 * value)}\u00a0%",
        "untouched": lambda value: f"{value:.0f} values changed that it may not touch",
    }
    found = {name: violations.get(name, 0.0) for name in _TOLERANCES}
    return {name: told[name](value) for name, value in found.items() if value > _TOLERANCES[name]}


def kept(attacks: Sequence[ActionRow], unit: str) -> str:
    """Whether the adversaries kept what they promise, by the judge's own measurement."""
    worst: dict[str, dict[str, float]] = {}
    for row in attacks:
        label = action_appearance(row.attack).label
        for name, value in row.summary.violations.items():
            own = worst.setdefault(label, {})
            own[name] = max(value, own.get(name, 0.0))
    said = "; ".join(f"{label}: {text}" for label, own in worst.items() for text in broken(own, unit).values())
    if not said:
        return "Every sample keeps what its attack promises, within 1e-6 of the box and 0.1\u00a0% of a bone’s length."
    return f"Not every sample keeps what its attack promises. {said}."
