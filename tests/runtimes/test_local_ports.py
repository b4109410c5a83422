"""Each instance has its own port: free, reserved for the user on the whole machine, kept across restarts."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from components.runtimes.local import ports
from components.runtimes.local.folder import shared
from components.runtimes.port import RuntimeFault
from tests.runtimes.machine import Machine, launch, port_range, serving
from tests.runtimes.waiting import until


@pytest.fixture
def two() -> tuple[int, int]:
    """Two ports that nobody else uses."""
    first = 19_000 + 10 * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    return first, first + 1


@pytest.fixture
def holders(tmp_path: Path, two: tuple[int, int]) -> Iterator[list[Path]]:
    """Three instances' folders, of two projects."""
    made = [tmp_path / name for name in ("a/one", "a/two", "b/three")]
    for folder in made:
        folder.mkdir(parents=True)
    yield made
    for port in two:
        for folder in made:
            ports.release(port, folder)


def test_no_two_instances_of_any_projects_get_the_same_port(
    two: tuple[int, int], holders: list[Path]
) -> None:
    assert {ports.reserve(two, holders[0]), ports.reserve(two, holders[2])} == set(two)


def test_an_exhausted_range_is_said_with_numbers_and_the_line_to_change(
    two: tuple[int, int], holders: list[Path]
) -> None:
    ports.reserve(two, holders[0])
    ports.reserve(two, holders[1])
    with pytest.raises(RuntimeFault) as refused:
        ports.reserve(two, holders[2])
    assert str(refused.value) == (
        f"all 2 ports of {two[0]}-{two[1]} are taken, 2 of them by instances of the local runtime, two each; "
        "give the pool another range in pool.yaml, such as `local: {ports: [30000, 31999]}`."
    )


def test_a_busy_port_is_skipped(two: tuple[int, int], holders: list[Path]) -> None:
    with socket.socket() as stranger:
        stranger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        stranger.bind(("127.0.0.1", two[0]))
        stranger.listen()
        assert ports.reserve(two, holders[0]) == two[1]
        with pytest.raises(RuntimeFault, match="are taken, 1 of them"):
            ports.reserve(two, holders[1])


def test_a_port_of_an_instance_that_is_gone_is_given_away(two: tuple[int, int], holders: list[Path]) -> None:
    ports.reserve(two, holders[0])
    ports.reserve(two, holders[1])
    holders[0].rmdir()
    assert ports.reserve(two, holders[2]) in two


def test_a_released_port_is_free_and_releasing_anothers_does_nothing(
    two: tuple[int, int], holders: list[Path]
) -> None:
    port = ports.reserve(two, holders[0])
    ports.release(port, holders[1])
    assert ports.reserve(two, holders[1]) != port
    ports.release(port, holders[0])
    assert ports.reserve(two, holders[2]) == port


def test_a_port_is_kept_across_a_restart(machine: Machine) -> None:
    launched = launch(script=serving())
    before = machine.ready(launched).endpoint
    machine.runtime.restart(launched)
    assert machine.becomes(launched, "ready").endpoint == before


def test_a_port_that_a_stranger_took_meanwhile_is_replaced(machine: Machine) -> None:
    launched = launch(script="exit 1")
    machine.runtime.start(launched)
    endpoint, before = machine.becomes(launched, "failed").endpoint, machine.record(launched).inner
    with socket.create_server(("127.0.0.1", before)):
        machine.runtime.restart(launch(script=serving()))
        assert machine.becomes(launched, "ready").endpoint == endpoint, "the gateway holds that one"
    assert machine.record(launched).inner != before
    assert not (shared() / "ports" / str(before)).exists()


def test_a_port_lies_in_the_pools_range_and_is_free_when_the_instance_is_gone(machine: Machine) -> None:
    launched = launch(script=serving())
    port = int(machine.ready(launched).endpoint.rpartition(":")[2])
    assert port_range()[0] <= port <= port_range()[1]
    machine.runtime.stop(launched.id)
    machine.becomes(launched, "absent")
    until(lambda: not ports.busy(port))
    assert not (shared() / "ports" / str(port)).exists()


def test_a_start_that_finds_no_port_leaves_nothing(machine: Machine, two: tuple[int, int]) -> None:
    with socket.create_server(("", two[0])), pytest.raises(RuntimeFault, match="all 1 ports"):
        machine.runtime.start(launch(script=serving(), settings={"ports": [two[0], two[0]]}))
    assert machine.runtime.listing() == ()
