from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path

import pytest

import stumble
from stumble.cli import COMMANDS, main
from stumble.errors import StumbleError


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"stumble {stumble.__version__}\n"


def test_help_lists_every_command_without_loading_any() -> None:
    code = "import sys; from stumble.cli import main; main(['--help']); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert all(f"  {name} " in done.stdout for name in COMMANDS)
    assert not {"torch", "numpy", "jsonargparse", "rich"} & set(done.stderr.split())


def test_without_a_command_the_list_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "data check" in capsys.readouterr().err


def test_the_first_word_of_a_family_lists_the_family(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--help"]) == 0
    listed = capsys.readouterr().out
    assert "train gaitset" in listed and "train wgan" in listed and "evaluate" not in listed


def test_a_misspelt_command_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evalute", "--model", "x"]) == 2
    assert "no command 'evalute'; did you mean 'evaluate'?" in capsys.readouterr().err


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*name.split(), "--help"]) == 0
    shown = capsys.readouterr().out
    assert f"usage: stumble {name} " in shown
    assert "Args:" not in shown and "command_line" not in shown
    assert "<class" not in shown


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "demo"])
def test_every_command_gives_an_example_that_names_it(name: str) -> None:
    module, _, function = COMMANDS[name].home.partition(":")
    text = getattr(import_module(f"stumble.cli.{module}"), function).__doc__
    assert f"Example:\n        stumble {name} " in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["evaluate", "--model", "x"], "data"),
        (["evaluate", "--modle", "x"], "modle"),
        (["data", "synth", "gait", "--out", "x", "--subjects", "many"], "subjects"),
    ],
)
def test_options_that_do_not_fit_are_named(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    shown = capsys.readouterr().err
    assert message in shown and "Traceback" not in shown


def test_what_a_user_can_mend_is_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(path: Path) -> int:
        raise StumbleError(f"{path}: found this; expected that")

    monkeypatch.setattr("stumble.cli.check.check", refuse)
    assert main(["data", "check", "somewhere"]) == 2
    assert capsys.readouterr().err == "stumble: somewhere: found this; expected that\n"


def test_a_place_that_cannot_be_written_to_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(path: Path) -> int:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("stumble.cli.check.check", refuse)
    assert main(["data", "check", "somewhere"]) == 2
    assert capsys.readouterr().err == "stumble: somewhere: Permission denied\n"


def test_a_mistake_of_ours_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(path: Path) -> int:
        raise ZeroDivisionError

    monkeypatch.setattr("stumble.cli.check.check", fail)
    with pytest.raises(ZeroDivisionError):
        main(["data", "check", "somewhere"])


def test_an_interruption_says_whether_the_same_command_goes_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def check(path: Path) -> int:
        raise KeyboardInterrupt

    def pretreat(source: Path, destination: Path) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("stumble.cli.check.check", check)
    assert main(["data", "check", "x"]) == 130
    assert capsys.readouterr().err == "\nstumble: interrupted; nothing was written\n"
    monkeypatch.setattr("stumble.cli.pretreat.pretreat", pretreat)
    assert main(["data", "pretreat", "x", "y"]) == 130
    assert "the same command goes on where this one stopped" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT to a process group")
def test_ctrl_c_during_rendering_leaves_whole_files_and_no_traceback(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "stumble", "data", "synth", "gait", "--out", str(tmp_path / "out")]
    process = subprocess.Popen(
        command,
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # ignored where a shell runs tests behind it
    )
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob("out/*/*/*/*.npz")) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    _, shown = process.communicate(timeout=60)
    assert process.returncode == 130
    assert shown == "\nstumble: interrupted; the same command goes on where this one stopped\n"
    assert list(tmp_path.glob("out/*/*/*/*.npz"))
    assert not list(tmp_path.rglob(".*"))
