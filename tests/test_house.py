"""What holds for the package as a whole."""

from __future__ import annotations

import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest

import stumble

ROOT = Path(__file__).parents[1]


def run(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def test_importing_loads_nothing_heavy() -> None:
    started = time.perf_counter()
    loaded = run("import sys, stumble; print(*sys.modules)").split()
    assert time.perf_counter() - started < 2
    assert not {"ray", "jinja2", "pyarrow", "torch", "stumble.report"} & set(loaded)


@pytest.mark.parametrize("name", [name for name in stumble.__all__ if not name.startswith("_")])
def test_every_public_name_is_there_and_loads_no_more_than_it_needs(name: str) -> None:
    loaded = run(f"import sys, stumble; stumble.{name}; print(*sys.modules)").split()
    assert getattr(stumble, name).__name__ == name
    assert not {"ray", "jinja2", "pyarrow", "stumble.report"} & set(loaded)


def test_a_name_that_does_not_exist_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Silhouette'"):
        stumble.Silhouette  # noqa: B018
    assert set(stumble.__all__) <= set(dir(stumble))


def test_constraints_pin_every_dependency_exactly_and_without_local_builds() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = dict(line.split("==") for line in lines if not line.startswith("#"))
    assert not any("+" in version for version in pins.values())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    needed = project["project"]["dependencies"] + project["project"]["optional-dependencies"]["dev"]
    names = {requirement.partition(">=")[0].partition("[")[0].lower() for requirement in needed}
    assert names <= {name.lower() for name in pins}
    assert project["build-system"]["requires"] == [f"hatchling=={pins['hatchling']}"]
