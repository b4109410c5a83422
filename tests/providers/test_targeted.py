"""A service that is targeted without its Placement is refused: it would be declared, and nothing would come of it."""

from __future__ import annotations

import pytest

from components.providers.work import service as work
from components.providers.work.targeted import only_services
from tests.providers.engine import Stack

SERVICE = "urn:pulumi:dev::shop::eas:index:Fleet$pulumi-python:dynamic/eas:EasService::llm"
PLACEMENT = SERVICE.replace("EasService::llm", "Placement::fleet")


@pytest.mark.parametrize(
    ("arguments", "left_out"),
    [
        ([], False),
        (["--target", SERVICE], True),
        ([f"--target={SERVICE}"], True),
        (["-t", "**EasService::llm", "-t", "**EasService::page"], True),
        (["--target-replace", SERVICE], True),
        (["--target", SERVICE, "--target-dependents"], False),
        (["--target", SERVICE, "--target-dependents=true"], False),
        (["--target", SERVICE, "--target", PLACEMENT], False),
        (["--target", PLACEMENT], False),
        (["--target", "**"], False),
        (["--target"], False),
    ],
)
def test_what_a_command_line_leaves_out(arguments: list[str], left_out: bool) -> None:
    assert only_services(["pulumi", "up", "--yes", *arguments]) == left_out


def test_the_check_refuses_with_what_to_do(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    stack.service("llm", gpu_memory=20)
    monkeypatch.setattr(work, "placement_left_out", lambda: True)
    [failure] = work.check({}, stack.program()["service/llm"]).failures
    assert failure.reason.startswith("service 'llm' is targeted and Placement is not")
    assert "--target-dependents" in failure.reason
