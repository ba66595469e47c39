"""What every attack must do."""

from __future__ import annotations

import torch
from torch import Tensor

from stumble.interfaces import Attack, AttackResult, Goal, Target
from stumble.sequences import Silhouettes
from stumble.testing.evidence import Surroundings, require, require_effort, without_gradients

__all__ = ["check_attack"]


def check_attack(
    attack: Attack, target: Target, batch: Silhouettes, goal: Goal, *, seed: int = 0, share: float = 0.01
) -> None:
    """An attack changes the frames that it says it changes and nothing else, and repeatably so.

    Checked: shapes, ids and ranges of the result; that as stored (uint8) all frames outside `edited` are those of the
    clean sequence, bit for bit, and that without inserted frames the clean sequence is left; that the sequences, the
    goal, the target and torch's global random state stay as they were; that the same seed gives the same result, and
    that neither the order of the batch nor the other samples in it matter; and that it does without gradients where its
    `access` says so.

    The last is exact only in exact arithmetic: float32 rounding depends on the composition of a batch, and sign steps
    amplify it. So there `edited` must agree exactly, and at most `share` of a sample's pixels may differ by more than
    one level.

    Args:
        batch: at least two sequences that the target takes.

    Raises:
        AssertionError: saying which of this does not hold.
    """
    require(len(batch) >= 2, "the check needs at least two sequences")
    surroundings = Surroundings(target, batch, goal)

    result = attack(target, batch, goal, seed=seed)

    surroundings.require_unchanged("the attack")
    _check_shapes(result, batch)
    _check_edits(result.adversarial.quantised(), result.edited, batch.quantised())

    again = attack(target, batch, goal, seed=seed)
    _compare(again, result, list(range(len(batch))), 0.0, 0, "the same seed gives another result")
    if attack.access != "gradients":
        without = without_gradients(lambda: attack(target, batch, goal, seed=seed))
        _compare(without, result, list(range(len(batch))), 0.0, 0, "without gradients it gives another result")
    backwards = list(range(len(batch)))[::-1]
    for index, text in ((backwards, "the order of the batch matters"), ([0], "the rest of the batch matters")):
        part = attack(target, batch.select(index), goal.select(torch.tensor(index)), seed=seed)
        _compare(part, result, index, share, 1, text)


def _check_shapes(result: AttackResult, batch: Silhouettes) -> None:
    adversarial = result.adversarial
    require(adversarial.ids == batch.ids, f"the result has the ids {adversarial.ids}, not {batch.ids}")
    frames = adversarial.frames
    require(frames.shape[2:] == batch.frames.shape[2:], f"the result has frames of {tuple(frames.shape[2:])}")
    require(bool(frames.isfinite().all()), "adversarial frames are not finite")
    levels = frames.dtype == torch.uint8
    require(levels or bool(((frames >= 0) & (frames <= 1)).all()), "adversarial frames leave the range [0, 1]")
    require(not bool(frames[~adversarial.mask].any()), "frames past a sequence's length are not zero")
    shape = tuple(adversarial.mask.shape)
    require(tuple(result.edited.shape) == shape, f"edited has shape {tuple(result.edited.shape)}; expected {shape}")
    require(not bool((result.edited & ~adversarial.mask).any()), "edited marks frames past a sequence's length")
    require_effort(result, len(batch))


def _check_edits(adversarial: Silhouettes, edited: Tensor, clean: Silhouettes) -> None:
    for name, now, marks, before in zip(clean.ids, adversarial.unpadded(), edited, clean.unpadded(), strict=True):
        marks, grown = marks[: len(now)], len(now) - len(before)
        inserted = grown > 0 and int(marks.sum()) == grown
        require(grown == 0 or inserted, f"{name}: {grown} frames more, but {int(marks.sum())} are marked as edited")
        untouched = before if inserted else before[~marks]
        require(torch.equal(now[~marks], untouched), f"{name}: a frame that is not marked as edited was changed")


def _compare(
    found: AttackResult, expected: AttackResult, index: list[int], share: float, levels: int, text: str
) -> None:
    """Row i of `found` against row index[i] of `expected`: pixels that differ by more than `levels` are few."""
    sequences = expected.adversarial.select(index).quantised().unpadded()
    for i, (now, before) in enumerate(zip(found.adversarial.quantised().unpadded(), sequences, strict=True)):
        where = f"{text}: {found.adversarial.ids[i]}"
        require(now.shape == before.shape, f"{where} has {len(now)} frames, not {len(before)}")
        marks, expected_marks = found.edited[i, : len(now)], expected.edited[index[i], : len(now)]
        require(torch.equal(marks, expected_marks), f"{where} is edited at other frames")
        differing = float(((now.int() - before.int()).abs() > levels).float().mean())
        require(differing <= share, f"{where} differs in {differing:.2%} of its pixels")
