"""The skeleton player in a real browser, driven as its reader would."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from stumble.report import ActionReport, GaitReport, write_report

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
