"""A bound apply: the previewed plan is carried out as it was, or refused naming what is no longer so."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from components.providers.placement import PlacementProvider
from components.providers.work import carry, proposal, session
from components.spec.packed import unpacked
from tests.providers.engine import OTHER, OWNER, PLACEMENT, Phase, Refused, Stack
from tests.providers.marks import mark


@pytest.fixture
def bound(stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that previews, and binds what comes after to that preview."""

    def bind() -> Phase:
        monkeypatch.delenv("EAS_BOUND_PLAN", raising=False)
        phase = stack.preview()
        inputs = {key: value for key, value in phase.placement.items() if key != "__provider"}
        write(tmp_path / "plan.json", {"format": 1, "placements": {"urn": inputs}})
        monkeypatch.setenv("EAS_BOUND_PLAN", str(tmp_path / "plan.json"))
        return phase

    return bind


def write(file: Path, document: Any) -> None:
    """Write a bound plan."""
    file.write_text(json.dumps(document))


@pytest.fixture
def neighbour(stack: Stack, tmp_path: Path) -> Stack:
    """Another stack on the same cards, once the first has declared them."""
    made = Stack(tmp_path / "neighbour", owner=OTHER, ledger=stack.ledger_file)
    made.pool("gpu-a", "gpu-b")
    made.references = ["lab"]
    return made


