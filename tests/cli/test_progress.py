from __future__ import annotations

import io
import sys

import pytest

from stumble.cli.progress import progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_log_gets_a_line_now_and_then_and_the_last(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = 0.0
    monkeypatch.setattr("time.monotonic", lambda: clock)
    with progress("walks") as report:
        for done in range(1, 26):
            clock += 1.0
            report(done, 25, f"loss {done}")
    lines = capsys.readouterr().err.splitlines()
    assert lines == ["walks: 10/25; loss 10", "walks: 20/25; loss 20", "walks: 25/25; loss 25"]


def test_a_terminal_gets_a_bar_with_its_note_below(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm")
    note = "loss 0.193, 100.0 % of triplets left, 0.08 s/iteration, rank-1 90.0 %"
    with progress("training") as report:
        report(3, 7, note)
    shown = terminal.getvalue()
    assert "3/7" in shown and note in shown
