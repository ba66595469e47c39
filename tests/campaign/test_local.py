"""Worker processes, and what is left when they are killed."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from stumble.campaign.cell import cells_of
from stumble.campaign.local import LocalExecutor, _started
from stumble.campaign.plan import Plan
from stumble.campaign.results import read_results
from stumble.campaign.run_folder import RunFolder
from stumble.campaign.work import Event, Worker

COMMAND = "import sys; from stumble.cli import main; sys.exit(main(sys.argv[1:]))"
YAML = """
benches:
  random: {{class_path: ActionBench, init_args: {{model: {model}, data: {data}, limit: 6}}}}
attacks:
  small: {{class_path: OneStep, init_args: {{budget: {{class_path: JointBudget, init_args: {{epsilon: 0.01}}}}}}}}
  large: {{class_path: OneStep, init_args: {{budget: {{class_path: JointBudget, init_args: {{epsilon: 0.04}}}}}}}}
shard: 1
"""


def start(plan: Plan, root: Path) -> RunFolder:
    folder = RunFolder(root)
    folder.start(plan, cells_of(plan, {name: bench.open(2**30) for name, bench in plan.benches.items()}), {})
    return folder


def rows(folder: RunFolder) -> list[dict[str, object]]:
    tables = [result.verdicts for result in read_results(folder)]
    return [row for table in tables if table is not None for row in table.to_pylist()]


@pytest.fixture
def undisturbed(plan: Plan, tmp_path: Path) -> list[dict[str, object]]:
    folder = start(plan, tmp_path / "undisturbed")
    Worker(folder).run()
    return rows(folder)


def test_two_workers_do_what_one_does(plan: Plan, undisturbed: list[dict[str, object]], tmp_path: Path) -> None:
    folder = start(plan, tmp_path / "run")
    events: list[Event] = []
    LocalExecutor(2).run(folder, events.append)
    assert sorted(event.shard for event in events if event.state == "done") == [
        str(shard) for cell in sorted(folder.cells(), key=lambda cell: cell.id) for shard in cell.shards
    ]
    assert rows(folder) == undisturbed


def test_a_worker_that_is_killed_is_replaced(plan: Plan, undisturbed: list[dict[str, object]], tmp_path: Path) -> None:
    folder = start(plan, tmp_path / "run")
    killed: list[int] = []

    def tell(event: Event) -> None:
        if event.state == "began" and len(killed) < 2:
            (process,) = multiprocessing.active_children()
            assert process.pid is not None
            killed.append(process.pid)
            process.kill()

    LocalExecutor(1).run(folder, tell)
    assert len(set(killed)) == 2
    assert rows(folder) == undisturbed


def test_a_shard_over_which_workers_die_is_given_up(plan: Plan, tmp_path: Path) -> None:
    folder = start(plan, tmp_path / "run")
    shards = [shard for cell in folder.cells() for shard in cell.shards]
    events: list[Event] = []

    def tell(event: Event) -> None:
        events.append(event)
        if event == Event("began", str(shards[0])):
            (process,) = multiprocessing.active_children()
            process.kill()

    LocalExecutor(1).run(folder, tell)
    assert [folder.done(shard) for shard in shards] == [False] + [True] * 5
    assert "a worker died 3 times over it" in str(folder.failure(shards[0]))
    assert [event.shard for event in events if event.state == "failed"] == [str(shards[0])]


def test_once_interrupted_nobody_is_hired(plan: Plan, tmp_path: Path) -> None:
    folder = start(plan, tmp_path / "run")
    events: list[Event] = []

    def tell(event: Event) -> None:
        events.append(event)
        if event.state == "began":
            (process,) = multiprocessing.active_children()
            process.kill()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        LocalExecutor(1).run(folder, tell)
    assert [event.state for event in events] == ["began", "stopping"]


def test_a_worker_whose_parent_is_gone_finishes_the_shard_in_hand(plan: Plan, tmp_path: Path) -> None:
    folder = start(plan, tmp_path / "run")
    hired = _started()
    hired.pipe.send(folder.root)
    assert hired.pipe.recv().state == "began"
    hired.pipe.close()
    hired.process.join()
    assert [folder.done(shard) for cell in folder.cells() for shard in cell.shards] == [True] + [False] * 5
    assert hired.process.exitcode == 0


def test_workers_may_start_before_there_is_anything_to_do(
    plan: Plan, undisturbed: list[dict[str, object]], tmp_path: Path
) -> None:
    executor = LocalExecutor(2)
    with executor.early(plan, "random"):
        early = multiprocessing.active_children()
        folder = start(plan, tmp_path / "run")
        executor.run(folder)
    assert rows(folder) == undisturbed
    shards = [shard for cell in folder.cells() for shard in cell.shards]
    assert {folder.provenance(shard)["process"] for shard in shards} <= {process.pid for process in early}
    with executor.early(plan, "random"):
        unneeded = set(multiprocessing.active_children()) - set(early)
    assert len(early) == len(unneeded) == 2 and not any(process.is_alive() for process in unneeded)


def children(parent: int) -> list[int]:
    """The worker processes of a process, not the one that watches over their shared resources."""
    found = subprocess.run(
        ["ps", "-ww", "-o", "pid=,args=", "--ppid", str(parent)], capture_output=True, text=True, check=False
    ).stdout.splitlines()
    return [int(line.split()[0]) for line in found if "spawn_main" in line]


@pytest.mark.slow
def test_killed_ten_times_over_the_results_are_the_same(clips: Path, stgcn: Path, tmp_path: Path) -> None:
    """The process, or one of its workers, at a random moment; two such processes share the folder now and then."""
    file = tmp_path / "plan.yaml"
    file.write_text(YAML.format(model=stgcn, data=clips), encoding="utf-8")

    def begin(out: Path) -> subprocess.Popen[bytes]:
        arguments = ["run", str(file), "--out", str(out), "--workers", "2"]
        return subprocess.Popen(
            [sys.executable, "-c", COMMAND, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    assert begin(tmp_path / "undisturbed").wait() == 0
    chance = random.Random(0)
    for kill in range(10):
        running = [begin(tmp_path / "run") for _ in range(1 + kill % 2)]
        time.sleep(chance.uniform(3, 9))
        victims = [running[0].pid] if kill % 3 else children(running[0].pid)[:1]
        for victim in victims:
            os.kill(victim, signal.SIGKILL)
        if kill % 3:
            running[0].wait()
        for process in running[kill % 3 > 0 :]:
            process.kill()
            process.wait()
    assert begin(tmp_path / "run").wait() == 0
    folder = RunFolder(tmp_path / "run")
    assert rows(folder) == rows(RunFolder(tmp_path / "undisturbed"))
    assert len(rows(folder)) == 12
    assert not list(folder.root.rglob(".0*"))
