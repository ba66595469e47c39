"""What every component must do, as functions that raise AssertionError where one does not. For your own tests, too.

A good component passes in silence::

    def test_my_recogniser():
        stumble.testing.check_target(MyRecogniser(), batch)
"""

from __future__ import annotations

from stumble.testing.attacks import check_attack
from stumble.testing.constraints import check_constraint
from stumble.testing.skeleton_attacks import check_skeleton_attack
from stumble.testing.skeleton_constraints import check_skeleton_constraint
from stumble.testing.skeleton_targets import check_skeleton_target
from stumble.testing.targets import check_target

__all__ = [
    "check_attack",
    "check_constraint",
    "check_skeleton_attack",
    "check_skeleton_constraint",
    "check_skeleton_target",
    "check_target",
]
