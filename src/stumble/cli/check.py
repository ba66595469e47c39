"""`stumble data check`"""

from __future__ import annotations

from pathlib import Path

from stumble.cli.progress import progress
from stumble.data import inspect_data

__all__ = ["check"]


def check(path: Path) -> int:
    """Say what a folder of gait data or skeleton actions holds, what is missing, and what is damaged.

    Gait is compared with the published data set; of actions it says which splits fit. The exit status is 1 where a
    sequence cannot be used.

    Example:
        stumble data check CASIA-B

    Args:
        path: gait: a folder in any of the layouts that are known (compressed arrays, OpenGait's pickles, CASIA-B's or
            CASIA-A's images). Actions: a folder of NTU's .skeleton files, of ST-GCN's or 2s-AGCN's arrays, of HDM05's
            or Kinetics-skeleton's files, a .npz file of CTR-GCN or a .pkl file of PYSKL.
    """
    with progress("sequences") as report:
        found = inspect_data(path, report)
    print("\n".join(found.lines()))
    return 1 if found.damaged else 0
