"""`stumble train bone-angles`"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from stumble import zoo
from stumble.attacks.ciasa import CIASA
from stumble.campaign.choices import classifier, people, readable_actions, weight_file, weights
from stumble.cli.progress import progress
from stumble.data.action_opening import open_actions
from stumble.data.action_splits import split_named
from stumble.data.actions import ActionData
from stumble.errors import SpecError
from stumble.interfaces import SkeletonAttack, SkeletonTarget
from stumble.sequences import Skeletons
from stumble.training.bone_angles import BoneAngleProgress, BoneAngleTraining, PosePairs, taken_for_real

__all__ = ["train_bone_angles"]


def train_bone_angles(
    *,
    data: Path,
    split: str,
    out: Path,
    model: str,
    held_out: str | None = None,
    goal: str = "least-likely",
    limit: int = 256,
    attack: SkeletonAttack = CIASA(iterations=30),
    training: BoneAngleTraining = BoneAngleTraining(),
    command_line: str,
) -> None:
    """Train a discriminator of poses: attack clips, and learn to tell the poses before from those after.

    Example:
        stumble train bone-angles --data actions --split synthetic-xsub --model stgcn-synthetic-xsub \\
            --out poses.safetensors
        stumble train bone-angles --data ntu60 --split ntu60-xview --model mine.pt --out judge.safetensors \\
            --held-out 1,2 --limit 1000 --training.seed 1

    Args:
        data: folder or file of skeleton actions.
        split: on whose training side to train.
        out: file for the weights, .safetensors; a card goes beside it.
        model: the recogniser that is attacked: name of shipped weights, or a checkpoint; see `stumble attack actions`.
        held_out: people to measure with, who are not trained on; by default the last tenth of the training side's.
        goal: of the attack: "least-likely", "untargeted" or a class.
        limit: attack so many clips, and a fourth as many of those held out.
        attack: what moves the joints.
        training: how the discriminator is trained.
    """
    state = weight_file(out)
    target, source = classifier(weights(model)), open_actions(data)
    train, _ = split_named(split, source).apply(source)
    names = train.subjects
    others = people(train, held_out) if held_out is not None else names[-max(1, len(names) // 10) :]
    own = tuple(name for name in names if name not in others)
    if not own:
        raise SpecError(f"{source.name}: all people to train on are held out; expected others besides")
    poses = _attacked(target, train.select(subjects=own), attack, goal, limit, training.seed)
    unseen = _attacked(target, train.select(subjects=others), attack, goal, max(1, limit // 4), training.seed)
    with progress("training") as report:
        network = training.run(poses, state, progress=lambda p: report(p.iteration, p.iterations, _note(p)))
    clean, attacked = taken_for_real(network, unseen)
    kind = "synthetic" if source.synthetic else "real"
    described = f"{source.name} ({kind} data), the training side of {split}: {len(poses)} poses of {len(own)} people"
    metrics = {"clean taken for real": clean, "attacked taken for real": attacked, "poses": float(len(unseen))}
    card = zoo.save(network, out, zoo.Card(described, command_line, training.seed, metrics), half=False)
    print(f"{out}: {card.parameters} parameters, SHA-256 {card.digest[:12]}…")
    print(
        f"of people not trained on it takes {clean:.1f} % of the clean poses for real, {attacked:.1f} % of the others"
    )


def _attacked(
    target: SkeletonTarget, data: ActionData, attack: SkeletonAttack, goal: str, limit: int, seed: int
) -> PosePairs:
    with progress("reading") as report:
        evaluation, _ = readable_actions(target, data, limit, report)
    evaluation = evaluation.aimed(goal)

    def pairs() -> Iterator[tuple[Skeletons, Skeletons]]:
        done = 0
        for clips, clean in evaluation.batches():
            yield clean, attack(target, clean, evaluation.goal(goal, clips), seed=seed).adversarial
            done += len(clips)
            report(done, len(evaluation.clips))

    with progress("attack") as report:
        return PosePairs.of(pairs())


def _note(p: BoneAngleProgress) -> str:
    return f"loss {p.loss:.3f}, {p.seconds:.3f} s/iteration"
