"""A fixed sample of ``python -m bench.crash``, and that its verdict sees what it is there to see."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from bench.crash.__main__ import attempt, cases_of, recorded, sampled
from bench.crash.cases import Origin
from bench.crash.faults import KILLS, Cut, ServerKilled
from bench.crash.gate import NoGate
from bench.crash.scenarios import SCENARIOS
from bench.crash.verdict import differences, end_of
from tests.e2e.conftest import NO_CLI
from tests.ledger.sites import Postgres
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
