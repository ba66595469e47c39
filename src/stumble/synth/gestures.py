"""Actions of the arms, as tables. Each class has the ways in which people perform it."""

from __future__ import annotations

from collections.abc import Mapping

from stumble.synth.action_tables import Action, arm, beat, hold

__all__ = ["GESTURES"]

GESTURES: Mapping[str, tuple[Action, ...]] = {
    "wave one hand": (
        Action(arm(90, 69, 59, 91), {"arm spin": beat(24), "arm elbow": beat(10, 0.1)}, rate=(1.5, 2.4)),
        Action(arm(55, 59, 44, 113), {"arm spin": beat(26), "arm wrist": beat(18, 0.1)}, rate=(1.8, 2.7)),
        Action(arm(150, 60, 30, 22), {"arm raise": beat(17), "arm elbow": beat(14, 0.6)}, rate=(1.2, 1.8)),
    ),
    "wave both hands": (
        Action(arm(92, 72, 60, 85, "arms"), {"arms spin": beat(24), "arms elbow": beat(8, 0.1)}, rate=(1.4, 2.2)),
        Action(arm(145, 70, 30, 20, "arms"), {"arms raise": beat(20), "arms elbow": beat(10, 0.6)}, rate=(1.1, 1.7)),
    ),
    "clap": (
        Action(arm(34, 53, -18, 105, "arms"), {"arms out": beat(18), "arms spin": beat(18)}, rate=(1.9, 3.0)),
        Action(arm(54, 41, -15, 89, "arms"), {"arms out": beat(19), "arms spin": beat(22)}, rate=(1.5, 2.2)),
    ),
    "punch": (
        Action(
            moves=arm(18, 45, -5, 128, "arms", 0.15, 0.85)
            | {"leg thigh": hold(-16, 0.15), "other leg thigh": hold(20, 0.15)}
            | {"legs knee": hold(12, 0.15), "bend": hold(8, 0.15), "legs spread": hold(5, 0.15)},
            cycle={
                "arms raise": ((0, 0), (0.25, 68), (0.5, 0), (0.8, 0)),
                "arms out": ((0, 0), (0.25, -56), (0.5, 0), (0.8, 0)),
                "arms elbow": ((0, 0), (0.25, -120), (0.5, 0), (0.8, 0)),
                "twist": ((0, 10), (0.25, -24), (0.5, 10), (0.75, 24)),
            },
            rate=(1.0, 1.6),
            alternate=True,
        ),
        Action(
            moves={
                "arm raise": ((0, 0), (0.3, 5), (0.42, -15), (0.55, 88), (0.66, 84), (1, 0)),
                "arm out": ((0, 0), (0.42, 25), (0.55, -12), (0.66, -10), (1, 0)),
                "arm elbow": ((0, 0), (0.3, 100), (0.42, 115), (0.55, 4), (0.66, 10), (1, 0)),
                "twist": ((0, 0), (0.42, 24), (0.55, -26), (0.68, -22), (1, 0)),
                "tip": hold(8, 0.5, 0.7),
                "leg thigh": hold(-20, 0.4, 0.8),
                "other leg thigh": hold(26, 0.4, 0.8),
                "other leg knee": hold(26, 0.4, 0.8),
            },
            seconds=(1.3, 1.8),
        ),
    ),
    "drink": (
        Action(
            arm(63, 26, -32, 138, up=0.32, down=0.72)
            | {"nod": ((0, 0), (0.34, 2), (0.5, -20), (0.64, -20), (0.8, 0), (1, 0)), "arm roll": hold(35)},
            {"arm elbow": beat(3)},
            rate=(0.8, 1.2),
            seconds=(1.7, 2.4),
        ),
        Action(
            arm(80, 40, -23, 140, up=0.34, down=0.7)
            | {"nod": ((0, 0), (0.34, 0), (0.5, -26), (0.66, -24), (0.8, 0), (1, 0)), "arm roll": hold(30)},
            seconds=(1.7, 2.4),
        ),
    ),
    "throw": (
        Action(
            moves={
                "arm raise": ((0, 0), (0.28, 70), (0.42, 86), (0.56, 112), (0.66, 60), (0.78, 25), (1, 0)),
                "arm out": ((0, 0), (0.28, 90), (0.42, 98), (0.56, 20), (0.66, -20), (0.78, -15), (1, 0)),
                "arm spin": ((0, 0), (0.28, 70), (0.42, 96), (0.56, 30), (0.66, 0), (1, 0)),
                "arm elbow": ((0, 0), (0.28, 95), (0.42, 105), (0.56, 22), (0.66, 14), (1, 0)),
                "other arm raise": ((0, 0), (0.38, 58), (0.56, 10), (1, 0)),
                "twist": ((0, 0), (0.4, 34), (0.58, -30), (0.75, -20), (1, 0)),
                "tip": ((0, 0), (0.4, -8), (0.6, 20), (0.75, 14), (1, 0)),
                "leg thigh": hold(-16, 0.42, 0.8),
                "other leg thigh": hold(24, 0.42, 0.8),
                "other leg knee": hold(20, 0.5, 0.75),
            },
            seconds=(1.3, 2.0),
        ),
        Action(
            moves={
                "arm raise": ((0, 0), (0.34, -22), (0.56, 82), (0.66, 104), (0.76, 80), (1, 0)),
                "arm elbow": ((0, 0), (0.34, 8), (0.56, 4), (0.66, 22), (1, 0)),
                "twist": ((0, 0), (0.34, 20), (0.58, -14), (1, 0)),
                "tip": ((0, 0), (0.34, 20), (0.6, 6), (1, 0)),
                "bend": hold(12, 0.35, 0.5),
                "legs knee": hold(24, 0.35, 0.5),
                "legs thigh": hold(12, 0.35, 0.5),
                "other leg thigh": hold(20, 0.4, 0.8),
            },
            seconds=(1.3, 1.9),
        ),
    ),
    "point": (
        Action(arm(86, 8, 0, 2) | {"look": hold(3), "twist": hold(-6)}, seconds=(1.4, 2.2)),
        Action(arm(84, 62, 0, 3) | {"look": hold(42), "twist": hold(10)}, seconds=(1.4, 2.2)),
        Action(arm(112, 34, 0, 2) | {"look": hold(20), "nod": hold(-16)}, seconds=(1.4, 2.2)),
    ),
    "salute": (
        Action(arm(103, 67, 40, 135, up=0.24, down=0.74) | {"bend": hold(-5), "nod": hold(-4)}, seconds=(1.4, 2.2)),
        Action(arm(78, 37, 9, 137, up=0.22, down=0.76) | {"bend": hold(-3)}, seconds=(1.3, 2.0)),
    ),
    "cheer up": (
        Action(
            arm(150, 55, 20, 42, "arms") | {"bend": hold(-8), "nod": hold(-12)},
            {"arms raise": beat(14), "arms elbow": beat(-26), "legs thigh": ((0, 0), (0.5, 10))}
            | {"legs knee": ((0, 0), (0.5, 20))},
            rate=(1.4, 2.1),
        ),
        Action(arm(160, 62, 15, 16, "arms", 0.25, 0.78) | {"bend": hold(-10), "nod": hold(-18)}, seconds=(1.5, 2.2)),
        Action(
            arm(120, 40, 20, 85, "arms") | {"bend": hold(-4)},
            {"arms raise": beat(26), "arms elbow": beat(-38), "air": ((0, 0.07), (0.25, 0), (0.7, 0))}
            | {
                "legs toes": ((0, 30), (0.25, 0), (0.7, 0)),
                "legs knee": ((0, 6), (0.5, 30)),
                "legs thigh": ((0, 3), (0.5, 15)),
            },
            rate=(1.3, 1.7),
        ),
    ),
    "check watch": (
        Action(arm(44, 41, -44, 107) | {"nod": hold(22), "arm roll": hold(40), "look": hold(6)}, seconds=(1.3, 2.1)),
        Action(
            arm(60, 34, -40, 112)
            | {"nod": hold(14), "arm roll": hold(40)}
            | {
                "other arm raise": hold(38),
                "other arm out": hold(10),
                "other arm spin": hold(-50),
                "other arm elbow": hold(86),
            },
            seconds=(1.4, 2.2),
        ),
    ),
    "scratch head": (
        Action(
            arm(124, 52, 33, 112, up=0.24, down=0.78),
            {"arm elbow": beat(13), "arm spin": beat(8, 0.1)},
            rate=(1.8, 2.8),
        ),
        Action(arm(122, 60, 55, 124, up=0.24, down=0.78), {"arm elbow": beat(12), "arm out": beat(8)}, rate=(1.6, 2.6)),
    ),
    "rub hands": (
        Action(
            arm(33, 38, -30, 106, "arms", 0.22, 0.8) | {"bend": hold(4)},
            {"arms elbow": beat(9), "arms raise": beat(5)},
            rate=(1.8, 3.0),
            alternate=True,
        ),
    ),
}
