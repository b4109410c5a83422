"""``diff`` says nothing is to be done where that is so; ``read`` finds what is not as planned, and nothing else."""

from __future__ import annotations

import copy

import pytest

from components.providers.placement import PlacementProvider
from components.providers.service import EasServiceProvider
from components.providers.work import session
from components.runtimes.port import Launch, PinnedCard
from components.spec.packed import packed, unpacked
from tests.providers.engine import OTHER, OWNER, PLACEMENT, Stack
from tests.providers.marks import card_of, lose_row


def test_an_unchanged_program_changes_nothing(stack: Stack) -> None:
    """No step, no update, no start."""
    stack.service("page", gpu_memory=20, instance=2)
    stack.up()
    before = (stack.rows(), stack.runs())
    again = stack.up()
    assert again.placement["change"] == {}
    assert set(again.did.values()) == {"same"}
    assert (stack.rows(), stack.runs()) == before


def test_only_the_forecast_differing_is_no_change(stack: Stack) -> None:
    """A neighbour that came or went changes ``usage``; the new inputs are stored, nothing is updated."""
    stack.service("page", gpu_memory=20)
    stack.up()
    resource = stack.state[PLACEMENT]
    news = {**resource.inputs, "usage": {"cards": {}}, "change": {}}
    assert PlacementProvider().diff(resource.id, resource.outputs, news).changes is False
    assert (
        PlacementProvider().diff(resource.id, resource.outputs, {**news, "options": {"max_moves": 2}}).changes
        is None
    )
    steps = {**news, "change": {"0001": {"op": "stop"}}}
    assert PlacementProvider().diff(resource.id, resource.outputs, steps).changes is None
    unplanned = {key: value for key, value in news.items() if key not in ("assignments", "change", "usage")}
    assert PlacementProvider().diff(resource.id, resource.outputs, unplanned).changes is None


def test_a_pool_that_grows_does_not_show_every_service_as_changed(stack: Stack) -> None:
    """What policies need to know of the pool is stored, and is no change of the service; nor is another file name."""
    stack.service("page", gpu_memory=20)
    stack.up()
    stack.pool("gpu-a", "gpu-b", "gpu-c")
    grown = stack.preview()
    assert grown.did == {"pool/lab": "update", "service/page": "same", PLACEMENT: "update"}
    resource = stack.state["service/page"]
    renamed = copy.deepcopy(resource.inputs)
    renamed["about"] = packed({**unpacked(renamed["about"]), "source": "services/other.json"})
    assert EasServiceProvider().diff(resource.id, resource.outputs, renamed).changes is False


def test_a_label_is_a_change_of_the_service_and_restarts_nothing(stack: Stack) -> None:
    """Labels are in no revision."""
    stack.service("page", gpu_memory=20)
    stack.up()
    runs = stack.runs()
    stack.service("page", gpu_memory=20, labels={"team": "search"})
    changed = stack.up()
    assert changed.did == {"pool/lab": "same", "service/page": "update", PLACEMENT: "update"}
    assert changed.placement["change"] == {}
    assert stack.runs() == runs


def test_reading_an_unharmed_fleet_returns_what_was_there(stack: Stack) -> None:
    """Identical inputs and outputs, of every resource; nothing is restarted after it."""
    stack.service("page", gpu_memory=20, instance=2)
    stack.service("llm", gpu=2)
    stack.up()
    before, runs = copy.deepcopy(stack.state), stack.runs()
    stack.refresh()
    assert stack.state == before
    assert set(stack.up().did.values()) == {"same"}
    assert stack.runs() == runs


@pytest.mark.parametrize(("harm", "matter"), [("kill", "dead"), ("lose", "missing")])
def test_a_harmed_instance_reads_as_what_is_the_matter_and_is_repaired_in_place(
    stack: Stack, harm: str, matter: str
) -> None:
    """Refresh twice says the same; the repair restarts it, where it was, and nobody else."""
    stack.service("page", gpu_memory=20, instance=2)
    stack.up()
    rows, place = stack.rows(), stack.state[PLACEMENT].inputs["assignments"]["page"]["1"]
    runtime = stack.runtime()
    getattr(runtime, harm)(rows["page/1"][2])
    runtime.close()
    seen = stack.refresh()
    assert seen == {"page": {"0": rows["page/0"][1], "1": f"{matter} (was {place})"}}
    assert stack.state[PLACEMENT].outputs["status"] == {"page": "1/2 ready"}
    assert stack.refresh() == seen
    repaired = stack.up()
    assert repaired.hows == {"page/1": "restart"}
    assert stack.rows() == rows
    assert stack.state[PLACEMENT].outputs["status"] == {"page": "2/2 ready"}
    assert set(stack.preview().did.values()) == {"same"}


def test_an_instance_that_the_ledger_was_told_to_forget_reads_as_missing(stack: Stack) -> None:
    """``eas forget NODE`` leaves no row: refresh does not call that healthy."""
    stack.service("page", gpu_memory=20)
    stack.up()
    node = stack.rows()["page/0"][1].partition("/")[0]
    stack.process()

    ledger = session.session().writing()
    ledger.set_node_state("lab", node, None, "lost", "observed", "burnt", "test", session.now())
    ledger.forget_node("lab", node, now=session.now(), because="test")
    assert stack.refresh()["page"]["0"].startswith("missing (was ")


