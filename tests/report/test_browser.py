"""The page in a real browser: its script runs, its policy lets it, and nothing is complained of."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from stumble.report import GaitReport, write_report

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")
def test_the_players_start_and_the_console_stays_silent(report: GaitReport, tmp_path: Path) -> None:
    assert CHROMIUM is not None
    file = tmp_path / "report.html"
    write_report(file, report)
    browser = subprocess.run(
        [
            CHROMIUM,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--no-first-run",
            f"--user-data-dir={tmp_path / 'profile'}",
            "--enable-logging=stderr",
            "--virtual-time-budget=3000",
            "--dump-dom",
            file.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert "CONSOLE" not in browser.stderr
    players = re.findall(r'<div class="player([^"]*)"( hidden="")?', browser.stdout)
    assert players == [(" at-edited", ""), (" at-edited", "")], "shown, and at the first altered frame"
    assert re.findall(r"<output>(.*?)</output>", browser.stdout) == ["1 / 40, altered"] * 2
