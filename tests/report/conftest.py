"""Small reports, a page taken apart, and a real browser."""

from __future__ import annotations

import itertools
import json
import os
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stumble.campaign.action_summary import ActionSummary, CleanSummary
from stumble.campaign.summary import AttackSummary
from stumble.layouts import NTU25
from stumble.metrics.retrieval import RankTable
from stumble.report import ActionReport, ActionRow, ActionSample, AttackRow, GaitReport, Strip

VIEWS = ("000", "090", "180")
UNTARGETED = AttackSummary(
    goal="untargeted",
    sequences=12,
    decisions=24,
    n=20,
    rank1_clean=93.1234,
    rank1=14.2,
    success=85.0,
    success_clean=0.0,
    success_binary=84.0,
    plausible=41.0,
    plausible_coherent=20.0,
    plausible_samples=48.0,
    coherent_samples=30.0,
    realness=0.5,
    ci95=(80.0, 90.0),
    plausible_ci95=(35.0, 47.0),
    rank1_ci95=(8.2, 20.2),
    violation=0.0,
    sparsity=0.025,
)
TARGETED = replace(UNTARGETED, goal="targeted", n=24, success=60.0, success_clean=1.5, sparsity=0.1)


def blobs(rng: np.random.Generator, count: int) -> np.ndarray:
    """Ellipses of random place and size, with noise on them: something like silhouettes to compress."""
    y, x = np.mgrid[:64, :44]
    shape = rng.uniform((28, 18, 15, 6), (36, 26, 30, 14), (count, 4))[:, :, None, None]
    inside = ((y - shape[:, 0]) / shape[:, 2]) ** 2 + ((x - shape[:, 1]) / shape[:, 3]) ** 2 < 1
    return np.where(inside ^ (rng.random(inside.shape) < 0.01), 255, 0).astype(np.uint8)


def make_strip(title: str = "075/nm-05/090", count: int = 40, edited: tuple[int, ...] = (0,), seed: int = 0) -> Strip:
    """`count` frames of which those at `edited` are altered."""
    rng = np.random.default_rng(seed)
    clean = blobs(rng, count)
    adversarial, which = clean.copy(), np.isin(np.arange(count), edited)
    adversarial[which] = blobs(rng, len(edited))
    return Strip(title, "untargeted, 1 of 40 frames: 2 of 2 decisions flipped", clean, adversarial, which, True, False)


def rank_table(correct: int, total: int = 4) -> RankTable:
    cells = np.full((3, 3), correct)
    np.fill_diagonal(cells, total)
    return RankTable(VIEWS, VIEWS, cells, np.full((3, 3), total), ~np.eye(3, dtype=bool))


@pytest.fixture
def strip() -> Callable[..., Strip]:
    return make_strip


@pytest.fixture
def report() -> GaitReport:
    return GaitReport(
        title="stumble demo",
        data="walkers",
        synthetic=True,
        clean={"NM": rank_table(3), "CL": rank_table(2)},
        clean_baseline={"NM": 61.0},
        attacks=(
            AttackRow("temporal-sparse", "NM", 1 / 40, UNTARGETED),
            AttackRow("temporal-sparse", "NM", 1 / 10, replace(UNTARGETED, rank1=2.0, sparsity=0.1)),
            AttackRow("real", "NM", 1 / 40, replace(UNTARGETED, rank1=92.0, plausible_samples=97.9)),
            AttackRow("pgd-100", "NM", 1 / 40, replace(UNTARGETED, rank1=11.0, realness=None), note="random start"),
            AttackRow("temporal-sparse", "NM", 1 / 10, TARGETED),
        ),
        strips=(make_strip(), make_strip("076/nm-06/000", edited=(0, 10, 39), seed=1)),
        plausibility={"overlap": 0.8131, "component": 0.97, "coherence": 0.69},
        provenance={"command": "stumble demo --seed 1", "seed": "1"},
        notes=("One sentence for the reader.",),
    )


