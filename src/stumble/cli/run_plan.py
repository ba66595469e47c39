"""`stumble run PLAN.yaml`"""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from stumble.campaign.plan import read_plan
from stumble.cli.campaign_table import results, show_rigor
from stumble.cli.carry_out import Execution, carry_out

__all__ = ["run_plan"]


def run_plan(file: Path, out: Path, execution: Execution, limit: int | None, command_line: str) -> int:
    """Run a plan; see `stumble run`. Returns 1 where shards could not be done."""
    finished = carry_out(read_plan(file).limited(limit), out, execution, command_line)
    Console().print(results(finished.folder, finished.tested))
    show_rigor(finished.folder)
    return int(finished.failed > 0)
