"""A state that was written before mappings became lines of JSON is read, compared, refreshed and destroyed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from components.spec.packed import unpacked
from tests.providers.engine import PLACEMENT, Stack


def older(value: Any) -> Any:
    """Return inputs or outputs as the first version stored them: mappings all the way down."""
    value = unpacked(value)
    if isinstance(value, dict):
        spelled = {key: older(item) for key, item in value.items()}
        # Two things were lines of JSON already then.
        for key in ("pool_facts", "place"):
            if key in spelled:
                spelled[key] = json.dumps(spelled[key], sort_keys=True)
        return spelled
    return [older(item) for item in value] if isinstance(value, list) else value


@pytest.fixture
def old(stack: Stack) -> Stack:
    """A stack with two services, its state in the form of the first version."""
    stack.service("page", gpu_memory=20, instance=2, token="t0k3n", labels={"team": "search"})
    stack.service("llm", gpu=1)
    stack.up()
    for resource in stack.state.values():
        resource.inputs, resource.outputs = older(resource.inputs), older(resource.outputs)
    assert isinstance(stack.state["service/page"].inputs["spec"], dict)
    assert isinstance(stack.state[PLACEMENT].outputs["change"]["0001"], dict)
    return stack


def test_the_form_alone_is_no_change(old: Stack) -> None:
    """The first `up` of this version stores the new form, and updates nothing."""
    runs = old.runs()
    assert set(old.up().did.values()) == {"same"}
    assert old.runs() == runs
    assert isinstance(old.state["service/page"].inputs["spec"], str)


def test_a_change_beside_the_form_is_a_change(old: Stack) -> None:
    """Of that service and of the placement, and of nothing else."""
    old.service("llm", gpu=2)
    did = old.up().did
    assert did == {"pool/lab": "same", "service/page": "same", "service/llm": "update", PLACEMENT: "update"}


def test_it_is_refreshed_as_it_is(old: Stack) -> None:
    """An unharmed fleet reads as it was."""
    before = {name: resource.inputs for name, resource in old.state.items()}
    old.refresh()
    assert {name: resource.inputs for name, resource in old.state.items()} == before


def test_it_is_destroyed(old: Stack) -> None:
    """Delete gets the old outputs."""
    old.destroy()
    assert old.rows() == {}
