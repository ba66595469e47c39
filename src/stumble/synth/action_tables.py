"""The vocabulary of the tables of actions: which angle of the puppet is where at what time.

A track is a sequence of (time, value). Its name says whose angle it is: "arm raise" is the acting arm's, "other arm
raise" the other's, "arms raise" both; legs likewise; "side", "twist", "look" and "yaw" go to the acting side. Times
run from 0 to 1 over the performance, or over one cycle. Values are in the puppet's units.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["Action", "Number", "Track", "Tracks", "arm", "beat", "fro", "hold", "to"]

Number = int | float
Track = tuple[tuple[Number, Number], ...]
Tracks = Mapping[str, Track]


@dataclass(frozen=True)
class Action:
    """One way to perform an action.

    Attributes:
        moves: tracks over the whole performance.
        cycle: tracks over one cycle, added to `moves`.
        seconds: shortest and longest performance; of no meaning with `repeats`.
        rate: cycles a second, slowest and fastest.
        repeats: fewest and most cycles, which then are the whole performance, from rest to rest.
        during: the part of the performance in which the cycle runs.
        endless: the performance has neither beginning nor end.
        exact: nobody does it more or less than the tables say: lying is lying.
        alternate: the other side's limbs do in a cycle what the acting side's did half a cycle before.
    """

    moves: Tracks = field(default_factory=dict)
    cycle: Tracks = field(default_factory=dict)
    seconds: tuple[float, float] = (1.5, 2.2)
    rate: tuple[float, float] = (1.0, 1.0)
    repeats: tuple[int, int] | None = None
    during: tuple[float, float] = (0.2, 0.8)
    endless: bool = False
    alternate: bool = False
    exact: bool = False

    @property
    def limbs(self) -> frozenset[str]:
        """The limbs that it moves, "" for the trunk: {"arm", "other arm", "legs", ...}."""
        return frozenset(name.rpartition(" ")[0] for name in (*self.moves, *self.cycle))

    @property
    def from_stance(self) -> bool:
        """Whether it begins in standing."""
        return not any(track[0][1] for name, track in self.moves.items() if name.startswith("legs"))

    @property
    def to_stance(self) -> bool:
        """Whether it ends in standing."""
        return not any(track[-1][1] for name, track in self.moves.items() if name.startswith("legs"))

    @property
    def only_arms(self) -> bool:
        """Whether it leaves legs and pelvis alone, so that it can be done seated, or while walking."""
        pelvis = {"tip", "air"} & {*self.moves, *self.cycle}
        return not pelvis and not any("leg" in limb for limb in self.limbs)


def hold(value: Number, up: Number = 0.28, down: Number = 0.72) -> Track:
    """From rest to a value, which is held, and back."""
    return ((0, 0), (up, value), (down, value), (1, 0))


def to(value: Number, start: Number = 0.0, end: Number = 1.0) -> Track:
    """From rest to a value, to stay there."""
    return ((start, 0), (end, value))


def fro(value: Number, start: Number = 0.0, end: Number = 1.0) -> Track:
    """From a value back to rest."""
    return ((start, value), (end, 0))


def beat(value: Number, at: Number = 0.0) -> Track:
    """In a cycle: a value, and its opposite half a cycle later."""
    return ((at, value), (at + 0.5, -value))


def arm(
    raised: Number, out: Number, spin: Number, elbow: Number, whose: str = "arm", up: Number = 0.28, down: Number = 0.72
) -> dict[str, Track]:
    """A pose of an arm that is held."""
    angles = {"raise": raised, "out": out, "spin": spin, "elbow": elbow}
    return {f"{whose} {name}": hold(value, up, down) for name, value in angles.items()}
