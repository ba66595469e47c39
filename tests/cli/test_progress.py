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
    assert capsys.readouterr().err.splitlines() == [
        "walks: 10/25; about 15 s left; loss 10",
        "walks: 20/25; about 5 s left; loss 20",
        "walks: 25/25; loss 25",
    ]


@pytest.mark.parametrize(
    ("each", "left"), [(10, "about 3 min left"), (1000, "about 5 h left"), (1, "about 108 s left")]
)
def test_what_was_there_at_the_beginning_tells_nothing_of_the_pace(
    each: int, left: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = 0.0
    monkeypatch.setattr("time.monotonic", lambda: clock)
    with progress("campaign") as report:
        report(80, 100)
        for done in (81, 82):
            clock += each
            report(done, 100)
        clock += 10
        report(82, 100)
    assert left in capsys.readouterr().err


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


@pytest.mark.parametrize("name", ["walk[/x]ers", "net [casia]"])
def test_what_is_being_done_is_no_markup(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("TERM", "xterm")
    with progress(f"reading {name}") as report:
        report(1, 1)
    assert f"reading {name}" in terminal.getvalue()
