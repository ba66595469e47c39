"""Performing: a person, an action and a chance of the day to the angles of the puppet, frame by frame."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from jaxtyping import Float
from scipy.interpolate import PchipInterpolator

from stumble.seeds import stream
from stumble.synth.action_library import ACTIONS
from stumble.synth.action_tables import Action, Track
from stumble.synth.body import Body
from stumble.synth.gait import FRAMES_PER_SECOND, Motion
from stumble.synth.people import Person
from stumble.synth.puppet import ANGLES, LIMB_ANGLES, SIDES, animate
from stumble.synth.whole_body import SEATED, STEPS

__all__ = ["LONGEST", "SHORTEST", "SMALL", "Manner", "perform"]

SHORTEST, LONGEST = 30, 64  # frames
SMALL = (0.1, 0.35)
"""Performances are so large, at the least and at most, as shares of the whole movement."""

_IN_PASSING = 0.5  # share of performances to which the actor walks up, and walks on
_STOPPING = 0.25  # seconds in which a walk begins and ends
_OCCUPIED = 0.5  # share of gestures that are made seated or in walking
_REST = 1.0  # seconds before and after, at most
_BEND_OF_THE_PATH = 25.0  # degrees over a clip, one standard deviation
_TURN = 40.0  # degrees a second in walking up and on, one standard deviation
_RAISED = 20.0  # degrees from which an arm is no longer at rest
_FOLDED = 60.0  # degrees of the knee from which a thigh is no longer as in standing
_IDLE = {  # degrees of never standing quite still, of somebody restless
    "tip": 1.2,
    "bend": 1.5,
    "side": 1.4,
    "twist": 2.0,
    "nod": 3.0,
    "look": 4.5,
    "arm raise": 3.0,
    "arm out": 4.0,
    "arm spin": 4.0,
    "arm elbow": 4.0,
    "arm roll": 5.0,
}
_ELSEWHERE = (  # what an arm that has nothing to do may do: raise, out, spin, elbow
    (53.0, 118.0, -58.0, 85.0),  # hand on the hip
    (12.0, 20.0, -40.0, 80.0),  # forearm before the belly
    (4.0, 30.0, -6.0, 55.0),
    (-18.0, 10.0, -50.0, 60.0),  # behind the back
)


@dataclass(frozen=True)
class Manner:
    """How a person moves, whatever they do. Factors around 1, angles in degrees.

    Attributes:
        left_handed: acts on the left, mostly.
        amplitude, tempo: of everything.
        arm_raise, arm_out, elbow: of arms at rest.
        stance: sideways angle of the legs.
        knee: bend of the knees at rest.
        lean: sideways.
        asymmetry: relative difference between the two sides.
        restless: scale of idle movements.
    """

    left_handed: bool
    amplitude: float
    tempo: float
    arm_raise: float
    arm_out: float
    elbow: float
    stance: float
    knee: float
    lean: float
    asymmetry: float
    restless: float

    @classmethod
    def draw(cls, seed: int, subject: int) -> Manner:
        """The manner of the person with this number."""
        rng = stream(seed, f"{subject:03d}", "manner")
        z = np.clip(rng.normal(size=9), -2, 2)
        return cls(
            left_handed=bool(rng.random() < 0.12),
            amplitude=float(1 + 0.09 * z[0]),
            tempo=float(np.exp(0.12 * z[1])),
            arm_raise=float(9 + 3 * z[2]),
            arm_out=float(68 + 12 * z[3]),
            elbow=float(16 + 7 * z[4]),
            stance=float(3.5 + 1.8 * z[5]),
            knee=float(5 + 2 * z[6]),
            lean=float(1.2 * z[7]),
            asymmetry=float(0.05 * z[8]),
            restless=float(rng.uniform(0.06, 0.15)),
        )


def perform(
    seed: int, subject: int, name: str, replication: int, size: tuple[float, float] = SMALL
) -> tuple[Body, Motion]:
    """One performance of an action by a person: `SHORTEST` to `LONGEST` frames at 25 a second.

    Args:
        size: share of the whole movement, at the least and at most; (1, 1) is the movement of the tables.
    """
    person, manner = Person.draw(seed, subject), Manner.draw(seed, subject)
    habit = stream(seed, f"{subject:03d}/{name}", "habit")
    rng = stream(seed, f"{subject:03d}/{name}/{replication}", "performance")
    ways = ACTIONS[name]
    favourite = int(habit.integers(len(ways)))
    way = ways[favourite if rng.random() < 0.7 else int(rng.integers(len(ways)))]
    body = Body(person.shape)
    angles = _Performance(way, manner, habit, rng, size).angles()
    angles["bend"] += 0.8 * person.style.slouch
    angles["nod"] += person.style.head_pitch - 0.5 * person.style.slouch
    angles["tip"] += 0.4 * person.style.lean
    return body, animate(angles, body)


class _Performance:
    """What is drawn for one performance; `habit` is the person's own way with the action, `rng` the day's."""

    def __init__(
        self,
        way: Action,
        manner: Manner,
        habit: np.random.Generator,
        rng: np.random.Generator,
        size: tuple[float, float],
    ) -> None:
        self.manner, self.habit, self.rng = manner, habit, rng
        self.acting, self.other = ("left", "right") if manner.left_handed ^ (rng.random() < 0.25) else ("right", "left")
        self.tempo = 1.1 * manner.tempo * float(np.exp(0.14 * habit.normal() + 0.1 * rng.normal()))
        self.vigour = float(np.clip(manner.amplitude * np.exp(0.14 * habit.normal() + 0.1 * rng.normal()), 0.62, 1.15))
        self.size = float(rng.uniform(*size))
        self.warp = float(np.clip(0.2 * habit.normal() + 0.15 * rng.normal(), -0.6, 0.6))
        self.layers = [_Timed.drawn(way, self.tempo, habit, rng)]
        self.time = self._times(self.layers[0])
        along = np.linspace(-0.5, 0.5, len(self.time)) * _BEND_OF_THE_PATH * rng.normal()  # nobody walks quite straight
        self.yaw = along * way.endless
        if way.only_arms and rng.random() < _OCCUPIED:
            if rng.random() < 0.5:
                self.layers.append(_Timed.drawn(SEATED, self.tempo, habit, rng))
            else:
                self.layers.append(_Timed.drawn(STEPS, self.tempo, habit, rng))
                self.yaw = along
        elif not way.endless and rng.random() < _IN_PASSING:
            outside = np.stack([-self.time * way.from_stance, (self.time - self.layers[0].seconds) * way.to_stance])
            outside = np.clip(outside / _STOPPING, 0, None)
            self.layers.append(
                replace(_Timed.drawn(STEPS, self.tempo, habit, rng), weight=np.clip(outside.max(0), 0, 1))
            )
            self.yaw = _TURN * _STOPPING * rng.normal(size=2) @ outside

    def angles(self) -> dict[str, Float[np.ndarray, " t"]]:
        moved = {name: np.zeros(len(self.time)) for name in ANGLES}
        for layer in self.layers:
            for tracks, cyclic in ((layer.way.moves, False), (layer.way.cycle, True)):
                for name, track in tracks.items():
                    self._add(moved, name, track, cyclic, layer)
        angles = self._at_rest()
        for side, _ in SIDES:  # an arm that is raised no longer hangs as it does at rest
            hanging = 1 - np.clip(np.abs(moved[f"{side} arm raise"]) / _RAISED, 0, 1)
            for name in LIMB_ANGLES["arm"]:
                angles[f"{side} arm {name}"] *= hanging
            angles[f"{side} leg thigh"] *= 1 - np.clip(np.abs(moved[f"{side} leg knee"]) / _FOLDED, 0, 1)
        for name in ANGLES:
            angles[name] += moved[name] + self._drift(_IDLE.get(name.partition(" ")[2] or name, 0.0))
        angles["yaw"] += self.yaw
        return angles

    def _times(self, layer: _Timed) -> Float[np.ndarray, " t"]:
        """Seconds since the performance began, of the frames that the clip has."""
        if layer.way.endless:
            frames = int(np.clip(layer.seconds * FRAMES_PER_SECOND, SHORTEST, LONGEST))
            return np.arange(frames) / FRAMES_PER_SECOND
        spare = LONGEST / FRAMES_PER_SECOND - layer.seconds
        before, after = self.rng.uniform(-0.1 * layer.seconds, _REST, 2)  # seconds besides; or cut off
        if before + after > spare:
            before, after = np.array([before, after]) * max(spare, 0) / (before + after)
        frames = int(np.clip((layer.seconds + before + after) * FRAMES_PER_SECOND, SHORTEST, LONGEST))
        return np.arange(frames) / FRAMES_PER_SECOND - before

    def _at_rest(self) -> dict[str, Float[np.ndarray, " t"]]:
        """Standing, perhaps with an arm elsewhere that has nothing to do."""
        manner, rng = self.manner, self.rng
        angles = {name: np.zeros(len(self.time)) for name in ANGLES}
        angles["side"] += manner.lean + 1.5 * rng.normal()
        angles["twist"] += 3.0 * rng.normal()
        angles["look"] += 8.0 * rng.normal()
        apart = 4.0 * rng.normal()  # one foot before the other
        busy = self.layers[0].way.limbs
        for side, sign in SIDES:
            rest = (manner.arm_raise, manner.arm_out, 0.0, manner.elbow)
            whose = "arm" if side == self.acting else "other arm"
            if not busy & {whose, "arms"} and rng.random() < 0.5:
                rest = _ELSEWHERE[int(rng.integers(len(_ELSEWHERE)))]
            for name, value in zip(("raise", "out", "spin", "elbow"), rest, strict=True):
                angles[f"{side} arm {name}"] += value * (1 + sign * manner.asymmetry) + 4.0 * rng.normal()
            bend = manner.knee
            angles[f"{side} leg spread"] += manner.stance + 1.5 * rng.normal()
            angles[f"{side} leg thigh"] += 0.5 * bend + sign * apart
            angles[f"{side} leg knee"] += bend
        return angles

    def _drift(self, scale: float) -> Float[np.ndarray, " t"]:
        """A slow wandering about zero."""
        rates, phases = self.rng.uniform(0.15, 0.8, 2), self.rng.uniform(0, 2 * np.pi, 2)
        return 0.6 * self.manner.restless * scale * np.sin(2 * np.pi * rates * self.time[:, None] + phases).sum(1)

    def _add(self, angles: dict[str, np.ndarray], name: str, track: Track, cyclic: bool, layer: _Timed) -> None:
        limb, _, angle = name.rpartition(" ")
        scale = 1 + 0.12 * self.habit.normal() + 0.08 * self.rng.normal()
        late = 0.015 * self.habit.normal() + 0.012 * self.rng.normal()  # of the performance or the cycle
        if layer.way.exact or angle == "air" or "leg" in limb:  # feet stay in step, and on the ground
            late, scale = 0.0, 1.0
        if layer.way.only_arms and not cyclic:  # a pose with a meaning: a hand at the mouth is not at the ear
            scale = 1 + 0.4 * (scale - 1)
        elif not layer.way.exact:
            scale *= self.vigour
        if layer is self.layers[0]:  # what is done besides is done as always
            scale *= self.size
        for side, delay in self._sides(limb):
            delay *= cyclic and layer.way.alternate
            values = scale * layer.values(track, cyclic, self.time, late + delay, self.warp)
            if "arm" in limb or delay:
                values *= 1 + (self.manner.asymmetry if side == "left" else -self.manner.asymmetry)
            if not side and self.acting == "right" and angle in ("side", "twist", "look", "yaw"):
                values = -values
            angles[f"{side} {limb.split()[-1].rstrip('s')} {angle}" if limb else angle] += values

    def _sides(self, limb: str) -> tuple[tuple[str, float], ...]:
        """Whose limb it is, and how much of a cycle later than the acting side's."""
        if not limb:
            return (("", 0.0),)
        if limb in ("arms", "legs"):
            return ((self.acting, 0.0), (self.other, 0.5))
        return ((self.other if limb.startswith("other") else self.acting, 0.0),)


