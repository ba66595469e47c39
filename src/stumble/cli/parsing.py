"""From the signature and the docstring of a command to its options, and from what was typed to its arguments."""

from __future__ import annotations

import re
from argparse import Action
from collections.abc import Callable, Sequence
from inspect import Parameter, getdoc, signature
from typing import Any

from jsonargparse import ArgumentParser, DefaultHelpFormatter

from stumble.cli.shorthand import spelled_out

__all__ = ["parse"]


class _Help(DefaultHelpFormatter):
    """Keeps the lines of descriptions, and shows a class by its name."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return "".join(f"{indent}{line}" for line in text.splitlines(keepends=True))

    def _expand_help(self, action: Action) -> str:
        return re.sub(r"<class '(?:\w+\.)*(\w+)'>", r"\1", super()._expand_help(action))


def parse(function: Callable[..., object], program: str, arguments: Sequence[str]) -> dict[str, Any]:
    """What to call `function` with. Prints help or a message and exits where argparse does.

    Keyword-only parameters are options, others are positions on the command line; `command_line` is the caller's to
    give. `--config FILE` reads options from a YAML file, `--print_config` writes them.

    Raises:
        StumbleError: a component refuses its fields.
    """
    parameters = signature(function).parameters
    positions = any(p.kind is not Parameter.KEYWORD_ONLY and p.default is p.empty for p in parameters.values())
    description = (getdoc(function) or "").partition("\nArgs:")[0]
    parser = ArgumentParser(prog=program, description=description, formatter_class=_Help)
    parser.add_argument("--config", action="config", help="YAML file with options.")
    parser.add_function_arguments(function, as_group=False, as_positional=positions, skip={"command_line"})
    spelled = spelled_out(program, [_underscored(argument) for argument in arguments])
    given = parser.instantiate(parser.parse_args(spelled))
    return {name: given[name] for name in parameters if name in given}


def _underscored(argument: str) -> str:
    """`--held-out=x` as `--held_out=x`, which is how the parameter is spelled."""
    option, equals, value = argument.partition("=")
    return (f"--{option[2:].replace('-', '_')}" if option.startswith("--") else option) + equals + value
