"""What the world does to a campaign: full disks, folders that cannot be written to, damage, files that are gone.

Each is named, what is finished stays, and the same call goes on once it is mended.
"""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from stumble.campaign.action_bench import ActionBench
from stumble.campaign.cell import cells_of
from stumble.campaign.local import LocalExecutor
from stumble.campaign.plan import Plan
from stumble.campaign.results import read_results
from stumble.campaign.run_folder import RunFolder
from stumble.campaign.work import Event, Worker
from stumble.cli import main
from stumble.errors import DataError, StorageError, WeightsError

COMMAND = "import sys; from stumble.cli import main; sys.exit(main(sys.argv[1:]))"
YAML = """
benches:
  random: {{class_path: ActionBench, init_args: {{model: {model}, data: {data}, limit: 6}}}}
attacks:
  small: {{class_path: OneStep, init_args: {{budget: {{class_path: JointBudget, init_args: {{epsilon: 0.01}}}}}}}}
  large: {{class_path: OneStep, init_args: {{budget: {{class_path: JointBudget, init_args: {{epsilon: 0.04}}}}}}}}
shard: 2
"""


def start(plan: Plan, root: Path) -> RunFolder:
    folder = RunFolder(root)
    folder.start(plan, cells_of(plan, {name: bench.open(2**30) for name, bench in plan.benches.items()}), {})
    return folder


def rows(folder: RunFolder) -> list[dict[str, object]]:
    tables = [result.verdicts for result in read_results(folder)]
    return [row for table in tables if table is not None for row in table.to_pylist()]


def done(folder: RunFolder) -> int:
    return sum(folder.done(shard) for cell in folder.cells() for shard in cell.shards)


@pytest.fixture
def undisturbed(plan: Plan, tmp_path: Path) -> list[dict[str, object]]:
    folder = start(plan, tmp_path / "undisturbed")
    Worker(folder).run()
    return rows(folder)


def refusing(write: Callable[..., None], number: int, after: int) -> Callable[..., None]:
    """The same function, until the disk has no more of it."""
    calls: list[int] = []

    def call(*arguments: Any, **named: Any) -> None:
        calls.append(1)
        if len(calls) > after:
            raise OSError(number, "Error writing bytes to file")  # as pyarrow says it, without a file name
        write(*arguments, **named)

    return call


@pytest.mark.parametrize(
    ("number", "told"), [(errno.ENOSPC, "No space left on device"), (errno.EROFS, "Read-only file system")]
)
def test_a_disk_that_refuses_ends_everything_and_what_is_finished_stays(
    plan: Plan,
    undisturbed: list[dict[str, object]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    told: str,
) -> None:
    folder = start(plan, tmp_path / "run")
    third = folder.cells()[0].shards[2]
    with monkeypatch.context() as patched:
        patched.setattr(pq, "write_table", refusing(pq.write_table, number, after=2))
        with pytest.raises(StorageError, match=rf"{third}: found {told}; expected a disk with room"):
            Worker(folder).run()
    assert done(folder) == 2 and folder.failure(third) is None and not list(folder.root.rglob(".0*"))
    Worker(folder).run()
    assert rows(folder) == undisturbed


def test_what_a_worker_process_cannot_write_is_told_to_the_caller(plan: Plan, tmp_path: Path) -> None:
    resource = pytest.importorskip("resource", reason="limits files as POSIX systems do")
    folder = start(plan, tmp_path / "run")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, hard))  # which the worker inherits
    try:
        with pytest.raises(StorageError, match=rf"{folder.cells()[0].shards[0]}.*: found File too large"):
            LocalExecutor(1).run(folder)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert done(folder) == 0


