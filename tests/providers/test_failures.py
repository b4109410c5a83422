"""What reaches the user of an exception: a name without a module and a sentence, or a plea to report a defect."""

from __future__ import annotations

import copy
import traceback
from pathlib import Path
from typing import Any, cast

import pytest
from pulumi.dynamic import ConfigureRequest

from components.providers.placement import PlacementProvider
from components.providers.pool import GpuPoolProvider
from components.providers.work import session
from tests.providers.engine import PLACEMENT, Stack


class Config:
    """As much of Pulumi's dynamic configuration as the session asks for."""

    def get(self, _: str) -> None:
        """Return nothing: nothing is set."""


def printed(call: Any) -> str:
    """Return what Pulumi's servicer would send to the engine."""
    try:
        call()
    except Exception:  # noqa: BLE001 - whatever it is, it is printed
        return traceback.format_exc()
    raise AssertionError("it did not fail")


def test_a_ledger_that_is_not_one_is_one_line(
    stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No traceback, no dotted module; with EAS_DEBUG the whole story."""
    monkeypatch.chdir(stack.root)
    session.reset()
    GpuPoolProvider().configure(ConfigureRequest(config=cast(Any, Config())))
    stack.ledger_file.parent.mkdir()
    stack.ledger_file.write_text("not a database at all")
    program = stack.program()
    said = printed(lambda: GpuPoolProvider().create(program["pool/lab"]))
    assert said.startswith("NotALedger: ")
    assert len(said.strip().splitlines()) == 1
    result = GpuPoolProvider().check({}, program["pool/lab"])
    assert "is not a ledger" in result.failures[0].reason


def test_a_defect_says_that_it_is_one(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """And how to get the traceback; under EAS_DEBUG the exception itself comes through."""
    stack.process()
    with pytest.raises(Exception, match=r"KeyError: 'owner'\. This is a defect .* EAS_DEBUG=1") as defect:
        PlacementProvider().delete("id", {})
    assert type(defect.value).__name__ == "Defect"
    monkeypatch.setenv("EAS_DEBUG", "1")
    with pytest.raises(KeyError):
        PlacementProvider().delete("id", {})


def test_a_provider_that_was_not_configured_says_so() -> None:
    """It is Pulumi that configures it."""
    session.reset()
    with pytest.raises(Exception, match="run it through `pulumi`"):
        PlacementProvider().delete("id", {"owner": "x"})


def test_what_a_killed_apply_declared_is_declared_back_with_the_file(stack: Stack) -> None:
    """Killed after its roll, before Pulumi wrote its state: then the file is taken back, which Pulumi has as unchanged."""
    stack.service("page", gpu_memory=20, token="old")
    stack.up()
    before = copy.deepcopy(stack.state)
    stack.service("page", gpu_memory=24, token="new")
    stack.up()
    stack.state = before
    stack.service("page", gpu_memory=20, token="old")
    back = stack.up()
    assert back.did["service/page"] == "update"
    assert back.hows == {"page/0": "roll"}
    assert stack.state[PLACEMENT].outputs["tokens"] == {"page": "old"}
    assert {row[0] for row in stack.rows().values()} == {"ready"}
    assert set(stack.preview().did.values()) == {"same"}


def test_a_token_that_a_killed_apply_declared_is_taken_back_with_the_file(stack: Stack) -> None:
    """A token is in no revision: the declaration is told by all that it holds."""
    stack.service("page", gpu_memory=20, token="old")
    stack.up()
    before = copy.deepcopy(stack.state)
    stack.service("page", gpu_memory=20, token="new")
    stack.up()
    stack.state = before
    stack.service("page", gpu_memory=20, token="old")
    back = stack.up()
    assert back.hows == {"page/0": "reconfigure"}
    runtime = stack.runtime()
    with runtime._rows() as rows:
        assert rows.execute("SELECT token FROM instance").fetchall() == [("old",)]
    runtime.close()
    assert set(stack.preview().did.values()) == {"same"}


def test_settings_of_a_pool_that_a_killed_apply_declared_are_taken_back_with_the_file(stack: Stack) -> None:
    """Instances start with the pool's settings, which no plan brings along."""
    stack.service("page", gpu_memory=20)
    stack.up()
    before = copy.deepcopy(stack.state)
    stack.pool("gpu-a", "gpu-b", simulated={"ready_after_s": 1})
    stack.up()
    stack.state = before
    stack.pool("gpu-a", "gpu-b")
    assert stack.up().did == {"pool/lab": "update", "service/page": "same", PLACEMENT: "same"}
    with stack.read_ledger() as ledger:
        assert dict(ledger.pools()[0].settings) == {}
    assert set(stack.preview().did.values()) == {"same"}
