"""Pools that take the nodes that their runtime reports."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from components.rules import judge_project
from components.runtimes.discover import discovered
from components.runtimes.local import gpu
from components.spec.node import Card
from components.spec.project import Project
from tests.spec.build import project

HERE = socket.gethostname()
POOL: dict[str, Any] = {"name": "here", "discover": True, "local": {"run": {"default": "sleep 1"}}}
SERVICE = {"llm.json": {"metadata": {"name": "llm", "gpu_memory": 40}}}


@pytest.fixture
def one_card(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine whose driver reports one card."""
    monkeypatch.setattr(gpu, "present", lambda: (Card("GPU-real", 0, "NVIDIA H100", 81_559, "reported"),))


@pytest.fixture
def no_card(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without a driver."""
    monkeypatch.setattr(gpu, "present", lambda: ())


def found(tmp_path: Path, pools: Any, services: Any = SERVICE) -> Project:
    return discovered(project(tmp_path, services, pools), tmp_path / ".eas")


def invalid(made: Project) -> list[str]:
    return [str(each) for each in (*made.faults, *judge_project(made)) if each.level == "invalid"]


@pytest.mark.usefixtures("one_card")
def test_the_node_is_this_machine_with_its_cards_by_uuid_and_a_core_kept_back(tmp_path: Path) -> None:
    made = found(tmp_path, POOL)
    [node] = made.pools[0].nodes
    assert (node.pool, node.name, node.unit) == ("here", HERE, "GiB")
    assert [(card.uuid, card.memory_mib, card.capacity_source) for card in node.cards] == [
        ("GPU-real", 81_559, "reported")
    ]
    assert invalid(made) == []
    assert not (tmp_path / ".eas").exists()


@pytest.mark.usefixtures("one_card")
def test_services_are_judged_by_what_was_found(tmp_path: Path) -> None:
    made = found(tmp_path, POOL, {"llm.json": {"metadata": {"name": "llm", "gpu_memory": 80}}})
    [fault] = invalid(made)
    assert "the nearest, NVIDIA H100 with 81559 MiB (reported), is 361 MiB short" in fault


@pytest.mark.usefixtures("one_card")
def test_what_the_file_says_of_a_node_counts(tmp_path: Path) -> None:
    card = {"uuid": "GPU-real", "model": "H100", "memory_mib": 70_000}
    written = {HERE: {"cpu": 8, "memory": 65_536, "gpus": [card], "state": "cordoned", "reason": "fan"}}
    [node] = found(tmp_path, {**POOL, "nodes": written}).pools[0].nodes
    assert (node.state, node.cards[0].memory_mib) == ("cordoned", 70_000)


@pytest.mark.usefixtures("one_card")
def test_a_card_that_a_file_declares_elsewhere_is_not_given_away_twice(tmp_path: Path) -> None:
    card = {"uuid": "GPU-real", "model": "H100", "memory_mib": 70_000}
    other = {"name": "other", "nodes": {"n": {"cpu": 8, "memory": 65_536, "gpus": [card]}}}
    made = found(tmp_path, [{**POOL, "default": True}, other])
    assert [fault for fault in invalid(made) if "[card-once]" in fault]


@pytest.mark.usefixtures("no_card")
def test_a_machine_without_gpus_has_nothing_to_discover_and_says_so(tmp_path: Path) -> None:
    [fault] = invalid(found(tmp_path, POOL))
    assert "pool 'here' discovers its nodes, and runtime 'local' reports none" in fault
    assert "no NVIDIA GPU" in fault
    assert "Write nodes" in fault


@pytest.mark.usefixtures("one_card")
def test_where_no_pool_discovers_nothing_is_asked(tmp_path: Path) -> None:
    written = {"n": {"instance_type": "ecs.gn7e-c16g1.16xlarge"}}
    made = project(tmp_path, SERVICE, {**POOL, "discover": False, "nodes": written})
    assert discovered(made, tmp_path) is made