def up_unbound(stack: Stack) -> Phase:
    """Let a stack go up without the plan that another one is bound to."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("EAS_BOUND_PLAN", raising=False)
        return stack.up()


def test_an_apply_bound_to_its_preview_does_just_that(stack: Stack, bound: Any) -> None:
    """First and later ones; and a no-op stays one."""
    stack.service("page", gpu_memory=20, instance=2)
    phase = bound()
    assert stack.apply().placement == phase.placement
    stack.service("page", gpu_memory=24, instance=3)
    phase = bound()
    applied = stack.apply()
    assert applied.placement == phase.placement
    assert {name: row[1] for name, row in stack.rows().items()} == phase.places
    phase = bound()
    assert set(stack.apply().did.values()) == {"same"}


def test_a_foreign_commit_that_leaves_every_place_free_fails_nothing(
    stack: Stack, neighbour: Stack, bound: Any
) -> None:
    """The cards stay the previewed ones; ``usage``, which policies judge, is that of now."""
    stack.service("page", gpu_memory=20)
    stack.up()
    stack.service("llm", gpu_memory=20)
    phase = bound()
    neighbour.service("guest", gpu_memory=20)
    theirs = up_unbound(neighbour).places["guest/0"]
    applied = stack.apply()
    assert applied.places == phase.places
    assert f"{OTHER}/guest/0" in unpacked(applied.placement["usage"]["cards"][theirs])["instances"]
    assert stack.rows()["llm/0"][0] == "ready"


def test_a_foreign_commit_that_takes_the_card_is_refused_naming_card_wish_and_who(
    stack: Stack, neighbour: Stack, bound: Any
) -> None:
    """Nothing is changed by the refusal."""
    stack.service("page", gpu_memory=20)
    stack.up()
    stack.service("llm", gpu_memory=70)
    card = bound().places["llm/0"]
    neighbour.service("guest", gpu_memory=70, instance=3)
    taken = up_unbound(neighbour).places
    assert card in taken.values()
    before = stack.rows()
    with pytest.raises(Refused) as refused:
        stack.apply()
    (said,) = refused.value.reasons
    assert said.startswith("the apply is not what was previewed: ")
    for part in (card, "llm/0", "guest/", OTHER):
        assert part in said
    assert stack.rows() == before


def test_a_card_that_goes_between_check_and_commit_is_a_stale_plan(stack: Stack, neighbour: Stack) -> None:
    """Without any binding, too: the commit judges again, names card, wish and who, and changes nothing."""
    stack.service("page", gpu_memory=20)
    stack.up()
    stack.service("llm", gpu_memory=70)
    neighbour.service("guest", gpu_memory=70, instance=3)
    with pytest.raises(Exception, match=OTHER) as stale:
        _race(stack, neighbour)
    assert type(stale.value).__name__ == "StalePlan"
    assert "llm/0" in str(stale.value)
    assert set(stack.rows()) == {"page/0"}


def test_on_conflict_replan_plans_anew(
    stack: Stack, neighbour: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    """And says so, with the new table."""
    stack.options = {"on_conflict": "replan"}
    stack.service("page", gpu_memory=20)
    stack.up()
    stack.service("llm", gpu_memory=70)
    neighbour.service("guest", gpu_memory=70, instance=2)
    _race(stack, neighbour)
    assert "planned anew" in capsys.readouterr().out
    rows = stack.rows()
    assert rows["llm/0"][0] == "ready"
    assert stack.state[PLACEMENT].outputs["assignments"]["llm"] == {"0": rows["llm/0"][1]}


def _race(stack: Stack, neighbour: Stack) -> None:
    """Let the neighbour commit after our check and before our commit."""

    took = proposal.take_snapshot
    done: list[bool] = []

    def after_the_neighbour(*arguments: Any) -> Any:
        if not done:
            done.append(True)
            ours = session.session()
            with pytest.MonkeyPatch.context() as within:
                within.setattr(session, "reset", lambda new: setattr(session, "_SESSION", new))
                neighbour.up()
            session._SESSION = ours
        return took(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(carry, "take_snapshot", after_the_neighbour)
        stack.up()


def _was(path: str, was: str, now: str) -> str:
    return f"{path} was {was} in the preview and is {now} now"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda s: s.service("page", gpu_memory=24), _was("services.page.claim.gpu_memory", "20", "24")),
        (lambda s: s.service("page", gpu_memory=20, instance=2), _was("services.page.instances", "1", "2")),
        (lambda s: s.service("page", gpu_memory=20, token="x"), "services.page.token_hash was "),
        (
            lambda s: s.service("page", gpu_memory=20, labels={"team": "a"}),
            _was("services.page.labels.team", "not declared", '"a"'),
        ),
        (lambda s: s.service("llm", gpu_memory=20), _was("services.llm", "not declared", "declared")),
        (lambda s: s.services.pop("page"), _was("services.page", "declared", "not declared")),
        (
            lambda s: s.pool("gpu-a", "gpu-b=cordoned"),
            _was("pools.lab.nodes.gpu-b.state", '"ready"', '"cordoned"'),
        ),
        (lambda s: s.pool("gpu-a"), _was("pools.lab.nodes.gpu-b", "declared", "not declared")),
        (lambda s: s.options.update(max_moves=3), _was("options.max_moves", "not declared", "3")),
    ],
)
def test_what_is_declared_otherwise_is_named_by_field(
    stack: Stack, bound: Any, change: Any, said: str
) -> None:
    """Nodes, claims, revisions, labels, tokens and options are those that were previewed."""
    stack.service("page", gpu_memory=20)
    bound()
    change(stack)
    with pytest.raises(Refused) as refused:
        stack.apply()
    assert any(said in reason for reason in refused.value.reasons), refused.value.reasons
    assert all(reason.startswith("the apply is not what was previewed: ") for reason in refused.value.reasons)


def test_a_node_that_was_drained_since_is_refused(stack: Stack, bound: Any) -> None:
    """The previewed place is on a node that takes nothing new any more."""
    stack.service("page", gpu_memory=20)
    stack.up()
    stack.service("llm", gpu_memory=70)
    node = bound().places["llm/0"].partition("/")[0]
    mark(stack, node, "draining", "operator")
    with pytest.raises(Refused, match=f"llm/0.*{node}"):
        stack.apply()


def moved_meanwhile(stack: Stack, service: str, node: str) -> None:
    """Let another `up` of the same stack, such as that of another clone, empty a node; the state here does not know."""
    state = copy.deepcopy(stack.state)
    mark(stack, node, "draining", "operator")
    up_unbound(stack)
    mark(stack, node, "ready", "operator")
    stack.state = state
    assert stack.rows()[f"{service}/0"][1].partition("/")[0] != node


def test_an_instance_that_moved_since_is_no_longer_what_was_previewed(stack: Stack, bound: Any) -> None:
    """Although every place of the plan is free, and no step of it touches the one that moved."""
    stack.service("page", gpu_memory=20)
    stack.up()
    phase = bound()
    before = phase.places["page/0"]
    moved_meanwhile(stack, "page", before.partition("/")[0])
    with pytest.raises(Refused, match=rf"page/0 was to be on {before}, and is on .* now"):
        stack.apply()


def test_an_instance_that_moved_between_check_and_commit_is_a_stale_plan(stack: Stack) -> None:
    """The picture that the check had is not the one of the commit."""
    stack.service("page", gpu_memory=20)
    stack.up()
    stack.service("llm", gpu_memory=20)
    checked = stack.preview().placement
    moved_meanwhile(stack, "page", checked["assignments"]["page"]["0"].partition("/")[0])
    rows = stack.rows()
    stack.process()
    with pytest.raises(
        Exception, match=r"made from another picture: page/0 was to be on .* Run the same command again"
    ):
        PlacementProvider().update(stack.state[PLACEMENT].id, {}, checked)
    assert stack.rows() == rows


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read"),
        ("{", "cannot be read"),
        ('{"format": 2, "placements": {}}', "has not format 1"),
        ("[]", "has not format 1"),
        ('{"format": 1, "placements": {}}', "holds 0 placements of organization/shop/dev-11aa22"),
        ('{"format": 1, "placements": {"a": {"owner": "organization/shop/dev-11aa22"}}}', "holds no plan"),
    ],
)
def test_a_bound_plan_that_cannot_be_used_is_refused(
    stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None, said: str
) -> None:
    """Missing, torn, of another format, of another stack: a sentence with the next step, and no plan of our own instead."""
    file = tmp_path / "plan.json"
    if content is not None:
        file.write_text(content)
    monkeypatch.setenv("EAS_BOUND_PLAN", str(file))
    stack.service("page", gpu_memory=20)
    with pytest.raises(Refused, match=said) as refused:
        stack.preview()
    assert "eas preview --save-plan FILE" in str(refused.value)
    assert OWNER in str(refused.value) or "placements" not in said
