"""The simulated runtime: what becomes of an instance is what its pool or its labels say."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from components.runtimes.port import Launch, RuntimeFault
from components.runtimes.simulated import SimulatedRuntime
from tests.runtimes.machine import launch


class Clock:
    """A clock that a test moves."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def runtime(tmp_path: Path, clock: Clock) -> Iterator[SimulatedRuntime]:
    runtime = SimulatedRuntime(tmp_path, clock=clock)
    yield runtime
    runtime.close()


def simulated(service: str = "svc", *, labels: dict[str, str] | None = None, **settings: Any) -> Launch:
    made = launch(service)
    return replace(made, spec={**made.spec, "labels": labels or {}}, settings=settings)


def condition(runtime: SimulatedRuntime, launched: Launch) -> str:
    return runtime.observe([launched.id])[launched.id].condition


def test_an_instance_is_ready_after_the_time_that_the_pool_says(
    runtime: SimulatedRuntime, clock: Clock
) -> None:
    launched = simulated(ready_after_s=2.5)
    runtime.start(launched)
    assert condition(runtime, launched) == "starting"
    clock.now += 2.4
    assert condition(runtime, launched) == "starting"
    clock.now += 0.2
    assert condition(runtime, launched) == "ready"


def test_labels_win_over_the_pool(runtime: SimulatedRuntime) -> None:
    launched = simulated(labels={"simulated/ready-after-s": "0"}, ready_after_s=1000)
    runtime.start(launched)
    assert condition(runtime, launched) == "ready"


def test_a_slice_is_free_only_when_its_instance_is_seen_gone(runtime: SimulatedRuntime, clock: Clock) -> None:
    """Row 5 of the known failures: a force-deleted pod frees a device still in use."""
    launched = simulated(stop_after_s=10)
    runtime.start(launched)
    runtime.stop(launched.id)
    clock.now += 9
    runtime.stop(launched.id)
    assert condition(runtime, launched) == "failed"
    assert runtime.listing() == (launched.id,)
    clock.now += 1
    assert condition(runtime, launched) == "absent"
    assert runtime.listing() == ()


@pytest.mark.parametrize("named", ["svc", launch("svc").id])
def test_the_pool_names_services_or_instances_that_fail_or_never_answer(
    runtime: SimulatedRuntime, named: str
) -> None:
    failing, silent = simulated("svc", fail=[named]), simulated("other", silent=["other"])
    runtime.start(failing)
    runtime.start(silent)
    assert condition(runtime, failing) == "failed"
    assert condition(runtime, silent) == "starting"


def test_each_restart_of_a_failing_instance_is_counted(runtime: SimulatedRuntime) -> None:
    launched = simulated(labels={"simulated/fail": "out of memory"})
    runtime.start(launched)
    runtime.restart(launched)
    assert runtime.observe([launched.id])[launched.id].detail == "out of memory (start 2)"


def test_a_test_can_kill_an_instance_or_lose_it(runtime: SimulatedRuntime) -> None:
    launched = simulated()
    runtime.start(launched)
    runtime.kill(launched.id, "segmentation fault")
    assert condition(runtime, launched) == "failed"
    assert runtime.logs(launched.id) == "segmentation fault"
    runtime.restart(launched)
    assert condition(runtime, launched) == "ready"
    runtime.lose(launched.id)
    assert condition(runtime, launched) == "absent"


@pytest.mark.parametrize("seconds", ["soon", -1, float("nan"), float("inf")])
def test_what_is_no_time_is_refused_and_starts_nothing(runtime: SimulatedRuntime, seconds: object) -> None:
    with pytest.raises(RuntimeFault, match=r"simulated ready_after_s is .*write seconds"):
        runtime.start(simulated(ready_after_s=seconds))
    assert runtime.listing() == ()


def test_the_endpoint_does_not_change_with_a_restart(runtime: SimulatedRuntime) -> None:
    launched = simulated()
    runtime.start(launched)
    before = runtime.observe([launched.id])[launched.id].endpoint
    runtime.restart(launched)
    assert runtime.observe([launched.id])[launched.id].endpoint == before


def test_a_thousand_starts_from_forty_threads_are_all_there(runtime: SimulatedRuntime) -> None:
    many = [replace(simulated(), id=f"o/svc/{n}/i1", ordinal=n) for n in range(1000)]
    with ThreadPoolExecutor(40) as threads:
        list(threads.map(runtime.start, many))
    ids = [launched.id for launched in many]
    assert {seen.condition for seen in runtime.observe(ids).values()} == {"ready"}
    assert runtime.listing() == tuple(sorted(ids))


def test_processes_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from dataclasses import replace\n"
        "from components.runtimes.simulated import SimulatedRuntime\n"
        "from tests.runtimes.machine import launch\n"
        "runtime = SimulatedRuntime(Path(sys.argv[1])); made = replace(launch(), settings={})\n"
        "[runtime.start(replace(made, id=f'{sys.argv[2]}/svc/{n}/i1')) for n in range(50)]\n"
        "runtime.close()\n"
    )
    root = Path(__file__).parents[2]
    writers = [
        subprocess.Popen([sys.executable, "-c", program, tmp_path, str(n)], cwd=root) for n in range(3)
    ]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    runtime = SimulatedRuntime(tmp_path)
    assert len(runtime.listing()) == 150
    runtime.close()


def test_the_revision_is_kept_also_in_a_file_that_an_earlier_version_wrote(
    runtime: SimulatedRuntime, tmp_path: Path
) -> None:
    runtime.start(replace(launch(), id="o/s/0/i", revision="r1"))
    assert runtime.observe(["o/s/0/i"])["o/s/0/i"].revision == "r1"
    runtime.close()
    with closing(sqlite3.connect(tmp_path / "simulated" / "instances.db")) as file:
        file.execute("ALTER TABLE instance DROP COLUMN revision")
    assert runtime.observe(["o/s/0/i"])["o/s/0/i"].revision == ""
    runtime.restart(replace(launch(), id="o/s/0/i", revision="r2"))
    assert runtime.observe(["o/s/0/i"])["o/s/0/i"].revision == "r2"
