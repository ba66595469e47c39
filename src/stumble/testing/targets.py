"""What every target must do."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from stumble import seeds
from stumble.interfaces import Features, FrameSeparable, Output, SetPooled, SilhouetteInput, Target
from stumble.sequences import Silhouettes
from stumble.testing.evidence import ModuleStates, answers, copied, require, require_close, require_unchanged

__all__ = ["check_target"]


def check_target(target: Target, batch: Silhouettes, *, tolerance: float = 1e-5) -> None:
    """A target answers finitely, repeatably and differentiably, and each sequence as if it were alone.

    Checked: the shapes of the answer; that padding, the rest of the batch, and levels against floating point change
    nothing; that the gradient reaches every sequence; that the input and the state of the target's modules stay.
    Of a `FrameSeparable`: that frames are encoded one by one, and `aggregate(encode(packed))` is the answer.
    Of a `SetPooled`: that pooling parts and merging them is pooling the whole, in any order.

    Args:
        batch: at least two sequences of different length, as the target takes them, each of at least two frames.
        tolerance: largest difference, as a share of the largest value compared.

    Raises:
        AssertionError: saying which of this does not hold.
    """
    several = len(batch) >= 2 and 2 <= int(batch.lengths.min()) < int(batch.lengths.max())
    require(several, "the check needs at least two sequences of different length, each of at least two frames")
    require(isinstance(target.takes, SilhouetteInput), "target.takes is not a SilhouetteInput")
    batch = batch.quantised().floating()
    given, states = copied(batch), ModuleStates(target)

    with torch.no_grad():
        expected = _answer(target, batch)
        require_unchanged(batch, given, "the target")
        _check_repeatable(target, batch, expected, tolerance)
        _check_alone(target, batch, expected, tolerance)
    _check_gradient(target, batch)
    with torch.no_grad():
        if isinstance(target, FrameSeparable):
            _check_frame_separable(target, batch, expected, tolerance)
        if isinstance(target, SetPooled):
            _check_set_pooled(target, batch, expected, tolerance)

    states.require_unchanged("the call")


def _answer(target: Target, batch: Silhouettes) -> Output:
    output = target(batch)
    require(isinstance(output, Output), f"the target answers with a {type(output).__name__}, not an Output")
    parts = answers(output)
    require(bool(parts), "the answer holds neither embedding nor logits")
    for name, part in parts.items():
        axes = {"embedding": 3, "logits": 2}[name]
        shaped = part.ndim == axes and len(part) == len(batch)
        require(
            shaped, f"{name} has shape {tuple(part.shape)}; expected {axes} axes, the first of {len(batch)} sequences"
        )
        require(bool(part.isfinite().all()), f"{name} is not finite")
    return output


def _check_repeatable(target: Target, batch: Silhouettes, expected: Output, tolerance: float) -> None:
    _compare(_answer(target, batch), expected, tolerance, "asked twice, the target answers differently")
    _compare(
        _answer(target, batch.quantised()), expected, tolerance, "levels and floating point are answered differently"
    )


def _check_alone(target: Target, batch: Silhouettes, expected: Output, tolerance: float) -> None:
    padding = batch.frames.new_zeros(len(batch), 3, *batch.frames.shape[2:])
    padded = replace(batch, frames=torch.cat([batch.frames, padding], 1))
    _compare(_answer(target, padded), expected, tolerance, "padded frames change the answer")
    for k, name in enumerate(batch.ids):
        alone = _answer(target, batch.select([k]))
        _compare(alone, _row(expected, k), tolerance, f"{name} alone is answered differently than in the batch")


def _check_gradient(target: Target, batch: Silhouettes) -> None:
    frames = batch.frames.clone().requires_grad_()
    for name, part in answers(target(replace(batch, frames=frames))).items():
        require(part.requires_grad, f"no gradient flows from {name} to the frames")
        # a weighted sum: the plain sum of, for instance, probabilities is constant
        weights = seeds.normal(0, batch.ids, "contract", tuple(part.shape[1:])).to(part)
        (gradient,) = torch.autograd.grad((part * weights).sum(), frames, retain_graph=True, allow_unused=True)
        require(gradient is not None, f"no gradient flows from {name} to the frames")
        require(bool(gradient.isfinite().all()), f"the gradient of {name} is not finite")
        for sequence, own in zip(batch.ids, gradient, strict=True):
            require(bool((own != 0).any()), f"no gradient flows from {name} to the frames of {sequence}")


def _check_frame_separable(target: FrameSeparable, batch: Silhouettes, expected: Output, tolerance: float) -> None:
    packed = batch.packed()
    features = target.encode(packed)
    for feature in features:
        require(len(feature) == len(packed), f"encode answers with {len(feature)} rows for {len(packed)} frames")
    text = "a frame is encoded differently alone than among others"
    _compare_features(target.encode(packed[:1]), tuple(feature[:1] for feature in features), tolerance, text)
    _compare(
        target.aggregate(features, batch.lengths), expected, tolerance, "aggregate(encode(packed)) is not the answer"
    )


def _check_set_pooled(target: SetPooled, batch: Silhouettes, expected: Output, tolerance: float) -> None:
    features, mask = target.encode(batch.packed()), batch.mask
    pooled = target.pool(features, batch.lengths)
    _compare(target.head(pooled), expected, tolerance, "head(pool(encode(packed))) is not the answer")

    rank = torch.arange(mask.shape[1]).expand(mask.shape)[mask]
    backwards = (batch.lengths.cumsum(0) - 1).repeat_interleave(batch.lengths) - rank
    reordered = target.pool(tuple(feature[backwards] for feature in features), batch.lengths)
    _compare_features(reordered, pooled, tolerance, "the order of frames changes what is pooled")

    first = rank == 0
    one = target.pool(tuple(feature[first] for feature in features), torch.ones_like(batch.lengths))
    rest = target.pool(tuple(feature[~first] for feature in features), batch.lengths - 1)
    text = "merge(pool(a), pool(b)) is not pool(all)"
    _compare_features(target.merge(one, rest), pooled, tolerance, text)
    _compare_features(target.merge(rest, one), pooled, tolerance, f"{text} when b comes first")


def _row(output: Output, k: int) -> Output:
    rows: dict[str, Tensor] = {name: part[k : k + 1] for name, part in answers(output).items()}
    return Output(**rows)


def _compare(found: Output, expected: Output, tolerance: float, text: str) -> None:
    one, other = answers(found), answers(expected)
    require(one.keys() == other.keys(), f"{text}: {sorted(one)}, not {sorted(other)}")
    for name, part in other.items():
        require_close(one[name], part, tolerance, f"{text} ({name})")


def _compare_features(found: Features, expected: Features, tolerance: float, text: str) -> None:
    require(len(found) == len(expected), f"{text}: {len(found)} tensors, not {len(expected)}")
    for one, other in zip(found, expected, strict=True):
        require_close(one, other, tolerance, text)