AIMED = ActionSummary(
    goal="targeted",
    n=200,
    accuracy_clean=96.5,
    accuracy=3.25,
    fooling=99.0,
    success=97.5,
    ci95=(94.0, 99.0),
    joint_mm=5.26,
    joint_max_mm=14.2,
    variation_min=4.78,
    variation_max=9.02,
    variation_mean=7.09,
    coordinate_max=0.012,
    bone_pct=0.012,
    bone_max_pct=0.061,
    accel=38.2,
    accel_absolute=1.2,
    realness=71.0,
    realness_clean=93.0,
    violations={"box": 0.0, "bones": 6e-4, "untouched": 0.0},
)
AWAY = replace(
    AIMED,
    goal="untargeted",
    success=62.0,
    fooling=62.0,
    ci95=(55.0, 69.0),
    bone_max_pct=40.0,
    violations={"box": 2.3e-9, "untouched": 0.0},
)
CLASSES = ("walk", "run", "jump", "wave", "clap", "bow", "kick")


def make_action(title: str = "S001C001P003R001A001", frames: int = 20, seed: int = 0) -> ActionSample:
    """One person who drifts along x, joints moved by up to 12 mm, taken for a bow."""
    rng = np.random.default_rng(seed)
    drift = np.linspace(0, 1, frames)[:, None, None] * (1.0, 0.0, 0.0)
    clean = (rng.uniform((-0.3, -0.8, 2.8), (0.3, 0.9, 3.2), (25, 3)) + drift)[None].astype(np.float32)
    adversarial = clean + rng.uniform(-0.012, 0.012, clean.shape).astype(np.float32)
    return ActionSample(
        title=title,
        caption="CIASA, basic, 12 mm.",
        layout=NTU25,
        clean=clean,
        adversarial=adversarial,
        visible=np.ones(clean.shape[:3], bool),
        attacked=np.isin(np.arange(25), range(12, 20)),
        frames_per_second=30.0,
        classes=CLASSES,
        label=0,
        before=np.array([0.9, 0.05, 0.02, 0.01, 0.01, 0.005, 0.005]),
        after=np.array([0.02, 0.01, 0.03, 0.02, 0.02, 0.88, 0.02]),
        wanted=5,
    )


@pytest.fixture
def action() -> Callable[..., ActionSample]:
    return make_action


@pytest.fixture
def actions() -> ActionReport:
    return ActionReport(
        title="ST-GCN under CIASA",
        data="invented actions",
        synthetic=True,
        clean={"xsub": CleanSummary(600, 96.5, 99.8, (94.8, 97.9), (99.1, 100.0))},
        clean_baseline={"xsub": 61.25},
        attacks=(
            ActionRow("ciasa", "basic", "least-likely", 0.004, 1.6, replace(AIMED, success=71.5, ci95=(64.0, 78.0))),
            ActionRow("ciasa", "basic", "least-likely", 0.012, 1.6, AIMED),
            ActionRow("ciasa", "localized", "least-likely", 0.04, 1.6, replace(AIMED, success=83.0), "legs", "a note"),
            ActionRow("one-step", "basic", "untargeted", 0.012, 1.6, AWAY),
            ActionRow("one-step", "basic", "least-likely", 0.02, 1.6, replace(AIMED, success=4.0, ci95=(2.0, 8.0))),
        ),
        samples=(make_action(), make_action("S001C002P003R001A001", frames=30, seed=1)),
        provenance={"command": "stumble demo --seed 1", "seed": "1"},
        notes=("Another sentence.",),
    )


