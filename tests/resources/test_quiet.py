"""The SDK's debug lines of every resource stay here; what a program says itself does not."""

from __future__ import annotations

import importlib

import pulumi
import pytest

from components.resources import Fleet
from components.resources.quiet import DEBUG, TALKERS
from tests.resources.program import pool, run, service


@pytest.fixture(autouse=True)
def _as_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK as it is before a fleet is declared, and as it was afterwards."""
    monkeypatch.delenv(DEBUG, raising=False)
    for name in TALKERS:
        monkeypatch.setattr(importlib.import_module(name), "log", pulumi.log)


def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what the SDK and the program say at debug level while a fleet of one service is declared."""
    lines: list[str] = []
    monkeypatch.setattr(pulumi.log, "debug", lambda text, *_, **__: lines.append(text))

    def program() -> None:
        Fleet(pools=[pool()], services={"page": service()})
        pulumi.log.debug("said by the program")

    run(program)
    return lines


def test_no_line_is_about_a_registration(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the program's own is there."""
    lines = said(monkeypatch)
    assert "said by the program" in lines
    assert not [line for line in lines if "registration" in line and "eas" in line]
    begun = [line for line in lines if "beginning rpc" in line]
    assert len(begun) <= 2, "those of the stack itself, which mocks may register before there is a fleet"


def test_with_eas_debug_the_sdk_says_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """`EAS_DEBUG=1 pulumi up --debug` shows all; this also fails when the SDK's words change and the test above is void."""
    monkeypatch.setenv(DEBUG, "1")
    lines = said(monkeypatch)
    assert [line for line in lines if "resource registration prepared" in line and "EasService" in line]
    assert len([line for line in lines if "beginning rpc" in line]) >= 4