def test_trouble_is_told_after_an_interruption_too(plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    resource = pytest.importorskip("resource", reason="limits files as POSIX systems do")
    folder = start(plan, tmp_path / "run")

    def tell(event: Event) -> None:
        if event.state == "began":
            raise KeyboardInterrupt

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, hard))  # which the worker inherits
    try:
        with pytest.raises(StorageError, match="found File too large"):
            LocalExecutor(1).run(folder, tell)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def isolated(script: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """A script in a world with mounts of its own; skips where the system allows nobody to have one."""
    if shutil.which("unshare") is None or subprocess.run(["unshare", "-rm", "true"], check=False).returncode:
        pytest.skip("needs unshare(1) with mounts of its own")
    command = ["unshare", "-rm", "sh", "-c", script, "sh", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


FULL = """
mount -t tmpfs -o size=$4 tmpfs "$1" || exit 99
"$2" -c "$3" run plan.yaml --out "$1/run" --workers 1
echo "ended with $?, done: $(ls "$1"/run/cells/*/*/verdicts.parquet | wc -l)"
mount -o remount,size=64m "$1"
"$2" -c "$3" run plan.yaml --out "$1/run" --workers 1 && cp -r "$1/run" "$5"
"""

READ_ONLY = """
mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" || exit 99
"$2" -c "$3" run plan.yaml --out "$1/run" --workers 1
echo "ended with $?"
"$2" -c "$3" status "$1/run"
umount "$1"
"$2" -c "$3" run plan.yaml --out "$1/run" --workers 1
"""


@pytest.mark.slow
def test_a_real_disk_that_is_full(
    plan: Plan,
    undisturbed: list[dict[str, object]],
    clips: Path,
    stgcn: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("plan.yaml").write_text(YAML.format(model=stgcn, data=clips), encoding="utf-8")
    Path("disk").mkdir()
    files = [file.stat().st_size for file in Path("undisturbed").rglob("*") if file.is_file()]
    needed = sum(-(-size // 4096) * 4096 for size in files)
    ended = isolated(FULL, "disk", sys.executable, COMMAND, int(0.7 * needed), "copy")
    assert "ended with 2, done: " in ended.stdout
    finished = int(ended.stdout.partition("done: ")[2].split()[0])
    assert 0 < finished < 6
    assert "found No space left on device; expected a disk with room that can be written to" in ended.stderr
    assert "what is finished stays; the same command goes on from there" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert rows(RunFolder(Path("copy"))) == undisturbed


@pytest.mark.slow
def test_a_real_folder_that_cannot_be_written_to(
    plan: Plan,
    undisturbed: list[dict[str, object]],
    clips: Path,
    stgcn: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("plan.yaml").write_text(YAML.format(model=stgcn, data=clips), encoding="utf-8")
    folder = start(replace(plan, benches={"random": ActionBench(str(stgcn), clips, limit=6)}), Path("disk/run"))
    Worker(folder, stopping=iter([False, False, True]).__next__).run()
    ended = isolated(READ_ONLY, "disk", sys.executable, COMMAND)
    assert "ended with 2" in ended.stdout and "2 of 6" in ended.stdout
    assert "disk/run/.start.lock: found Read-only file system" in ended.stderr and "Traceback" not in ended.stderr
    assert rows(folder) == undisturbed


@pytest.mark.slow
def test_ctrl_c_lets_the_shard_in_hand_be_finished(clips: Path, stgcn: Path, tmp_path: Path) -> None:
    """As at a terminal, which interrupts all processes of a command at once."""
    plan = YAML.replace("OneStep, init_args: {{", "CIASA, init_args: {{iterations: 60, ").replace(
        "shard: 2", "shard: 1"
    )
    (tmp_path / "plan.yaml").write_text(plan.format(model=stgcn, data=clips), encoding="utf-8")
    command = [sys.executable, "-c", COMMAND, "run", "plan.yaml", "--out", "run", "--workers", "1"]
    running = subprocess.Popen(
        command,
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # ignored where a shell runs tests behind it
    )
    folder = RunFolder(tmp_path / "run")
    while running.poll() is None and not list(folder.root.glob("cells/*/.0*/samples")):
        time.sleep(0.02)
    (begun,) = folder.root.glob("cells/*/.0*")
    os.killpg(running.pid, signal.SIGINT)
    _, told = running.communicate(timeout=300)
    assert running.returncode == 130
    assert told.endswith("stumble: interrupted; the same command goes on where this one stopped\n")
    assert told.count("stumble: finishing the shards in hand; interrupted again, they are lost") == 1
    assert "Traceback" not in told
    finished = {file.parent.name for file in begun.parent.glob("*/verdicts.parquet")}
    assert begun.name.split(".")[1] in finished and done(folder) < 12
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode == 0
    assert done(folder) == 12


def test_a_damaged_shard_is_named_and_done_again_once_its_folder_is_gone(
    plan: Plan, undisturbed: list[dict[str, object]], tmp_path: Path
) -> None:
    folder = start(plan, tmp_path / "run")
    Worker(folder).run()
    shard = folder.cells()[1].shards[1]
    file = folder.samples(shard).parent / "verdicts.parquet"
    file.write_bytes(file.read_bytes()[:-9])
    with pytest.raises(DataError, match=rf"{shard}/verdicts.parquet: .*; remove its folder, and `stumble run` does it"):
        start(plan, tmp_path / "run")
    shutil.rmtree(file.parent)
    Worker(start(plan, tmp_path / "run")).run()
    assert rows(folder) == undisturbed


def test_without_its_verdicts_a_shard_is_not_there(
    plan: Plan, undisturbed: list[dict[str, object]], tmp_path: Path
) -> None:
    folder = start(plan, tmp_path / "run")
    Worker(folder).run()
    (folder.samples(folder.cells()[0].shards[0]).parent / "verdicts.parquet").unlink()
    Worker(folder).run()
    assert rows(folder) == undisturbed


def test_samples_that_are_damaged_or_gone_are_named_by_the_judge(
    plan: Plan, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = start(plan, tmp_path / "run")
    Worker(folder).run()
    assert main(["judge", str(folder.root)]) == 0
    cut, gone, _ = (folder.samples(shard) / "0000.npz" for shard in folder.cells()[0].shards)
    cut.write_bytes(cut.read_bytes()[:100])
    gone.unlink()
    capsys.readouterr()
    assert main(["judge", str(folder.root)]) == 1
    shown = capsys.readouterr().out
    assert f"{cut}: found BadZipFile" in shown
    assert f"{gone.parent}: found 0 stored sequences, 2 of the verdicts' 2 missing" in shown
    assert "8 rows judged again, the same verdicts; 2 shards damaged" in shown
    for file in (cut, gone):
        shutil.rmtree(file.parent.parent)
    Worker(folder).run()
    assert main(["judge", str(folder.root)]) == 0


def test_weights_that_are_gone_are_named_and_what_is_finished_stays(
    plan: Plan, stgcn: Path, clips: Path, tmp_path: Path, undisturbed: list[dict[str, object]]
) -> None:
    """Before the start, and while the campaign runs."""
    own = tmp_path / "own.safetensors"
    for file in (stgcn, stgcn.with_suffix(".json")):
        shutil.copy(file, own.with_suffix(file.suffix))
    plan = replace(plan, benches={"random": ActionBench(str(own), clips, limit=6)})
    folder = start(plan, tmp_path / "run")
    Worker(folder, stopping=iter([False, False, False, True]).__next__).run()
    own.rename(tmp_path / "aside")
    with pytest.raises(WeightsError, match=rf"{own}: found no such file; expected a checkpoint"):
        start(plan, tmp_path / "run")
    events: list[Event] = []
    Worker(folder, events.append).run()
    failed = [event for event in events if event.state == "failed"]
    assert len(failed) == 4 and all(f"{own}: found no such file" in event.text for event in failed)
    assert done(folder) == 2
    (tmp_path / "aside").rename(own)
    Worker(start(plan, tmp_path / "run")).run()
    assert rows(folder) == undisturbed


def test_a_call_that_died_before_it_began_is_no_obstacle(plan: Plan, tmp_path: Path) -> None:
    (tmp_path / "run" / "cells").mkdir(parents=True)
    assert len(start(plan, tmp_path / "run").cells()) == 2


def _at_once(plan: Plan, root: Path, gate: Any, told: Any) -> None:
    gate.wait()
    events: list[Event] = []
    Worker(start(plan, root), events.append).run()
    told.put([event for event in events if event.state != "samples"])


def test_two_processes_at_once_do_nothing_twice(
    plan: Plan, undisturbed: list[dict[str, object]], tmp_path: Path
) -> None:
    """They start in the same moment in a folder that is not there yet."""
    context = get_context("spawn")
    gate, told = context.Barrier(2), context.Queue()
    plan = replace(plan, shard=1)
    both = [context.Process(target=_at_once, args=(plan, tmp_path / "run", gate, told)) for _ in range(2)]
    for process in both:
        process.start()
    events = [told.get(timeout=120) for _ in both]
    for process in both:
        process.join()
    shards = [str(shard) for cell in RunFolder(tmp_path / "run").cells() for shard in cell.shards]
    for state in ("began", "done"):
        assert sorted(event.shard for own in events for event in own if event.state == state) == sorted(shards)
    assert all(events), "one of them did everything, so nothing was shown"
    assert [row["sample"] for row in rows(RunFolder(tmp_path / "run"))] == [row["sample"] for row in undisturbed]
