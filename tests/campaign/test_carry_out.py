"""What a command says of shards that failed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from stumble.campaign.plan import Plan
from stumble.campaign.run_folder import RunFolder
from stumble.campaign.work import Event, Executor, Worker
from stumble.cli.carry_out import Execution, carry_out


@dataclass(frozen=True)
class Stumbling(Executor):
    """Fails at every shard, and then does the first so many all the same."""

    done: int

    def run(self, folder: RunFolder, tell: Callable[[Event], None] = lambda event: None) -> None:
        for shard in (shard for cell in folder.cells() for shard in cell.shards):
            folder.fail(shard, ValueError("not today"))
            tell(Event("failed", str(shard), text="not today"))
        folder.start(folder.plan, folder.cells(), {})
        Worker(folder, tell, iter([False] * (self.done + 1) + [True]).__next__).run()


@pytest.mark.parametrize("done", [6, 2])
def test_what_is_done_in_the_end_has_not_failed(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], done: int
) -> None:
    monkeypatch.setattr(Execution, "cluster", lambda self, tested: Stumbling(done))
    finished = carry_out(plan, tmp_path / "run", Execution("ray", None, None), "stumble run")
    assert finished.failed == 6 - done
    told = capsys.readouterr().err
    assert ("and 3 more: not today" in told and "4 shards failed" in told) == (done == 2)
    assert ("failed" in told.splitlines()[-1]) == (done == 2)


def test_what_another_call_failed_at_meanwhile_is_not_done(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @dataclass(frozen=True)
    class Elsewhere(Executor):
        def run(self, folder: RunFolder, tell: Callable[[Event], None] = lambda event: None) -> None:
            Worker(folder, tell, iter([False] * 6 + [True]).__next__).run()
            folder.fail(folder.cells()[1].shards[2], ValueError("not today"))

    monkeypatch.setattr(Execution, "cluster", lambda self, tested: Elsewhere())
    assert carry_out(plan, tmp_path / "run", Execution("ray", None, None), "stumble run").failed == 1
