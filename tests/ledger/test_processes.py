"""Real processes on one ledger: one winner of the last slice, nothing lost by a kill, leases that follow who lives."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from components.ledger import LeaseHeld, LeaseLost, Ledger, this_process
from components.ledger.processes import alive
from tests.ledger.build import BECAUSE, NOW, OWNER, commit, node, place, run, start, states
from tests.ledger.sites import Site, file_site

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.e2e

PREAMBLE = """
    import sys
    from pathlib import Path
    from components.ledger import *
    from tests.ledger.build import *
    from tests.ledger.sites import KEY
    ledger = open_ledger(sys.argv[1], home=Path.cwd(), create=True, key=KEY)
    def say(*words):
        print(*words, flush=True)
    say("open")
    sys.stdin.readline()
"""


def begin(program: str, *arguments: str) -> subprocess.Popen[str]:
    """Start a Python process with an open ledger that waits for a line before it goes on."""
    text = textwrap.dedent(PREAMBLE) + textwrap.dedent(program)
    process = subprocess.Popen(
        [sys.executable, "-c", text, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "open\n"
    return process


def go(process: subprocess.Popen[str]) -> None:
    """Let it go on."""
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


def line(process: subprocess.Popen[str]) -> str:
    """Return the next line that it says."""
    assert process.stdout is not None
    return process.stdout.readline().rstrip("\n")


@pytest.fixture
def live(site: Site) -> Iterator[Ledger]:
    """A ledger that asks the operating system who lives; audited on the way out."""
    with site.open() as opened:
        yield opened
    assert site.audit() == []


WISH_THE_LAST_SLICE = """
    owner = sys.argv[2]
    for round_ in range(int(sys.argv[3])):
        sys.stdin.readline()
        try:
            step = start(1, f"s{round_}", place(f"n{round_}-0", memory=600), ordinal=round_)
            names = [f"s{n}" for n in range(round_)]
            kept = {(f"s{n}", n): place(f"n{n}-0", memory=600) for n in mine} if round_ else {}
            done = commit(ledger, [step], owner=owner, nodes=nodes, keep=kept)
        except StalePlan as error:
            say("lost", error.card, "|", error.wish, "|", *error.who)
        else:
            mine.append(round_)
            fence = ledger.lease(owner, [f"s{round_}"], holder=this_process("race"), now=NOW)[f"s{round_}"]
            ledger.starting(done.ids[1], fence, NOW, BECAUSE)
            ledger.ready(done.ids[1], fence, "", NOW, BECAUSE, step=(done.plan_id, 1))
            say("won")
