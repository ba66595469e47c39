"""The package under test is imported with its types and array shapes checked on every call."""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is imported, and for the processes that tests start

import re
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import pytest
import torch
from hypothesis import HealthCheck, settings
from jaxtyping import install_import_hook


class WithKernels(MetaPathFinder):
    """Imports the modules that hold numba kernels as they are: numba compiles no decorated function."""

    def __init__(self, package: str) -> None:
        spec = find_spec(package)
        assert spec is not None
        assert spec.origin is not None
        root = Path(spec.origin).parent
        self.names = {
            ".".join((package, *file.relative_to(root).with_suffix("").parts))
            for file in root.rglob("*.py")
            if re.search(r"^(import|from) numba\b", file.read_text(encoding="utf-8"), re.MULTILINE)
        }

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        return PathFinder.find_spec(fullname, path, target) if fullname in self.names else None


install_import_hook("stumble", "beartype.beartype")
sys.meta_path.insert(0, WithKernels("stumble"))

torch.set_num_threads(1)

settings.register_profile(
    "repeatable", derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("repeatable")


@pytest.fixture(scope="session")
def mocap() -> Path:
    """A folder with motion capture: CMU's trials as `cmu/SUBJECT/SUBJECT_TRIAL.amc`, HDM05's clips in `hdm05`."""
    folder = Path(os.environ.get("STUMBLE_MOCAP", Path(__file__).parents[2] / "shared" / "data"))
    if not (folder / "cmu").is_dir() or not (folder / "hdm05").is_dir():
        pytest.skip(f"no motion capture files in {folder}; STUMBLE_MOCAP names the folder that has cmu and hdm05")
    return folder
