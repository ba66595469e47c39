"""The `stumble` command. Each command is a function in a file of its own, and its signature is its command line."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from inspect import signature

from stumble import __version__
from stumble.errors import StorageError, StumbleError

__all__ = ["COMMANDS", "Command", "main"]


@dataclass(frozen=True)
class Command:
    """One command.

    Attributes:
        home: "module:function" below `stumble.cli`, imported when the command is called.
        summary: what it does, in a line.
        resumes: whether calling it again goes on where an interrupted call stopped.
    """

    home: str
    summary: str
    resumes: bool = False


COMMANDS = {
    "demo": Command("demo:demo", "attack GaitSet and ST-GCN on synthetic people and write a report", resumes=True),
    "data synth gait": Command("synth_gait:synth_gait", "render synthetic walkers", resumes=True),
    "data synth actions": Command("synth_actions:synth_actions", "make synthetic skeleton actions", resumes=True),
    "data check": Command("check:check", "say what gait data or skeleton actions hold, lack and have damaged"),
    "data pretreat": Command("pretreat:pretreat", "pretreat raw silhouettes once and for all", resumes=True),
    "train gaitset": Command("train_gaitset:train_gaitset", "train a gait recogniser", resumes=True),
    "train gaitbase": Command("train_gaitbase:train_gaitbase", "train a residual gait recogniser", resumes=True),
    "train geinet": Command("train_geinet:train_geinet", "train a recogniser of energy images", resumes=True),
    "train gaitgan": Command("train_gaitgan:train_gaitgan", "train a generator of side views", resumes=True),
    "train selfgait": Command("train_selfgait:train_selfgait", "train a gait recogniser, without labels", resumes=True),
    "train stgcn": Command("train_stgcn:train_stgcn", "train a recogniser of skeleton actions", resumes=True),
    "train agcn": Command("train_agcn:train_agcn", "train one stream of 2s-AGCN, joints or bones", resumes=True),
    "train pa-lstm": Command("train_pa_lstm:train_pa_lstm", "train another, PA-LSTM", resumes=True),
    "train bone-angles": Command("train_bone_angles:train_bone_angles", "train a discriminator of poses", resumes=True),
    "train wgan": Command("train_wgan:train_wgan", "train a generator of silhouettes and its critic", resumes=True),
    "harden gaitset": Command("harden_gaitset:harden_gaitset", "go on training on attacked sequences", resumes=True),
    "harden stgcn": Command("harden_stgcn:harden_stgcn", "go on training on attacked skeleton actions", resumes=True),
    "evaluate": Command("evaluate:evaluate", "recognition of clean gait sequences by view and condition"),
    "evaluate actions": Command("evaluate_actions:evaluate_actions", "recognition of clean skeleton actions"),
    "attack": Command("attack:attack", "one attack on gait, judged"),
    "attack actions": Command("attack_actions:attack_actions", "one attack on skeleton actions, judged"),
    "certify": Command(
        "certify:certify", "prove what no edit of a few frames can change in gait recognition", resumes=True
    ),
    "certify actions": Command(
        "certify_actions:certify_actions", "prove what no small edit can change in action recognition", resumes=True
    ),
    "defend": Command(
        "defend:defend", "defences of gait recognition, and attacks that know them, in one table", resumes=True
    ),
    "defend actions": Command(
        "defend_actions:defend_actions", "defences of action recognition, likewise", resumes=True
    ),
    "run": Command("run:run", "a plan of many attacks, or a paper's table on your data", resumes=True),
    "status": Command("status:status", "how far a campaign is"),
    "report": Command("report:report", "a campaign as one HTML page"),
    "judge": Command("judge:judge", "judge a campaign's stored samples again"),
    "export": Command("export:export", "a campaign's results as CSV, Parquet or LaTeX"),
}
"""What `stumble` can do, in the order in which `stumble --help` says it."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status.

    0: done. 1: done, and something was found wrong. 2: the input cannot be used; a line on stderr says why. 130:
    interrupted.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    name = ""
    try:
        name = _name(arguments)
        return _run(name, arguments)
    except SystemExit as stop:  # argparse has printed its message
        return stop.code if isinstance(stop.code, int) else 2
    except StumbleError as error:
        print(f"stumble: {error}", file=sys.stderr)
        if isinstance(error, StorageError) and COMMANDS[name].resumes:
            print("stumble: what is finished stays; the same command goes on from there", file=sys.stderr)
        return 2
    except OSError as error:
        if error.filename is None:
            raise
        print(f"stumble: {error.filename}: {error.strerror}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        resumes = name in COMMANDS and COMMANDS[name].resumes
        hint = "the same command goes on where this one stopped" if resumes else "nothing was written"
        print(f"\nstumble: interrupted; {hint}", file=sys.stderr)
        return 130


def _name(arguments: Sequence[str]) -> str:
    """The command that the first words name. Without one: exits with a list of those that there are."""
    words: list[str] = []
    longest = max(len(name.split()) for name in COMMANDS)
    for argument in arguments[:longest]:
        if argument.startswith("-"):
            break
        words.append(argument)
    for count in range(len(words), 0, -1):
        if (name := " ".join(words[:count])) in COMMANDS:
            return name
    typed = " ".join(words)
    family = [name for name in COMMANDS if name.startswith(f"{typed} ")] if words else list(COMMANDS)
    listed = "\n".join(f"  {name:<20}{COMMANDS[name].summary}" for name in family or COMMANDS)
    parser = argparse.ArgumentParser(
        prog="stumble",
        usage=f"stumble {typed if family and typed else 'COMMAND'} ...",
        description=f"commands:\n{listed}",
        epilog="`stumble COMMAND --help` explains a command.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"stumble {__version__}")
    if not family:
        close = get_close_matches(typed, COMMANDS, 1, cutoff=0)
        parser.error(f"no command {typed!r}; did you mean {close[0]!r}?")
    parser.parse_args(arguments[len(words) :])
    parser.print_help(sys.stderr)
    sys.exit(2)


def _run(name: str, arguments: Sequence[str]) -> int:
    from stumble.cli.parsing import parse

    module, _, function_name = COMMANDS[name].home.partition(":")
    function = getattr(import_module(f"stumble.cli.{module}"), function_name)
    words = len(name.split())
    given = parse(function, f"stumble {name}", arguments[words:])
    if "command_line" in signature(function).parameters:
        given["command_line"] = shlex.join(["stumble", *arguments])

    from stumble.training.memory import keep_freed_memory

    keep_freed_memory()
    return function(**given) or 0