"""


def test_of_two_processes_exactly_one_gets_the_last_slice(live: Ledger, site: Site) -> None:
    rounds = 8
    setting = f"\nmine = []\nnodes = [node(f'n{{n}}') for n in range({rounds})]\n"
    program = setting + textwrap.dedent(WISH_THE_LAST_SLICE)
    racers = [begin(program, site.url, f"organization/race/{name}", str(rounds)) for name in "ab"]
    try:
        for racer in racers:
            go(racer)
        for round_ in range(rounds):
            for racer in racers:
                go(racer)
            said = sorted(line(racer) for racer in racers)
            assert said[1] == "won", said
            assert said[0].startswith(
                f"lost n{round_}-0 | s{round_}/{round_} (600 MiB) | s{round_}/{round_} (600 MiB) of organization"
            )
    finally:
        finish(racers)
    assert sorted(states(live).values()) == ["ready"] * rounds


def test_a_killed_process_loses_nothing_that_it_was_told_is_recorded(live: Ledger, site: Site) -> None:
    done = commit(live, [start(n, "s", place(memory=10), ordinal=n) for n in range(1, 41)], nodes=[node()])
    program = """
        fences = ledger.lease(OWNER, ["s"], holder=this_process("pulumi up"), now=NOW)
        for row in ledger.instances(OWNER):
            ledger.starting(row.held.id, fences["s"], NOW, BECAUSE)
            say(row.held.id)
    """
    worker = begin(program, site.url)
    go(worker)
    told = [line(worker) for _ in range(12)]
    worker.kill()
    finish([worker])
    recorded = {name for name, state in states(live).items() if state == "starting"}
    assert set(told) <= recorded
    assert len(recorded) <= 40
    # The next process takes over at once, however long the lease had left, and finishes the work.
    fence = live.lease(OWNER, ["s"], holder=this_process("pulumi up"), now=NOW)["s"]
    assert fence == 2
    for instance in done.ids.values():
        live.starting(instance, fence, NOW, BECAUSE)
    assert set(states(live).values()) == {"starting"}


def test_a_living_holder_is_named_and_a_dead_ones_lease_is_taken_over_at_once(
    live: Ledger, site: Site
) -> None:
    done = commit(live, [start(1, "a", place())], nodes=[node()])
    program = """
        fence = ledger.lease(OWNER, ["a"], holder=this_process("pulumi up"), now=NOW)["a"]
        say(fence)
        sys.stdin.readline()
    """
    other = begin(program, site.url)
    go(other)
    old = int(line(other))
    try:
        with pytest.raises(LeaseHeld, match=rf"a by pulumi up \(process {other.pid} on "):
            live.lease(OWNER, ["a"], holder=this_process("eas up"), now=NOW)
        assert [lease.holder.pid for lease in live.leases(OWNER, now=NOW)] == [other.pid]
    finally:
        other.kill()
        finish([other])
    assert live.leases(OWNER, now=NOW) == ()
    new = live.lease(OWNER, ["a"], holder=this_process("eas up"), now=NOW)["a"]
    assert new == old + 1
    with pytest.raises(LeaseLost):
        live.starting(done.ids[1], old, NOW, BECAUSE)
    assert "taken over from pulumi up" in live.events(f"{OWNER}/a")[-1].detail


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_processes_that_create_one_ledger_at_the_same_time_get_one_ledger(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    folder = tmp_path / "new"
    file = file_site(folder)
    site = file if kind == "sqlite" else request.getfixturevalue("postgres").fresh(folder)
    program = """
        import sys
        from pathlib import Path
        from components.ledger import open_ledger
        from tests.ledger.build import *
        sys.stdin.readline()
        with open_ledger(sys.argv[1], home=Path(sys.argv[2]), create=True) as ledger:
            ledger.declare_service(sys.argv[3], "a", holder="h", pool="p", revision="r", document={}, secrets={"t": "x"},
                                   now=NOW, because=BECAUSE)
    """
    command = [sys.executable, "-c", textwrap.dedent(program), site.url, str(site.home)]
    owners = [f"organization/race/{n}" for n in range(4)]
    racers = [
        subprocess.Popen(
            [*command, owner], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
        )
        for owner in owners
    ]
    for racer in racers:
        go(racer)
    for racer in racers:
        _, said = racer.communicate(timeout=60)
        assert racer.returncode == 0, said
    with site.open(create=False, key=None) as ledger:
        assert [ledger.spec(owner, "a", "r").secrets for owner in owners] == [{"t": "x"}] * 4
    assert len(list(folder.glob("*.key"))) == 1
    assert site.audit() == []


def test_a_process_is_told_from_another_with_the_same_number() -> None:
    me = this_process("test")
    assert alive(me) is True
    assert alive(replace(me, created=me.created - 5)) is False
    assert alive(replace(me, boot_id="another boot")) is False
    assert alive(replace(me, host="another machine")) is None
    assert str(me).startswith(f"test (process {os.getpid()} on ")


def test_a_process_that_ended_but_was_not_waited_for_is_dead() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, text=True)
    holder = this_process("child", child.pid)
    assert alive(holder) is True
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert alive(holder) is False
    finish([child])
    assert alive(holder) is False


def test_many_threads_write_at_once_and_all_of_it_is_there(live: Ledger) -> None:
    from concurrent.futures import ThreadPoolExecutor

    def declare(n: int) -> None:
        live.declare_service(
            OWNER,
            f"s{n}",
            holder="h",
            pool="p",
            revision="r",
            document={"n": n},
            secrets={},
            now=NOW,
            because=BECAUSE,
        )
        assert live.spec(OWNER, f"s{n}", "r").document == {"n": n}

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(declare, range(64)))
    assert len(live.services(OWNER)) == 64
    done = commit(live, [start(n + 1, f"s{n}", place(memory=1)) for n in range(64)], nodes=[node()])
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: run(live, done, n), done.ids))
    assert set(states(live).values()) == {"ready"}
    assert not live.unfinished(OWNER)


def finish(processes: Sequence[subprocess.Popen[str]]) -> None:
    """Let processes end and close their pipes; whoever hangs is killed."""
    for process in processes:
        try:
            process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