class Page(HTMLParser):
    """All tags with their attributes, the text outside them, and the data inside the page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)
        self.text = self.text.replace("\u00a0", " ")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str, classed: str = "") -> list[dict[str, str | None]]:
        return [a for name, a in self.tags if name == tag and classed in (a.get("class") or "")]

    def classed(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for _, attributes in self.tags if name in (attributes.get("class") or "").split()]


@pytest.fixture
def parsed() -> Callable[[str], Page]:
    return Page


CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
COMPLAINTS = ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded", "Network.requestWillBeSent")
# Chromium's protocol goes over file descriptors 3 (in) and 4 (out).
START = """
import os, sys
read, write = (os.dup(int(number)) for number in sys.argv[1:3])
os.dup2(read, 3)
os.dup2(write, 4)
os.set_inheritable(3, True)
os.set_inheritable(4, True)
os.execv(sys.argv[3], sys.argv[3:])
"""


class Browser:
    """One page of a headless browser."""

    def __init__(self, profile: Path, *flags: str) -> None:
        assert CHROMIUM is not None
        their_in, self.out = os.pipe()
        self.back, their_out = os.pipe()
        common = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
        command = [CHROMIUM, *common, "--remote-debugging-pipe", f"--user-data-dir={profile}", *flags]
        self.process = subprocess.Popen(
            [sys.executable, "-c", START, str(their_in), str(their_out), *command],
            pass_fds=(their_in, their_out),
            stderr=subprocess.DEVNULL,
        )
        os.close(their_in)
        os.close(their_out)
        self.number, self.pending, self.session = itertools.count(1), b"", None
        self.complaints: list[dict[str, Any]] = []
        self.page = ""
        target = self("Target.createTarget", url="about:blank")["targetId"]
        self.session = self("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self("Runtime.enable")
        self("Log.enable")
        self("Network.enable")

    def __call__(self, method: str, **parameters: object) -> dict[str, Any]:
        number = next(self.number)
        message = {"id": number, "method": method, "params": parameters}
        if self.session is not None:
            message["sessionId"] = self.session
        os.write(self.out, json.dumps(message).encode() + b"\0")
        while True:
            while b"\0" not in self.pending:
                assert select.select([self.back], [], [], 60)[0], f"no answer to {method}"
                self.pending += os.read(self.back, 1 << 16)
            answer, _, self.pending = self.pending.partition(b"\0")
            read = json.loads(answer)
            if read.get("id") == number:
                assert "error" not in read, read
                return dict(read["result"])
            if read.get("method") in COMPLAINTS and not self.own(read["params"].get("request", {}).get("url", "")):
                self.complaints.append(read)

    def own(self, url: str) -> bool:
        """Whether a request is for the page itself, or for what is written in it."""
        return url.startswith("data:") or (bool(url) and url == self.page)

    def run(self, script: str) -> Any:
        answer = self("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def open(self, file: Path) -> None:
        self.page = file.as_uri()
        self("Page.navigate", url=self.page)
        self.until("document.readyState === 'complete' && !document.querySelector('.stage')?.hidden")

    def until(self, condition: str) -> None:
        deadline = time.monotonic() + 30
        while not self.run(condition):
            assert time.monotonic() < deadline, f"never: {condition}"
            time.sleep(0.02)

    def key(self, key: str) -> None:
        for kind in ("keyDown", "keyUp"):
            self("Input.dispatchKeyEvent", type=kind, key=key, text=key if key == " " else "")

    def drawn(self) -> str:
        return str(self.run("document.querySelector('.stage canvas').toDataURL()"))


@pytest.fixture
def browser(tmp_path: Path) -> Callable[..., Any]:
    """Opens a page; in the end its console must be silent, and no request must have left it."""
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine")

    @contextmanager
    def opened(file: Path, *flags: str) -> Iterator[Browser]:
        one = Browser(tmp_path / "profile", "--window-size=1000,800", *flags)
        try:
            one.open(file)
            yield one
            assert one.complaints == [], "console silent, no request"
        finally:
            one.session = None
            one("Browser.close")
            one.process.wait(30)
            os.close(one.out)
            os.close(one.back)

    return opened
