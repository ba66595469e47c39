"""Actions of the whole body, as tables. Each class has the ways in which people perform it."""

from __future__ import annotations

from collections.abc import Mapping

from stumble.synth.action_tables import Action, Number, Track, Tracks, beat, fro, hold, to

__all__ = ["SEATED", "STEPS", "WHOLE_BODY"]

_STEP = {
    "legs thigh": (
        *((0.0, 25.0), (0.1, 20.0), (0.2, 11.0), (0.3, 2.0), (0.4, -7.0), (0.5, -13.0), (0.6, -7.0)),
        *((0.7, 12.0), (0.8, 25.0), (0.9, 28.0)),
    ),
    "legs knee": (
        *((0.0, 5.0), (0.1, 15.0), (0.2, 16.0), (0.3, 10.0), (0.4, 6.0), (0.5, 12.0), (0.6, 37.0)),
        *((0.7, 60.0), (0.8, 52.0), (0.9, 21.0)),
    ),
    "legs toes": (
        (0.0, -20.0),
        (0.1, -3.0),
        (0.2, 0.0),
        (0.35, 2.0),
        (0.5, 20.0),
        (0.62, 45.0),
        (0.75, 20.0),
        (0.9, -12),
    ),
    "arms raise": ((0.0, -20.0), (0.5, 22.0)),
    "arms elbow": ((0.0, 0.0), (0.5, 14.0)),
    "twist": beat(5.0),
    "side": ((0.15, -2.0), (0.65, 2.0)),
}
_SHORTER = 0.65
_STRIDE = {
    "legs thigh": ((0.0, 22.0), (0.12, 15.0), (0.3, -5.0), (0.38, -9.0), (0.55, 10.0), (0.72, 42.0), (0.88, 35.0)),
    "legs knee": ((0.0, 20.0), (0.12, 38.0), (0.3, 18.0), (0.38, 24.0), (0.55, 92.0), (0.72, 78.0), (0.9, 26.0)),
    "legs toes": ((0.0, -4.0), (0.12, 2.0), (0.3, 28.0), (0.4, 55.0), (0.55, 70.0), (0.75, 25.0), (0.92, 0.0)),
    "air": ((0.02, 0.0), (0.2, 0.0), (0.4, 0.06), (0.52, 0.0), (0.7, 0.0), (0.9, 0.06)),
    "arms raise": ((0.0, -42.0), (0.5, 32.0)),
    "arms elbow": ((0.0, 70.0), (0.5, 88.0)),
    "arms spin": ((0.0, -8.0), (0.5, -22.0)),
    "twist": beat(9.0),
    "tip": ((0.0, 8.0), (0.5, 8.0)),
}
_ON_THE_SPOT = {
    "legs thigh": ((0.0, 14.0), (0.12, 16.0), (0.3, 10.0), (0.38, 8.0), (0.55, 22.0), (0.72, 48.0), (0.88, 28.0)),
    "tip": ((0.0, 3.0), (0.5, 3.0)),
}


def _leap(height: Number, arms: Number) -> Tracks:
    """Crouch, push off, fly, land: one cycle from rest to rest."""
    return {
        "legs thigh": ((0, 0), (0.24, 52), (0.38, 2), (0.5, 8), (0.62, 14), (0.74, 42), (0.95, 0)),
        "legs knee": ((0, 0), (0.24, 85), (0.38, 6), (0.5, 22), (0.62, 24), (0.74, 70), (0.95, 0)),
        "legs toes": ((0, 0), (0.27, 0), (0.39, 45), (0.56, 40), (0.64, 8), (0.7, 0)),
        "tip": ((0, 0), (0.24, 28), (0.4, 2), (0.6, 6), (0.74, 22), (0.95, 0)),
        "bend": ((0, 0), (0.24, 14), (0.4, -4), (0.74, 10), (0.95, 0)),
        "nod": ((0, 0), (0.24, -20), (0.4, 0), (0.74, -12), (0.95, 0)),
        "air": ((0, 0), (0.38, 0), (0.5, height), (0.62, 0), (0.95, 0)),
        "arms raise": ((0, 0), (0.22, -18), (0.42, arms), (0.6, 0.6 * arms), (0.78, 10), (0.95, 0)),
        "arms elbow": ((0, 0), (0.22, 18), (0.42, 35), (0.6, 40), (0.78, 20), (0.95, 0)),
    }


_HELD_UP = {"leg thigh": 12.0, "leg knee": 85.0, "leg toes": 50.0}
_SEATED = {"legs thigh": 86.0, "legs knee": 92.0, "tip": -4.0, "bend": 8.0}


