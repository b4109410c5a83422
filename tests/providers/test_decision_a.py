"""Decision (a): planning takes nodes from the inputs; from the ledger only what is held and which states are recorded."""

from __future__ import annotations

from pathlib import Path

import pytest

from components.spec.packed import unpacked
from tests.providers.engine import OTHER, OWNER, PLACEMENT, Refused, Stack
from tests.providers.marks import mark


def test_a_both_checks_of_one_up_answer_alike(stack: Stack) -> None:
    """What GpuPool and EasService record between the two checks of one ``up`` changes nothing in the plan."""
    stack.service("page", gpu_memory=20, instance=2)
    stack.service("llm", gpu_memory=48)
    previewed = stack.preview().placement
    assert stack.apply().placement == previewed
    stack.service("page", gpu_memory=24, instance=3)
    stack.pool("gpu-a", "gpu-b", "gpu-c")
    previewed = stack.preview().placement
    assert stack.apply().placement == previewed


@pytest.mark.parametrize(
    ("declared", "said"), [("draining", "ready"), ("ready", "draining"), ("cordoned", "lost")]
)
def test_a_the_stricter_of_declared_and_recorded_state_counts(stack: Stack, declared: str, said: str) -> None:
    """A node that the program or the ledger takes out gets nothing new."""
    stack.service("page", gpu_memory=20)
    stack.up()
    stack.pool(f"gpu-a={declared}", "gpu-b", "gpu-c")
    if said != "ready":
        mark(stack, "gpu-a", said, "observed" if said == "lost" else "operator")
    stack.service("many", gpu_memory=50, instance=4)
    places = stack.preview().places
    assert not any(place.startswith("gpu-a/") for name, place in places.items() if name.startswith("many/"))


def test_a_a_node_that_left_the_program_drains(stack: Stack) -> None:
    """It takes nothing new, what it holds moves, and it goes with its last stop."""
    stack.service("page", gpu_memory=20)
    stack.up()
    node = stack.rows()["page/0"][1].partition("/")[0]
    other = {"gpu-a": "gpu-b", "gpu-b": "gpu-a"}[node]
    stack.pool(other)
    moved = stack.up()
    assert moved.hows == {"page/0": "move"}
    assert stack.rows()["page/0"][:2] == ("ready", moved.places["page/0"])
    with stack.read_ledger() as ledger:
        assert [each.node.name for each in ledger.snapshot(OWNER, None, ["lab"]).nodes] == [other]


def test_a_a_stack_that_references_a_pool_reads_its_nodes_from_the_ledger(stack: Stack) -> None:
    """And is refused, with what is known, where the ledger has no such pool."""
    guest = Stack(stack.root.parent / "guest", owner=OTHER, ledger=stack.ledger_file)
    guest.pool("gpu-a")
    guest.references = ["lab"]
    guest.service("extra", gpu_memory=20)
    with pytest.raises(Refused, match=r"pool lab is referenced .* is not there yet"):
        guest.preview()
    stack.service("page", gpu_memory=70, instance=2)
    stack.up()
    placed = guest.up()
    assert placed.did == {"service/extra": "create", PLACEMENT: "create"}
    # The node that only the declaring stack knows is there as well.
    assert placed.places["extra/0"].partition("/")[0] in ("gpu-a", "gpu-b")
    assert placed.places["extra/0"] not in {row[1] for row in stack.rows().values()}


def test_the_project_folder_has_nothing_of_another_stack(tmp_path: Path) -> None:
    """Two owners on one ledger see each other's instances as foreign, and neither's plan touches them."""
    first = Stack(tmp_path / "first")
    first.pool("gpu-a")
    first.service("page", gpu_memory=60)
    first.up()
    second = Stack(tmp_path / "second", owner=OTHER, ledger=first.ledger_file)
    second.pool("gpu-a")
    second.references = ["lab"]
    second.service("page", gpu_memory=60)
    placed = second.up()
    assert placed.places["page/0"] != first.rows()["page/0"][1]
    usage = unpacked(placed.placement["usage"]["cards"][first.rows()["page/0"][1]])
    assert usage["instances"] == {f"{OWNER}/page/0": "61440 MiB 0 %"}
    second.destroy()
    assert set(first.rows()) == {"page/0"}
    assert set(first.preview().did.values()) == {"same"}
