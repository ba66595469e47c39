"""Campaigns written by hand: data, adversarial samples and verdicts, all of them small and none from a network."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch

from stumble.attacks import OneStep, RandomFrames, TemporalSparse
from stumble.campaign.action_bench import ActionBench
from stumble.campaign.cell import Cell, specified
from stumble.campaign.gait_bench import GaitBench
from stumble.campaign.plan import Plan
from stumble.campaign.results import read_results
from stumble.campaign.run_folder import RunFolder
from stumble.campaign.store import write_samples, write_skeletons
from stumble.constraints import JointBudget, Sparsity
from stumble.data import Note, open_actions, open_gait, write_frames
from stumble.data.actions import ActionData
from stumble.data.gait import GaitData
from stumble.interfaces import AttackResult
from stumble.report import CampaignReport, campaign_report
from stumble.sequences import Silhouettes
from stumble.zoo import Shipped

HOSTILE = "<img src=x onerror=alert(1)>"
CLOSING = "</script><script>alert(1)<"  # names of folders have no other slash
MADE = {"version": "0", "torch": "2", "threads": 1, "machine": "m", "host": "h"}
Fell = Callable[[str, int], bool]
"""Whether an attack, by its name, has the sample of this number where it wants it."""


def stronger(attack: str, number: int) -> bool:
    """The larger its budget the more samples an attack gets; controls get none."""
    return number < {"one": 2, "two": 5, "small": 2, "large": 5}.get(attack, 0)


class Campaigns:
    """Writes campaigns into a folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.fell: Fell = stronger
        self.left: tuple[str, ...] = ()  # attacks of which only the first shard is done
        self.sanity: dict[str, int] = {}
        self.recognisers: dict[str, tuple[str, str | None]] = {"left": ("none", None), "right": ("none", None)}
        self.facts: dict[str, dict[str, str]] = {}  # of a bench, by its name, besides those that all have
        self.real: tuple[str, ...] = ()  # benches whose people are called real
        self.unaimed: tuple[int, ...] = ()  # clips that are taken for the wanted class already
        self.told = True  # whether verdicts on gait tell whose a sequence is

    def gait(self, subject: str = "075", goals: Sequence[str] = ("untargeted", "targeted")) -> RunFolder:
        """Six probes in two views; one or two frames altered, and a control."""
        data = self.walkers(subject)
        prior = Shipped("wgan-synthetic")
        plan = Plan(
            benches={"<gaitset>": GaitBench("none", self.root / "walkers", frames=10)},
            attacks={
                "one": TemporalSparse(prior, budget=Sparsity(frames=1)),
                "two": TemporalSparse(prior, budget=Sparsity(frames=2)),
                "random": RandomFrames(prior, budget=Sparsity(frames=1)),
            },
            goals=tuple(goals),
            shard=4,
        )
        probes = [key for key in data.keys if key.condition != "nm-01"]
        facts = {"model": "1", "sequences": "2", "protocol": "casia-b"}

        def attacked(cell: Cell, samples: Sequence[str], folder: Path) -> pa.Table:
            keys = [key for key in probes if key.id in samples]
            clean = data.batch(keys, 10)
            edited = torch.zeros(len(keys), 10, dtype=torch.bool)
            edited[:, : 2 if cell.entry.attack == "two" else 1] = True
            frames = torch.where(edited[:, :, None, None], 255 - clean.frames, clean.frames)
            steps = torch.ones(len(keys), dtype=torch.int64)
            moved = Silhouettes(frames, clean.lengths, clean.ids)
            write_samples(folder / "0000.npz", AttackResult(moved, edited, steps, steps, ("done",) * len(keys)))
            rows = []
            for key in keys:
                fell = self.fell(cell.entry.attack, [probe.id for probe in probes].index(key.id))
                whose = key.subject if self.told else ""
                for view in ("054", "126"):
                    rows.append(decision(key.id, whose, key.condition, key.view, view, cell.entry.goal, fell))
            return pa.Table.from_pylist(rows)

        return self._run("gait", plan, [probe.id for probe in probes], facts, data, attacked)

    def actions(self, first: str = "S001C001P001R001A001", goals: Sequence[str] = ("untargeted",)) -> RunFolder:
        """Six clips of three classes and two people; two boxes on benches of the same data, `recognisers` by name with
        what is judged and what the attack sees instead.
        """
        data = self.clips(first)
        plan = Plan(
            benches={
                name: ActionBench(model, self.root / "clips", source=source)
                for name, (model, source) in self.recognisers.items()
            },
            attacks={"small": OneStep(JointBudget(0.01)), "large": OneStep(JointBudget(0.02))},
            goals=tuple(goals),
            shard=4,
        )
        facts = {"model": "1", "sequences": "2", "layout": data.layout.name}

        def attacked(cell: Cell, samples: Sequence[str], folder: Path) -> pa.Table:
            aimed = [clip for number, clip in enumerate(data.clips) if number not in self.unaimed]
            clips = [clip for clip in aimed if clip.id in samples]
            clean = data.batch(clips)
            far = 0.01 if cell.entry.attack == "small" else 0.02
            write_skeletons(folder / "0000.npz", clean.moved(clean.joints + far * clean.present[..., None, None]))
            rows = []
            for clip in clips:
                fell = self.fell(cell.entry.attack, data.clips.index(clip))
                label, other = (data.classes[(clip.label + k) % 3] for k in (0, 1))
                rows.append(
                    CLIP
                    | {"sample": clip.id, "subject": clip.subject, "camera": clip.camera, "label": label}
                    | {"predicted_before": label, "predicted_after": other if fell else label}
                    | {"correct_after": not fell, "fooled": fell, "margin_after": 1.0 if fell else -1.0}
                    | {"joint_mean": 1000 * far, "joint_max": 1000 * far * 3**0.5}
                    | {"goal": "untargeted" if cell.entry.goal == "untargeted" else "targeted"}
                )
            return pa.Table.from_pylist(rows)

        return self._run("actions", plan, [clip.id for clip in data.clips], facts, data, attacked)

    def walkers(self, subject: str) -> GaitData:
        """Four people, one of whom is called as asked, walk as noise."""
        rng, root = np.random.default_rng(0), self.root / "walkers"
        root.mkdir(parents=True)
        Note(True, "casia-b", {}).write(root)
        for name in (subject, "076", "077"):
            for condition in ("nm-01", "nm-05"):
                for view in ("054", "126"):
                    frames = 255 * rng.integers(0, 2, (12, 64, 44), np.uint8)
                    write_frames(root / name / condition / view / f"{view}.npz", frames)
        return open_gait(root)

    def clips(self, first: str) -> ActionData:
        """Six clips of 12 frames, the first of which is called as asked."""
        root = self.root / "clips"
        root.mkdir(parents=True)
        rng = np.random.default_rng(0)
        joints = np.zeros((6, 3, 12, 25, 2), np.float32)
        joints[..., 0] = rng.uniform(0.5, 1.5, (6, 3, 12, 25))
        joints[1, :, :, :, 1] = joints[1, :, :, :, 0] + 1
        names = [first, *(f"S001C00{k % 2 + 1}P00{k % 2 + 1}R001A00{k % 3 + 1}" for k in range(1, 6))]
        np.save(root / "val_data.npy", joints)
        (root / "val_label.pkl").write_bytes(pickle.dumps((names, [k % 3 for k in range(6)])))
        note = {"synthetic": True, "classes": ["walk", HOSTILE, "bow"]}
        (root / "stumble.json").write_text(json.dumps(note), encoding="utf-8")
        return open_actions(root)

    def _run(
        self,
        name: str,
        plan: Plan,
        samples: list[str],
        facts: dict[str, str],
        data: GaitData | ActionData,
        attacked: Callable[[Cell, Sequence[str], Path], pa.Table],
    ) -> RunFolder:
        cells = []
        for entry in plan.entries():
            specification = {
                "bench": {**facts, "name": entry.bench, **self.facts.get(entry.bench, {})},
                "attack": specified(plan.attacks[entry.attack]),
                "goal": entry.goal,
                "seed": entry.seed,
            }
            synthetic, access = entry.bench not in self.real, plan.attacks[entry.attack].access
            known = data.name, synthetic, {}, self.sanity
            cells.append(Cell(entry, specification, tuple(samples), plan.shard, *known, access))
        folder = RunFolder(self.root / name)
        folder.start(plan, tuple(cells), {"command": "stumble run plan.yaml", "version": "0"})
        for cell in cells:
            for shard in cell.shards[: 1 if cell.entry.attack in self.left else None]:
                with folder.claimed(shard):
                    folder.write(shard, lambda path, c=cell, s=shard: attacked(c, s.samples, path), MADE)  # type: ignore[misc]
        return folder


