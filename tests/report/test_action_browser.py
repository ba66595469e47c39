"""The skeleton player in a real browser, driven as its reader would."""

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
from pathlib import Path
from typing import Any

import pytest

from stumble.report import ActionReport, GaitReport, write_report

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")
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
        target = self("Target.createTarget", url="about:blank")["targetId"]
        self.session = self("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self("Runtime.enable")
        self("Log.enable")

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
            if read.get("method") in COMPLAINTS:
                self.complaints.append(read)

    def run(self, script: str) -> Any:
        answer = self("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def open(self, file: Path) -> None:
        self("Page.navigate", url=file.as_uri())
        self.until("document.readyState === 'complete' && !document.querySelector('.stage')?.hidden")
        self("Network.enable")

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


FRAME = "Number(document.querySelector('.stage > input').value)"


def test_the_player_starts_when_seen_and_can_be_stopped(
    actions: ActionReport, report: GaitReport, browser: Callable[..., Any], tmp_path: Path
) -> None:
    file = tmp_path / "report.html"
    write_report(file, report, actions)
    with browser(file) as page:
        page.run("document.querySelector('.stage').scrollIntoView({behavior: 'instant', block: 'center'})")
        page.until(f"{FRAME} > 2 && document.querySelector('.stage .play').textContent === 'Pause'")
        page.run("document.querySelector('.stage .play').click()")
        stopped = page.run(FRAME)
        time.sleep(0.2)
        assert page.run(FRAME) == stopped
        page.run("document.querySelector('.stage .speed').value = '2'; document.querySelector('.stage .play').click()")
        page.until(f"{FRAME} !== {stopped}")


def test_the_player_obeys(actions: ActionReport, browser: Callable[..., Any], tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    large = replace(actions.samples[1], adversarial=actions.samples[1].adversarial + 0.2)
    write_report(file, replace(actions, samples=(actions.samples[0], large)))
    with browser(file, "--force-prefers-reduced-motion") as page:
        page.run("document.querySelector('.stage').scrollIntoView({behavior: 'instant', block: 'center'})")
        time.sleep(0.3)
        assert page.run(f"[{FRAME}, document.querySelector('.stage .play').textContent]") == [0, "Play"], (
            "less motion asked for"
        )
        assert page.run("document.querySelector('.stage output').textContent") == "1 / 20, 0.00 s"
        first = page.drawn()
        page.run("document.querySelector('.stage canvas').focus()")
        page.key("ArrowRight")
        turned = page.drawn()
        assert turned != first
        page.key("ArrowLeft")
        assert page.drawn() == first, "there and back"
        page.key(" ")
        page.until(f"{FRAME} > 1")
        page.key(" ")

        page.run("document.querySelector('.step[data-step=\"1\"]').click()")
        assert page.run("[...document.querySelectorAll('.clip')].map((clip) => clip.hidden)") == [True, False]
        assert page.run("document.querySelector('.stage output').textContent") == "1 / 30, 0.00 s"
        page.run("s = document.querySelector('.stage > input'); s.value = 15; s.dispatchEvent(new Event('input'))")
        assert page.run("document.querySelector('.stage output').textContent") == "16 / 30, 0.50 s"
        looks = {page.drawn()}
        for click in (".overlaid", ".overlaid"):
            page.run(f"document.querySelector('{click}').click()")
            looks.add(page.drawn())
        page.run("e = document.querySelector('.exaggeration'); e.value = 5; e.dispatchEvent(new Event('change'))")
        looks.add(page.drawn())
        assert len(looks) == 3, "side by side, overlaid, exaggerated"

        box = page.run(
            "b = document.querySelector('.stage canvas').getBoundingClientRect();"
            "[b.x + b.width / 2, b.y + b.height / 2]"
        )
        for kind, shift in (("mousePressed", 0), ("mouseMoved", 60), ("mouseReleased", 60)):
            page(
                "Input.dispatchMouseEvent",
                type=kind,
                x=box[0] + shift,
                y=box[1],
                button="left",
                buttons=1,
                clickCount=1,
            )
        assert page.drawn() not in looks, "dragging turns"
