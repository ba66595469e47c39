"""`stumble data check`"""

from __future__ import annotations

from pathlib import Path

from stumble.cli.progress import progress
from stumble.data import inspect_folder

__all__ = ["check"]


def check(path: Path) -> int:
    """Say what a folder of gait data holds, what is missing of the published data set, and what is damaged.

    The exit status is 1 where a sequence cannot be used.

    Example:
        stumble data check CASIA-B

    Args:
        path: folder in any of the layouts that are known: compressed arrays, OpenGait's pickles, CASIA-B's or
            CASIA-A's images.
    """
    with progress("sequences") as report:
        found = inspect_folder(path, report)
    print("\n".join(found.lines()))
    return 1 if found.damaged else 0
