"""A fixed sample of ``python -m bench.crash``, and that its verdict sees what it is there to see."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
from pathlib import Path

import pytest

from bench.crash.__main__ import attempt, cases_of, recorded, sampled
from bench.crash.cases import INJECT, Origin
from bench.crash.faults import KILLS, Cut, ServerKilled
from bench.crash.gate import NoGate
from bench.crash.inject.sitecustomize import CLI, VARIABLE
from bench.crash.scenarios import SCENARIOS
from bench.crash.verdict import differences, end_of
from tests.e2e.conftest import NO_CLI, Make
from tests.e2e.project import processes_of
from tests.ledger.sites import Postgres
from tests.runtimes.machine import port_range
from tools.postgres import Server

pytestmark = pytest.mark.e2e
BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}


def _recorded(name: str, folder: Path, server: Server | None = None) -> Origin:
    if shutil.which("pulumi") is None:
        pytest.skip(NO_CLI)
    try:
        return recorded(BY_NAME[name], folder, server)
    except NoGate as error:
        pytest.skip(f"Pulumi's writes cannot be held here: {error}")


def test_killed_in_the_middle_of_a_roll_and_applied_again_it_ends_as_if_nothing_had_happened(
    tmp_path: Path,
) -> None:
    """Also: every effect has a point before and one after, and the verdict notices a leak, a loss and a stale place."""
    origin = _recorded("roll", tmp_path)
    before = {point.removesuffix(":before") for point in origin.points if point.endswith(":before")}
    after = {point.removesuffix(":after") for point in origin.points if point.endswith(":after")}
    looks = {effect for effect in before | after if effect.startswith("wait ")}
    assert before - looks == after - looks
    for effect in ("ledger commit#1", "ledger record#1", "start page/0#1", "stop page/0#1", "state#1"):
        assert effect in before, f"{effect} is an effect"
    assert looks

    cases = list(cases_of("sqlite", origin, KILLS))
    assert len(cases) > 100
    for case in sampled(cases, 4):
        assert attempt(case, tmp_path) == [], str(case)

    _the_verdict_sees(origin)


def _the_verdict_sees(origin: Origin) -> None:
    """Spoil what was prepared, and have it judged as the end of a roll that never came."""
    assert origin.undisturbed is not None
    lab = origin.lab
    runtime = sqlite3.connect(lab.root / ".eas" / "simulated" / "instances.db")
    with runtime:
        runtime.execute(
            "UPDATE instance SET id = 'organization/eas-slices/test-0a1b2c/llm/0/0badcafe', starts = 2 "
            "WHERE id LIKE '%/llm/%'"
        )
    runtime.close()
    ledger = sqlite3.connect(lab.ledger())
    with ledger:
        ledger.execute("UPDATE instance SET state = 'starting' WHERE service = 'tool'")
    ledger.close()
    told = differences(end_of(lab.root, origin.place.where, origin.place.url), origin.undisturbed, {})
    for part in (
        "llm/0/0badcafe runs and has no row",
        "has a row and does not run",
        "0badcafe was started 2 times",
        "stale: organization/eas-slices/test-0a1b2c/tool/0/",
        "the next preview would",
        '"revision"',
        "Pulumi's state",
    ):
        assert any(part in line for line in told), f"{part!r} in {told}"


def test_a_database_that_cuts_its_lines_or_is_killed_in_a_first_up_is_gone_on_with(
    tmp_path: Path, postgres: Postgres
) -> None:
    origin = _recorded("first up", tmp_path, postgres.server)
    cases = {
        (case.fault.name, case.point): case
        for case in cases_of("postgresql", origin, (Cut(), ServerKilled()))
    }
    for hit in (("cut", "ledger commit#1:before"), ("server killed", "ledger record#1:after")):
        assert attempt(cases[hit], tmp_path) == []


def test_real_processes_whose_apply_is_killed_are_taken_up_and_not_started_again(
    project: Make, tmp_path: Path
) -> None:
    """Provider and CLI die after the engine was told. The next ``up`` ends with the same processes, one for each."""
    lab = project(runtime="local", local={"ports": list(port_range())})
    for name in ("page", "llm"):
        lab.service(name, gpu_memory=10, script="exec python3 -m http.server $PORT --bind 127.0.0.1")
    told, trace = tmp_path / "crash.json", tmp_path / "trace"
    told.write_text(json.dumps({"trace": str(trace), "at": "start page/0#1:after", "do": "both"}))
    path = os.pathsep.join([str(INJECT), lab.environment.get("PYTHONPATH", "")])
    # Not under the gate: what the engine's daemon does would be held as well, when nobody is there any more.
    cli = subprocess.run(
        ["/bin/sh", "-c", f'{CLI}=$$ exec "$@"', "sh", *lab.command("up", "--yes", "--skip-preview")],
        cwd=lab.root,
        env={**lab.environment, VARIABLE: str(told), "PYTHONPATH": path},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=120,
        check=False,
    )
    assert cli.returncode == -signal.SIGKILL
    lab.unlock()
    before = lab.instances()
    running = {name: processes_of(instance) for name, (_, instance) in before.items()}
    assert running["page/0"], "what was started lives on"
    stale = json.loads(lab.eas("status", "--json"))["stale"]
    assert [each["instance"] for each in stale] == ["llm/0", "page/0"]
    assert "resume" in lab.preview()
    lab.up()
    after = lab.instances()
    assert after == {name: ("ready", instance) for name, (_, instance) in before.items()}
    for name, (_, instance) in after.items():
        found = processes_of(instance)
        assert len(found) == 1 or found == running[name]
        assert not running[name] or found == running[name], f"{name} was started again"