def _sitting(down: bool, arms: Number, elbow: Number) -> Tracks:
    """Onto a chair, or up from it."""

    def way(value: Number, start: Number, end: Number) -> Track:
        return to(value, start, end) if down else fro(value, 1 - end, 1 - start)

    def passing(value: Number, final: Number) -> Track:
        keys = ((0, 0), (0.12, 0), (0.5, value), (0.9, final))
        return keys if down else tuple((1 - time, v) for time, v in reversed(keys))

    return {
        "legs thigh": way(_SEATED["legs thigh"], 0.12, 0.85),
        "legs knee": way(_SEATED["legs knee"], 0.1, 0.85),
        "tip": passing(24, _SEATED["tip"]),
        "bend": passing(20, _SEATED["bend"]),
        "nod": passing(-14, 0),
        "arms raise": passing(34, arms),
        "arms elbow": passing(14, elbow),
    }


WHOLE_BODY: Mapping[str, tuple[Action, ...]] = {
    "walk": (Action(cycle=_STEP, seconds=(1.4, 2.1), rate=(0.8, 1.05), endless=True, alternate=True),),
    "run": (
        Action(cycle=_STRIDE, seconds=(1.2, 1.4), rate=(1.2, 1.4), endless=True, alternate=True),
        Action(cycle=_STRIDE | _ON_THE_SPOT, seconds=(1.2, 2.2), rate=(1.3, 1.6), endless=True, alternate=True),
    ),
    "jump": (
        Action(cycle=_leap(0.24, 75), rate=(0.75, 1.0), repeats=(1, 2)),
        Action(cycle=_leap(0.16, 20), rate=(0.9, 1.15), repeats=(2, 2)),
    ),
    "hop": (
        Action(
            moves={name: hold(value, 0.15, 0.88) for name, value in _HELD_UP.items()} | {"other leg spread": hold(-5)},
            cycle={
                "other leg thigh": ((0, 22), (0.3, 4), (0.55, 8), (0.8, 22)),
                "other leg knee": ((0, 42), (0.3, 6), (0.55, 12), (0.8, 38)),
                "other leg toes": ((0, 0), (0.22, 8), (0.36, 40), (0.55, 36), (0.66, 6), (0.8, 0)),
                "air": ((0, 0), (0.3, 0), (0.48, 0.1), (0.66, 0), (0.9, 0)),
                "tip": ((0, 8), (0.35, 3), (0.8, 8)),
                "arms raise": ((0, -6), (0.4, 24), (0.8, 0)),
                "arms elbow": ((0, 40), (0.4, 50)),
            },
            seconds=(1.6, 2.3),
            rate=(1.6, 2.1),
            during=(0.18, 0.86),
        ),
    ),
    "kick": (
        Action(
            moves={
                "leg thigh": ((0, 0), (0.25, -24), (0.4, 50), (0.5, 72), (0.6, 60), (0.85, 0), (1, 0)),
                "leg knee": ((0, 0), (0.25, 55), (0.38, 85), (0.5, 6), (0.6, 30), (0.78, 40), (1, 0)),
                "leg toes": ((0, 0), (0.25, 55), (0.4, 35), (0.5, -25), (0.66, 20), (0.85, 0), (1, 0)),
                "other leg knee": hold(12, 0.3, 0.7),
                "other leg thigh": hold(5, 0.3, 0.7),
                "other leg spread": hold(-5, 0.25, 0.75),
                "tip": ((0, 0), (0.25, 10), (0.5, -16), (0.8, 0), (1, 0)),
                "arm raise": ((0, 0), (0.25, 30), (0.5, -28), (1, 0)),
                "other arm raise": ((0, 0), (0.25, -20), (0.5, 42), (1, 0)),
                "arms elbow": hold(28, 0.3, 0.7),
            },
            seconds=(1.3, 1.9),
        ),
    ),
    "squat": (
        Action(
            cycle={
                "legs thigh": ((0, 0), (0.42, 92), (0.55, 92), (0.96, 0)),
                "legs knee": ((0, 0), (0.42, 112), (0.55, 112), (0.96, 0)),
                "legs spread": ((0, 0), (0.42, 9), (0.55, 9), (0.96, 0)),
                "tip": ((0, 0), (0.42, 30), (0.55, 30), (0.96, 0)),
                "nod": ((0, 0), (0.42, -24), (0.55, -24), (0.96, 0)),
                "arms raise": ((0, 0), (0.4, 92), (0.57, 92), (0.96, 0)),
                "arms elbow": ((0, 0), (0.4, -6), (0.57, -6), (0.96, 0)),
            },
            rate=(0.5, 0.75),
            repeats=(1, 1),
        ),
        Action(
            cycle={
                "legs thigh": ((0, 0), (0.42, 100), (0.55, 100), (0.96, 0)),
                "legs knee": ((0, 0), (0.42, 126), (0.55, 126), (0.96, 0)),
                "legs spread": ((0, 0), (0.42, 12), (0.55, 12), (0.96, 0)),
                "legs toes": ((0, 0), (0.42, 14), (0.55, 14), (0.96, 0)),
                "tip": ((0, 0), (0.42, 22), (0.55, 22), (0.96, 0)),
                "arms raise": ((0, 0), (0.42, 34), (0.55, 34), (0.96, 0)),
                "arms elbow": ((0, 0), (0.42, 78), (0.55, 78), (0.96, 0)),
                "arms spin": ((0, 0), (0.42, -35), (0.55, -35), (0.96, 0)),
            },
            rate=(0.55, 0.8),
            repeats=(1, 1),
        ),
    ),
    "sit down": (
        Action(_sitting(True, 30, 44), seconds=(1.3, 2.0)),
        Action(_sitting(True, 8, 18), seconds=(1.3, 2.0)),
    ),
    "stand up": (
        Action(_sitting(False, 30, 44), seconds=(1.3, 2.0)),
        Action(_sitting(False, 8, 18), seconds=(1.3, 2.0)),
    ),
    "bow": (
        Action(
            {"tip": hold(38, 0.36, 0.62), "bend": hold(28, 0.36, 0.62), "nod": hold(16, 0.36, 0.62)}
            | {"legs thigh": hold(-6, 0.36, 0.62)},
            seconds=(1.6, 2.3),
        ),
        Action(
            {"tip": hold(26, 0.36, 0.62), "bend": hold(24, 0.36, 0.62), "nod": hold(20, 0.36, 0.62)}
            | {"arms out": hold(-20, 0.3, 0.7), "arms raise": hold(22, 0.3, 0.7), "legs thigh": hold(-4, 0.36, 0.62)},
            seconds=(1.5, 2.1),
        ),
    ),
    "stomp": (
        Action(
            cycle={
                "leg thigh": ((0, 0), (0.4, 62), (0.5, 60), (0.64, 2), (0.9, 0)),
                "leg knee": ((0, 0), (0.4, 92), (0.5, 88), (0.64, 4), (0.9, 0)),
                "leg toes": ((0, 0), (0.14, 20), (0.4, 12), (0.64, 0), (0.9, 0)),
                "other leg spread": ((0, 0), (0.35, -5), (0.55, -5), (0.75, 0), (0.9, 0)),
                "bend": ((0, 0), (0.4, -4), (0.66, 14), (0.95, 0)),
                "nod": ((0, 0), (0.4, 10), (0.66, 4), (0.95, 0)),
                "arms raise": ((0, 0), (0.4, 14), (0.66, -10), (0.95, 0)),
                "arms elbow": ((0, 0), (0.4, 40), (0.66, 18), (0.95, 0)),
            },
            rate=(0.9, 1.4),
            repeats=(1, 3),
        ),
    ),
    "lie down": (
        Action(
            moves={
                "legs thigh": ((0, 0), (0.36, 104), (0.5, 112), (0.72, 112), (0.95, 90)),
                "legs knee": ((0, 0), (0.36, 132), (0.5, 120), (0.72, 70), (0.95, 6)),
                "legs toes": ((0, 0), (0.36, 12), (0.5, 0), (0.72, -40), (0.95, -70)),
                "tip": ((0, 0), (0.3, 34), (0.5, -14), (0.74, -66), (0.95, -90)),
                "bend": ((0, 0), (0.3, 22), (0.6, 26), (0.9, 2)),
                "nod": ((0, 0), (0.6, 20), (0.95, 0)),
                "arms raise": ((0, 0), (0.3, 20), (0.5, -38), (0.72, -30), (0.95, 4)),
                "arms elbow": ((0, 0), (0.5, 12), (0.72, 40), (0.95, 10)),
                "arms out": ((0, 0), (0.5, 10), (0.95, 20)),
            },
            seconds=(2.0, 2.6),
            exact=True,
        ),
    ),
    "pick up": (
        Action(
            moves={
                "tip": hold(72, 0.42, 0.56),
                "bend": hold(38, 0.42, 0.56),
                "legs thigh": hold(16, 0.42, 0.56),
                "legs knee": hold(34, 0.42, 0.56),
                "arm raise": hold(92, 0.42, 0.56),
                "other arm raise": hold(40, 0.42, 0.56),
                "nod": hold(-12, 0.4, 0.6),
            },
            seconds=(1.6, 2.4),
        ),
        Action(
            moves={
                "tip": hold(40, 0.42, 0.55),
                "bend": hold(24, 0.42, 0.55),
                "legs thigh": hold(96, 0.42, 0.55),
                "legs knee": hold(122, 0.42, 0.55),
                "legs toes": hold(16, 0.42, 0.55),
                "arm raise": hold(62, 0.42, 0.55),
                "arm out": hold(-10, 0.42, 0.55),
                "other arm raise": hold(48, 0.42, 0.55),
                "other arm elbow": hold(50, 0.42, 0.55),
            },
            seconds=(1.6, 2.4),
        ),
    ),
}

SEATED = Action(moves={name: ((0, value), (1, value)) for name, value in _SEATED.items()}, exact=True)
"""On a chair: what legs and pelvis may do during a gesture."""

STEPS = Action(
    cycle={
        name: tuple((time, _SHORTER * value) for time, value in _STEP[name])
        for name in ("legs thigh", "legs knee", "legs toes", "side")
    },
    rate=(0.7, 0.9),
    endless=True,
    alternate=True,
)
"""Walking, in short steps: what they may also do during a gesture, and before and after anything else."""
