"""The same PGD through stumble, through a loop written by hand, and through three other tools.

    make peers
    stumble data synth gait --subjects 6 --first 75 --out walkers
    python benchmarks/peers.py walkers docs

Writes DOCS/peers.md. Two targets: ST-GCN on synthetic actions (joints may move by 4 cm, clips of 64 frames), and
GaitSet with a gallery of people as its classes (all pixels of 40 frames may move by 8 or by 16 levels: how much
stopping saves depends on how many samples fall). Each tool is used as its documentation says, once on the network as
it was loaded, with parameters that collect gradients, and once with parameters frozen by us. All ways take turns;
medians. Robust accuracy is that of a fresh forward pass on what each way returned.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import art.attacks.evasion
import art.estimators.classification
import foolbox
import numpy as np
import torch
import torchattacks
from incremental import machine
from torch import Tensor, nn
from torch.nn import functional

from stumble.attacks import JointPGD, PixelAttack
from stumble.campaign import ActionEvaluation, GaitEvaluation
from stumble.constraints import JointBudget, Sparsity
from stumble.data import open_gait
from stumble.data.whole_files import whole_file
from stumble.interfaces import Goal, SkeletonTarget, Target
from stumble.objectives import CrossEntropy
from stumble.sequences import Silhouettes, Skeletons
from stumble.synth import Actors
from stumble.targets import identifier
from stumble.training.memory import keep_freed_memory
from stumble.zoo import Shipped

STEPS, SHARE, REPEATS = 20, 0.1, 3


@dataclass(frozen=True)
class Task:
    """One target as the other tools see it, and as ours does.

    Attributes:
        network: from x in [0, 1] to logits.
        x, label: the clean samples, all recognised rightly.
        epsilon: half the width of the box, in units of x.
        ours: what our attack makes of the samples, given when to stop.
    """

    name: str
    network: nn.Module
    x: Tensor
    label: Tensor
    epsilon: float
    ours: Callable[[float | None], Tensor]


class Joints(nn.Module):
    """ST-GCN on joints brought to [0, 1]."""

    def __init__(self, target: nn.Module, like: Skeletons, low: float, high: float) -> None:
        super().__init__()
        self.target, self.like, self.low, self.high = target, like, low, high

    def forward(self, x: Tensor) -> Tensor:
        batch = self.like.select(range(len(x))).moved(self.low + (self.high - self.low) * x)
        logits: Tensor = self.target(batch).logits
        return logits


class Frames(nn.Module):
    """GaitSet with a gallery."""

    def __init__(self, network: nn.Module, identify: Target) -> None:
        super().__init__()
        self.network, self.identify = network, identify

    def forward(self, x: Tensor) -> Tensor:
        frames = Silhouettes(x, torch.full((len(x),), x.shape[1]), tuple(str(k) for k in range(len(x))))
        logits = self.identify(frames).logits
        assert logits is not None
        return logits


def actions(clips: int) -> Task:
    target = Shipped("stgcn-synthetic-xsub").load()
    assert isinstance(target, SkeletonTarget)
    data = Actors().data(range(75, 95))
    evaluation = ActionEvaluation.prepare(target, data).select(limit=40 * clips)
    whole = [
        clip
        for clip in evaluation.clips
        if data.load(clip).positions.shape[1] == 64 and int(evaluation.logits([clip])[0].argmax()) == clip.label
    ][:clips]
    batch, label = data.batch(whole), data.labels(whole)
    low, high = float(batch.joints.min()) - 0.1, float(batch.joints.max()) + 0.1
    epsilon = 0.04

    def ours(stop: float | None) -> Tensor:
        attack = JointPGD(JointBudget(epsilon), iterations=STEPS, step=SHARE, stop=stop)
        moved = attack(target, batch, Goal("untargeted", label), seed=0).adversarial
        return (moved.joints - low) / (high - low)

    x = (batch.joints - low) / (high - low)
    return Task("ST-GCN, 4 cm", Joints(target, batch, low, high), x, label, epsilon / (high - low), ours)


def walkers(root: Path, sequences: int, levels: int) -> Task:
    target = Shipped("gaitset-synthetic").load()
    assert isinstance(target, Target)
    data = open_gait(root)
    evaluation = GaitEvaluation.prepare(target, data, subjects=data.subjects, frames=40)
    identify = identifier(target, evaluation.gallery)
    keys = [key for key in evaluation.select(kinds=["NM"]).probes if len(data.load(key)) >= 40][:sequences]
    batch, label = data.batch(keys, 40).floating(), evaluation.gallery.labels([key.subject for key in keys])
    epsilon = levels / 255

    def ours(stop: float | None) -> Tensor:
        attack = PixelAttack(
            Sparsity(frames=40),
            objective=CrossEntropy(),
            distortion=epsilon,
            iterations=STEPS,
            step=SHARE * epsilon,
            stop=stop,
        )
        return attack(identify, batch, Goal("untargeted", label), seed=0).adversarial.frames

    return Task(f"GaitSet, {levels} levels", Frames(target, identify), batch.frames, label, epsilon, ours)


def ways(task: Task) -> Iterator[tuple[str, bool | None, Callable[[], Tensor]]]:
    """Name, whether parameters are frozen (None: ours to decide), and what runs."""
    step = SHARE * task.epsilon
    yield "stumble, stops at success", None, lambda: task.ours(0.0)
    yield "stumble, all steps", None, lambda: task.ours(None)
    for frozen in (True, False):
        yield "by hand", frozen, lambda: by_hand(task)
        pgd = torchattacks.PGD(task.network, eps=task.epsilon, alpha=step, steps=STEPS, random_start=True)
        yield "torchattacks 3.5.1", frozen, lambda pgd=pgd: pgd(task.x, task.label)  # type: ignore[misc]
        yield "Foolbox 3.3.4", frozen, lambda: with_foolbox(task)
        yield "ART 1.20.1", frozen, lambda: with_art(task)


def by_hand(task: Task) -> Tensor:
    x = (task.x + task.epsilon * (2 * torch.rand_like(task.x) - 1)).clamp(0, 1)
    for _ in range(STEPS):
        x = x.detach().requires_grad_()
        (gradient,) = torch.autograd.grad(functional.cross_entropy(task.network(x), task.label), x)
        x = x.detach() + SHARE * task.epsilon * gradient.sign()
        x = x.clamp(task.x - task.epsilon, task.x + task.epsilon).clamp(0, 1)
    return x


def with_foolbox(task: Task) -> Tensor:
    model = foolbox.PyTorchModel(task.network, bounds=(0, 1), device="cpu")
    attack = foolbox.attacks.LinfPGD(abs_stepsize=SHARE * task.epsilon, steps=STEPS, random_start=True)
    _, moved, _ = attack(model, task.x, foolbox.criteria.Misclassification(task.label), epsilons=task.epsilon)
    return moved


def with_art(task: Task) -> Tensor:
    classes = task.network(task.x[:1]).shape[1]
    estimator = art.estimators.classification.PyTorchClassifier(
        task.network, nn.CrossEntropyLoss(), tuple(task.x.shape[1:]), classes, clip_values=(0, 1), device_type="cpu"
    )
    attack = art.attacks.evasion.ProjectedGradientDescent(
        estimator,
        eps=task.epsilon,
        eps_step=SHARE * task.epsilon,
        max_iter=STEPS,
        num_random_init=1,
        batch_size=len(task.x),
        verbose=False,
    )
    return torch.from_numpy(attack.generate(task.x.numpy(), task.label.numpy().astype(np.int64)))


def measure(task: Task, repeats: int) -> list[tuple[str, bool | None, float, float]]:
    """Name, frozen, seconds and robust accuracy in percent."""
    seconds: dict[tuple[str, bool | None], list[float]] = {}
    accuracy: dict[tuple[str, bool | None], float] = {}
    for _ in range(repeats + 1):  # the first one warms up
        for name, frozen, run in ways(task):
            task.network.eval().requires_grad_(not frozen)
            began = time.perf_counter()
            moved = run()
            seconds.setdefault((name, frozen), []).append(time.perf_counter() - began)
            task.network.eval().requires_grad_(False)
            with torch.no_grad():
                right = task.network(moved.detach().float()).argmax(1) == task.label
            accuracy[name, frozen] = 100 * right.double().mean().item()
            excess = float((moved - task.x).abs().max()) - task.epsilon
            assert excess < 1e-6, f"{name} leaves the box by {excess}"
            print(f"{task.name}: {name}, frozen {frozen}: {seconds[name, frozen][-1]:.2f} s", flush=True)
    return [(*way, median(values[1:]), accuracy[way]) for way, values in seconds.items()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("docs", type=Path, nargs="?", default=Path("docs"))
    parser.add_argument("--clips", type=int, default=16)
    parser.add_argument("--sequences", type=int, default=4)
    parser.add_argument("--quick", action="store_true", help="one sample of each, once, to see that it runs")
    given = parser.parse_args()
    keep_freed_memory()
    torch.manual_seed(0)
    clips, sequences, repeats = (1, 1, 1) if given.quick else (given.clips, given.sequences, REPEATS)
    sections = []
    tasks = actions(clips), *(walkers(given.data, sequences, levels) for levels in (8, 16))
    for task in tasks:
        rows = measure(task, repeats)
        first = rows[0][2]
        lines = "\n".join(
            f"| {name} | {'by itself' if frozen is None else 'frozen' if frozen else 'as published'} | {seconds:.2f} | "
            f"{seconds / first:.2f} | {robust:.0f} |"
            for name, frozen, seconds, robust in rows
        )
        sections.append(
            f"## {task.name}, {len(task.x)} samples, {STEPS} steps of {SHARE:g} ε, one random start\n\n"
            f"| | parameters | seconds | times the first | robust accuracy, % |\n|---|---|---:|---:|---:|\n{lines}\n"
        )
    body = "\n".join(sections)
    with whole_file(given.docs / "peers.md") as temporary:
        temporary.write_text(
            f"""# The same PGD through other tools

Untargeted, on samples that are recognised rightly; synthetic data. Ways take turns, medians of {REPEATS} after one run
that warms up. Robust accuracy is that of a fresh forward pass on what each way returned.

{body}
Measured with `python benchmarks/peers.py walkers docs` on {machine()}.
""",
            encoding="utf-8",
        )


if __name__ == "__main__":
    main()