@dataclass(frozen=True)
class _Timed:
    """An action and its times in one performance.

    Attributes:
        seconds: its length.
        rate: cycles a second.
        phase: of the cycle at its start.
        weight: of its angles, frame by frame.
    """

    way: Action
    seconds: float
    rate: float
    phase: float
    weight: Float[np.ndarray, " t"] | float = 1.0

    @classmethod
    def drawn(cls, way: Action, tempo: float, habit: np.random.Generator, rng: np.random.Generator) -> _Timed:
        rate = float(habit.uniform(*way.rate)) * tempo
        seconds = float(habit.uniform(*way.seconds)) / tempo
        if way.repeats:  # no more than the longest clip holds
            repeats = int(rng.integers(way.repeats[0], way.repeats[1] + 1))
            seconds = max(1, min(repeats, int(LONGEST / FRAMES_PER_SECOND * rate))) / rate
        return cls(way, seconds, rate, 0.0 if way.repeats else float(rng.random()))

    def values(
        self, track: Track, cyclic: bool, time: Float[np.ndarray, " t"], late: float, warp: float
    ) -> Float[np.ndarray, " t"]:
        """A track in time. The cycles of a gesture begin anywhere; those that are the action itself begin at rest."""
        share = time / self.seconds
        if not cyclic:
            share = np.clip(share, 0, 1)
            return self.weight * _curve(track, False)(np.clip(share + warp * share * (1 - share) - late, 0, 1))
        cycles = self.phase + time * self.rate - late
        if self.way.repeats:
            cycles = np.clip(time * self.rate, 0, self.seconds * self.rate)
        values = self.weight * _curve(track, True)(cycles % 1)
        if self.way.repeats or self.way.endless:
            return values
        start, end = self.way.during
        return values * np.clip(np.minimum(share - start, end - share) / 0.08 + 0.5, 0, 1)


@cache
def _curve(track: Track, cyclic: bool) -> PchipInterpolator:
    """Through the track's points without overshooting; level before the first and after the last, or periodic."""
    times, values = np.array(track, float).T
    if cyclic:
        times, values = np.concatenate([times - 1, times, times + 1]), np.tile(values, 3)
    else:
        times, values = np.concatenate([[-1.0], times, [2.0]]), np.concatenate([values[:1], values, values[-1:]])
    return PchipInterpolator(times, values)