def test_refresh_after_an_interrupted_up_does_not_invent_instances(stack: Stack) -> None:
    """What is only reserved is not there to be seen."""
    stack.service("page", gpu_memory=20)
    stack.up()
    before = stack.state[PLACEMENT].inputs["assignments"]
    stack.service("page", gpu_memory=20, instance=2)
    with pytest.MonkeyPatch.context() as patch:

        def die(*_: object, **__: object) -> None:
            raise KeyboardInterrupt

        patch.setattr("components.providers.work.carry.settle", die)
        with pytest.raises(KeyboardInterrupt):
            stack.up()
    assert stack.refresh() == before


def test_reading_what_another_resource_holds_changes_nothing(stack: Stack) -> None:
    """A stale Placement (a replacement that is still in the state) answers what it was."""
    stack.service("page", gpu_memory=20)
    stack.up()
    outputs = stack.state[PLACEMENT].outputs
    runtime = stack.runtime()
    runtime.kill(stack.rows()["page/0"][2])
    runtime.close()
    stack.process()
    before = stack.rows()
    read = PlacementProvider().read("placement-stale", dict(outputs))
    assert stack.rows() == before, "what is the matter is for the one that holds it to record"
    assert read.outs == {key: value for key, value in outputs.items() if key != "__provider"}


def _moved_by_hand(stack: Stack) -> str:
    """Let ``page/0`` run on another card than its own; return where."""
    place = stack.rows()["page/0"][1]
    other = "gpu-b/0" if place != "gpu-b/0" else "gpu-a/0"
    runtime = stack.runtime()
    runtime.move(stack.rows()["page/0"][2], other.partition("/")[0], [card_of(stack, other)])
    runtime.close()
    return other


def test_one_that_was_moved_by_hand_reads_as_where_it_is_and_is_brought_back(stack: Stack) -> None:
    """The repair is a restart in its place; a second refresh says the same until then."""
    stack.service("page", gpu_memory=20, instance=2)
    stack.up()
    rows = stack.rows()
    other = _moved_by_hand(stack)
    seen = stack.refresh()
    assert seen["page"] == {"0": f"on {other} (was {rows['page/0'][1]})", "1": rows["page/1"][1]}
    assert stack.refresh() == seen
    repaired = stack.up()
    assert repaired.hows == {"page/0": "restart"}
    assert stack.rows() == rows
    assert stack.refresh() == repaired.placement["assignments"]


def _begin(stack: Stack, name: str, address: str, revision: str, owner: str = OWNER) -> str:
    """Let the runtime run an instance that no ledger knows; return its id."""
    node = address.partition("/")[0]
    card = PinnedCard(card_of(stack, address), 0, "", 0, 0, 0)
    service, _, ordinal = name.partition("/")
    id_ = f"{owner}/{name}/by-hand"
    runtime = stack.runtime()
    launch = Launch(id_, owner, service, int(ordinal), "lab", node, (card,), False, {}, revision=revision)
    runtime.start(launch)
    runtime.close()
    return id_


def _revision(stack: Stack) -> str:
    with stack.read_ledger() as ledger:
        return ledger.instances(owner=OWNER)[0].held.revision


@pytest.mark.parametrize("name", ["page/0", "page/7", "ghost/0"])
def test_one_too_many_reads_as_extra_and_only_it_is_stopped(stack: Stack, name: str) -> None:
    """A second of one that is there, one beyond the count, one of a service that nobody declares."""
    stack.service("page", gpu_memory=20)
    stack.up()
    rows, runs = stack.rows(), stack.runs()
    extra = _begin(stack, name, "gpu-b/1", _revision(stack))
    foreign = _begin(stack, name, "gpu-b/1", "r", owner=OTHER)
    seen = stack.refresh()
    service, _, ordinal = name.partition("/")
    beside = f"{rows['page/0'][1]}, and " if name == "page/0" else ""
    assert seen[service][ordinal] == f"{beside}extra on gpu-b/1"
    assert seen["page"]["0"].startswith(rows["page/0"][1])
    assert stack.refresh() == seen
    repaired = stack.up()
    assert [unpacked(step)["op"] for step in repaired.placement["change"].values()] == ["stop"]
    assert stack.rows() == rows
    assert stack.runs() == runs
    runtime = stack.runtime()
    assert extra not in runtime.listing()
    assert foreign in runtime.listing(), "another owner's is not ours to stop"
    runtime.close()
    assert set(stack.preview().did.values()) == {"same"}
    assert stack.refresh() == repaired.placement["assignments"]


def test_one_that_the_ledger_lost_is_recorded_again_by_refresh_and_is_no_drift(stack: Stack) -> None:
    """What runs is what is wanted, so nothing differs and nothing is restarted."""
    stack.service("page", gpu_memory=20, instance=2)
    stack.up()
    rows, runs = stack.rows(), stack.runs()
    before = stack.state[PLACEMENT].inputs["assignments"]
    lose_row(stack, rows["page/1"][2])
    assert "page/1" not in stack.rows()
    assert stack.refresh() == before
    assert stack.rows() == rows
    assert set(stack.up().did.values()) == {"same"}
    assert stack.runs() == runs
