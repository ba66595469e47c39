"""What every attack on skeletons must do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

import torch
from torch import Tensor

from stumble.interfaces import Goal, SkeletonAttack, SkeletonAttackResult, SkeletonTarget
from stumble.sequences import Skeletons
from stumble.testing.company import alone
from stumble.testing.evidence import Surroundings, require, require_effort, same, without_gradients

__all__ = ["TOLERANCES", "check_skeleton_attack"]

TOLERANCES: Mapping[str, float] = {"box": 1e-6, "bones": 1e-3, "untouched": 0.0}
"""The largest violation that counts as none, by the name of the constraint and in its unit; of all others 0."""


def check_skeleton_attack(
    attack: SkeletonAttack,
    target: SkeletonTarget,
    batch: Skeletons,
    goal: Goal,
    *,
    seed: int = 0,
    share: float = 0.01,
    slack: float = 0.01,
    tolerances: Mapping[str, float] = TOLERANCES,
    excused: tuple[str, ...] = (),
) -> None:
    """An attack moves joints and nothing else, keeps what it promises, and repeatably so.

    Checked: that the result is finite, and shape, layout, ids, lengths, people and confidences are those of the clean
    sequences; that what is not there stays, bit for bit: padding, absent people, joints that were not detected; that
    the result as stored (float32) keeps every constraint that `attack.constraints(batch)` promises, joints outside an
    attacked region among them; that steps, queries, reasons and trace are told for each sequence, the trace without
    gaps, except behind the stop of one that reached its goal; that the sequences, the goal, the target and torch's
    global random state stay as they were; that the same seed gives the same result, and that neither the order of the
    batch nor the other samples and the padding in it matter; and that it does without gradients where its `access` says
    so.

    The last is exact only in exact arithmetic: float32 rounding depends on the composition of a batch, and sign and
    Adam steps amplify it where a gradient is next to nothing. So there at most `share` of a sample's visible
    coordinates may differ by more than `slack` times the sample's largest displacement.

    Args:
        batch: at least two sequences that the target takes; it shows the more the more they differ in length and in
            the people who are there.
        tolerances: as `TOLERANCES`; constraints that are not named have the one there.
        excused: promised constraints that the attack breaks by design, such as the box of CIASA's projection as the
            paper prints it.

    Raises:
        AssertionError: saying which of this does not hold.
    """
    require(len(batch) >= 2, "the check needs at least two sequences")
    surroundings = Surroundings(target, batch, goal)

    result = attack(target, batch, goal, seed=seed)

    surroundings.require_unchanged("the attack")
    _check_kept(result.adversarial, batch)
    _check_promises(attack, result.adversarial, batch, {**TOLERANCES, **tolerances}, excused)
    surroundings.require_unchanged("asking for the constraints")
    _check_effort(result, len(batch))

    again = attack(target, batch, goal, seed=seed)
    text = "the same seed gives another result"
    _compare(again, result, batch, list(range(len(batch))), 0.0, 0.0, text)
    for name in ("steps", "queries", "stopped"):
        require(same(getattr(again, name), getattr(result, name)), f"{text}: {name}")
    if attack.access != "gradients":
        without = without_gradients(lambda: attack(target, batch, goal, seed=seed))
        everyone = list(range(len(batch)))
        _compare(without, result, batch, everyone, 0.0, 0.0, "without gradients it gives another result")
    backwards = list(range(len(batch)))[::-1]
    turned = attack(target, batch.select(backwards), goal.select(torch.tensor(backwards)), seed=seed)
    _compare(turned, result, batch, backwards, share, slack, "the order of the batch matters")
    for row in range(len(batch)):
        single = attack(target, alone(batch, row), goal.select(torch.tensor([row])), seed=seed)
        _compare(single, result, batch, [row], share, slack, "the rest of the batch matters")


def _check_kept(adversarial: Skeletons, clean: Skeletons) -> None:
    shape = tuple(clean.joints.shape)
    found = tuple(adversarial.joints.shape)
    require(found == shape, f"the result has joints {found}; expected {shape}")
    for field in fields(clean):
        if field.name != "joints":
            unchanged = same(getattr(adversarial, field.name), getattr(clean, field.name))
            require(unchanged, f"the result has other {field.name} than the clean sequences")
    joints = adversarial.joints
    require(joints.is_floating_point(), f"adversarial joints are {joints.dtype}, no floating point")
    require(bool(joints.isfinite().all()), "adversarial joints are not finite")
    moved = ((joints != clean.joints) | (joints.signbit() != clean.joints.signbit())).any(4) & ~clean.visible
    for name, own in zip(clean.ids, moved, strict=True):
        require(not bool(own.any()), f"{name}: a joint that is not visible was moved")


def _check_promises(
    attack: SkeletonAttack,
    adversarial: Skeletons,
    clean: Skeletons,
    tolerances: Mapping[str, float],
    excused: tuple[str, ...],
) -> None:
    stored, clean = adversarial.moved(adversarial.joints.float()), clean.moved(clean.joints.float())
    promised = attack.constraints(clean)
    for name in excused:
        require(name in promised, f"{name!r} is excused, but the attack promises {', '.join(promised) or 'nothing'}")
    for name, constraint in promised.items():
        if name in excused:
            continue
        violation, tolerance = constraint.violation(stored, clean), tolerances.get(name, 0.0)
        shape = tuple(violation.shape)
        require(shape == (len(clean),), f"the violation of {name!r} has shape {shape}; expected ({len(clean)},)")
        for sample, own in zip(clean.ids, violation.tolist(), strict=True):
            # a NaN is no small violation
            require(own <= tolerance, f"{sample}: violates {name!r} by {own:.3g}; {tolerance:g} is allowed")


def _check_effort(result: SkeletonAttackResult, size: int) -> None:
    require_effort(result, size)
    reasons = ("budget", "reached", "done")
    for reason in result.stopped:
        require(reason in reasons, f"stopped says {reason!r}; expected one of {', '.join(reasons)}")
    early = torch.tensor([reason == "reached" for reason in result.stopped])
    for name, values in result.trace.items():
        told = values.isfinite()
        require(bool((told | early).all()), f"trace[{name!r}] has gaps, and not behind the stop of one that reached")
        # once a sample has stopped there is no more to tell
        require(bool((told[1:] <= told[:-1]).all()), f"trace[{name!r}] has gaps before the stop")


def _compare(
    found: SkeletonAttackResult,
    expected: SkeletonAttackResult,
    clean: Skeletons,
    index: list[int],
    share: float,
    slack: float,
    text: str,
) -> None:
    """Row i of `found` against row index[i] of `expected`: few of the coordinates differ by much."""
    for i, row in enumerate(index):
        now, before = found.adversarial.joints[i], expected.adversarial.joints[row]
        people, frames = now.shape[:2]
        part = (row, slice(people), slice(frames))
        visible = clean.visible[part]
        before, was = before[:people, :frames][visible], clean.joints[part][visible]
        differing = _beyond(now[visible] - before, slack * (before - was))
        require(differing <= share, f"{text}: {clean.ids[row]} differs in {differing:.2%} of its coordinates")


def _beyond(differences: Tensor, displacements: Tensor) -> float:
    """The share of differences that are larger than the largest displacement."""
    if not displacements.numel():
        return 0.0
    return float((differences.abs() > displacements.abs().max()).float().mean())