def decision(sample: str, subject: str, condition: str, view: str, gallery: str, goal: str, fell: bool) -> dict:  # type: ignore[type-arg]
    targeted = goal == "targeted"
    return (
        {"sample": sample, "subject": subject, "condition": condition, "view": view, "gallery_view": gallery}
        | {"goal": goal, "wanted": "076" if targeted else None, "correct_before": True, "correct_after": not fell}
        | {"correct_binary": not fell, "hit_before": False, "hit_after": targeted and fell, "hit_binary": False}
        | {"margin_before": -1.0, "margin_after": 0.5 if fell else -0.5, "frames": 10, "edited": 1, "sparsity": 0.1}
        | {"violation": 0.0, "plausible": fell, "coherent": False, "realness": None}
    )


MEASURES = ("variation_min", "variation_max", "variation_mean", "coordinate_max", "bone_mean", "bone_max", "accel")
CLIP = (
    {"sample": "", "subject": "", "camera": "", "label": "", "goal": "untargeted", "wanted": None}
    | {"predicted_before": "", "predicted_after": "", "correct_before": True, "correct_after": True, "fooled": False}
    | {"margin_before": -2.0, "margin_after": -1.0, "probability_before": 0.9, "probability_after": 0.8}
    | {"frames": 12, "height": 1.0, "skeletons": 12, "joint_mean": 0.0, "joint_max": 0.0, "accel_absolute": 0.0}
    | {"violation_box": 0.0, "violation_untouched": 0.0, "realness": 50.0, "realness_clean": 90.0}
    | dict.fromkeys(MEASURES, 0.5)
)


@pytest.fixture
def campaigns(tmp_path: Path) -> Campaigns:
    return Campaigns(tmp_path)


@pytest.fixture
def reported() -> Callable[..., CampaignReport]:
    """From a run folder to its report."""
    return lambda run, films=24: campaign_report(run, read_results(run), films)
