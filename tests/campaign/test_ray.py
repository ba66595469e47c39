"""The same campaign on Ray: started for the occasion, and a cluster of two nodes of which one is killed."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from stumble.attacks import CIASA, OneStep
from stumble.campaign.cell import Shard, cells_of
from stumble.campaign.plan import Plan
from stumble.campaign.results import read_results
from stumble.campaign.run_folder import RunFolder
from stumble.campaign.work import Event, Worker

ray = pytest.importorskip("ray", reason="Ray is an extra")
cluster_utils = pytest.importorskip("ray.cluster_utils")


def start(plan: Plan, root: Path) -> tuple[RunFolder, dict[str, object]]:
    tested = {name: bench.open(int(plan.memory * 2**30)) for name, bench in plan.benches.items()}
    folder = RunFolder(root)
    folder.start(plan, cells_of(plan, tested), {})
    return folder, dict(tested)


def rows(folder: RunFolder) -> list[dict[str, object]]:
    tables = [result.verdicts for result in read_results(folder)]
    return [row for table in tables if table is not None for row in table.to_pylist()]


@pytest.fixture
def undisturbed(plan: Plan, tmp_path: Path) -> list[dict[str, object]]:
    folder, _ = start(plan, tmp_path / "undisturbed")
    Worker(folder).run()
    return rows(folder)


@pytest.fixture
def two_nodes() -> Iterator[cluster_utils.Cluster]:
    cluster = cluster_utils.Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    cluster.add_node(num_cpus=1)
    cluster.wait_for_nodes()
    yield cluster
    ray.shutdown()
    cluster.shutdown()


@pytest.mark.slow
def test_a_node_that_dies_changes_nothing(
    plan: Plan, undisturbed: list[dict[str, object]], two_nodes: cluster_utils.Cluster, tmp_path: Path
) -> None:
    from stumble.campaign.ray import RayExecutor

    folder, tested = start(plan, tmp_path / "run")
    ray.init(address=two_nodes.address, log_to_driver=False)
    killed: list[object] = []

    def tell(event: Event) -> None:
        if event.state == "done" and not killed:
            killed.append(two_nodes.worker_nodes)
            (node,) = two_nodes.worker_nodes
            two_nodes.remove_node(node, allow_graceful=False)

    RayExecutor(tested).run(folder, tell)  # type: ignore[arg-type]
    assert killed
    assert rows(folder) == undisturbed


@pytest.mark.slow
def test_an_error_stays_with_its_shard(plan: Plan, tmp_path: Path) -> None:
    from stumble.campaign.ray import RayExecutor

    broken = replace(plan, attacks={"step": OneStep(replace(OneStep().budget, region="no such region"))})
    folder, tested = start(broken, tmp_path / "run")
    events: list[Event] = []
    RayExecutor(tested).run(folder, events.append)  # type: ignore[arg-type]
    assert {event.state for event in events} == {"began", "failed"}
    assert "no such region" in str(folder.failure(folder.cells()[0].shards[0]))


def test_a_shard_that_was_done_in_the_moment_before_it_was_claimed_is_not_done_again(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from stumble.campaign.ray import _Run

    folder, _ = start(plan, tmp_path / "run")
    cell, shard = folder.cells()[0], folder.cells()[0].shards[0]
    looks = iter([False, True])
    monkeypatch.setattr(RunFolder, "settled", lambda self, shard: next(looks))
    assert _Run(folder, plan, print, {}, None)._claimed(shard, cell, deque()) is None
    with folder.claimed(shard) as free:
        assert free


@pytest.mark.slow
def test_what_is_in_other_hands_is_waited_for(plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from stumble.campaign.ray import RayExecutor

    folder, tested = start(replace(plan, attacks={"step": OneStep()}, shard=6), tmp_path / "run")
    (shard,) = folder.cells()[0].shards
    claim, asked = RunFolder.claimed, list[float]()

    def claimed(self: RunFolder, wanted: Shard) -> AbstractContextManager[bool]:
        asked.append(time.monotonic())
        return claim(self, wanted) if len(asked) > 3 else nullcontext(False)

    monkeypatch.setattr(RunFolder, "claimed", claimed)
    RayExecutor(tested).run(folder)  # type: ignore[arg-type]
    assert folder.done(shard) and len(asked) == 4 and asked[-1] - asked[0] > 1


@pytest.mark.slow
def test_progress_within_a_shard_is_told(plan: Plan, tmp_path: Path) -> None:
    """A batch of one clip after the other, so that a shard has something to tell on its way."""
    from stumble.campaign.ray import RayExecutor

    slow = replace(plan, attacks={"many": CIASA(iterations=60)}, shard=6, memory=1e-4)
    folder, tested = start(slow, tmp_path / "run")
    events: list[Event] = []
    RayExecutor(tested).run(folder, events.append)  # type: ignore[arg-type]
    counts = [event.count for event in events if event.state == "samples"]
    assert counts and counts == sorted(counts) and counts[0] < 6
    assert [event.state for event in events if event.state != "samples"] == ["began", "done"]
