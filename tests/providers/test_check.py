"""``check`` looks and answers: no side effects, the same answer twice, in one form whatever Pulumi does to the values."""

from __future__ import annotations

from typing import Any

import pytest
from pulumi.runtime.rpc import UNKNOWN

from components.providers.placement import PlacementProvider
from components.providers.pool import GpuPoolProvider
from components.providers.service import EasServiceProvider
from components.providers.work import session
from components.spec.packed import packed, unpacked
from tests.providers.engine import PLACEMENT, Refused, Stack, files, wire


def test_check_creates_nothing(stack: Stack) -> None:
    """Neither ledger nor key nor folder."""
    stack.service("page", gpu_memory=20, token="t0k3n")
    stack.preview()
    assert files(stack.root) == {}
    assert list(stack.root.iterdir()) == []


def test_check_changes_no_byte_of_what_is_there(stack: Stack) -> None:
    """Of ledger, key and runtime, whether the answer is a plan, nothing or a refusal."""
    stack.service("page", gpu_memory=20)
    stack.up()
    session.reset()
    before = files(stack.root)
    stack.preview()
    stack.service("page", gpu_memory=24, instance=2)
    stack.preview()
    stack.service("page", gpu_memory=79, instance=20)
    with pytest.raises(Refused):
        stack.preview()
    session.reset()
    assert files(stack.root) == before


def test_check_answers_twice_alike_in_any_order_of_services(stack: Stack) -> None:
    """Also in another process, with services and nodes registered in another order."""
    stack.service("page", gpu_memory=20, instance=3)
    stack.service("llm", gpu_memory=48, gpu_core_percentage=10)
    first = stack.preview()
    assert stack.preview().checked == first.checked
    stack.services = dict(reversed(stack.services.items()))
    stack.pool("gpu-b", "gpu-a")
    assert stack.preview().placement == first.placement


def test_a_plan_is_the_same_from_integers_and_from_whole_floats(stack: Stack) -> None:
    """Pulumi hands whole numbers on as it likes; what is stored is an integer."""
    stack.service("page", gpu_memory=20, instance=2)
    program = stack.program()
    stack.process()
    given = {key: value for key, value in program[PLACEMENT].items() if key != "__provider"}
    as_float = PlacementProvider().check({}, dict(given)).inputs
    as_int = PlacementProvider().check({}, _integers(given)).inputs
    assert as_float == as_int
    assert "20.0" not in repr(as_float)


def _integers(value: Any) -> Any:
    if isinstance(value, float):
        return int(value)
    if isinstance(value, dict):
        return {key: _integers(item) for key, item in value.items()}
    return [_integers(item) for item in value] if isinstance(value, list) else value


def test_values_not_known_before_apply_put_the_plan_off(
    stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    """The preview says which; the update, where they are known, plans and carries out."""
    stack.service("page", gpu_memory=20)
    program = stack.program()
    program[PLACEMENT]["services"]["page"] = UNKNOWN
    program["service/page"]["spec"] = UNKNOWN
    program["pool/lab"]["settings"] = UNKNOWN
    phase = stack.preview(program)
    assert "assignments" not in phase.placement
    assert "services.page is not known before apply" in capsys.readouterr().out
    assert stack.up().places.keys() == {"page/0"}
    phase = stack.preview(program)
    assert phase.did[PLACEMENT] == "update"


def test_create_plans_where_no_check_could(stack: Stack) -> None:
    """What was unknown in the only check is known when the resource is created."""
    stack.service("page", gpu_memory=20)
    stack.process()
    program = stack.program()
    for name, provider in (("pool/lab", GpuPoolProvider()), ("service/page", EasServiceProvider())):
        provider.create(program[name])
    made = PlacementProvider().create(program[PLACEMENT])
    assert made.outs is not None
    assert made.outs["status"] == {"page": "1/1 ready"}
    assert made.outs["assignments"]["page"].keys() == {"0"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"owner": ""}, "property owner is ''"),
        ({"services": "page"}, "property services is 'page'; it must be a dict"),
        ({"services": {"page": {"claim": {}}}}, "pools or services cannot be read"),
        (
            {"options": {"on_insufficient": "pray"}},
            "on_insufficient is 'pray'; it must be one of refuse, wait",
        ),
        ({"options": {"max_moves": "many"}}, "option max_moves is 'many'"),
    ],
)
def test_inputs_that_cannot_be_read_are_a_sentence(stack: Stack, change: dict[str, Any], said: str) -> None:
    """Never a traceback, whatever a program hands on."""
    stack.process()
    result = PlacementProvider().check({}, {**stack.program()[PLACEMENT], **change})
    assert [failure.property for failure in result.failures] == [""]
    assert said in result.failures[0].reason


def test_a_service_that_is_invalid_fails_with_the_words_of_the_rule_table(stack: Stack) -> None:
    """And what is only ineffective stays in the inputs, for policies to see."""
    stack.service("page", gpu=1, gpu_memory=20)
    spec = unpacked(stack.preview().checked["service/page"]["spec"])
    assert (spec["metadata"]["gpu"], spec["metadata"]["gpu_memory"]) == (1, 20)
    program = stack.program()["service/page"]
    spec["metadata"] |= {"gpu_core_percentage": 101.0, "gpu_memory": "20GiB"}
    program["spec"] = packed(spec)
    reasons = [failure.reason for failure in EasServiceProvider().check({}, program).failures]
    assert all(reason.startswith("services/page.json: ") for reason in reasons)
    assert "101" in " ".join(reasons)
    assert "20GiB" in " ".join(reasons)


def test_every_output_comes_back_from_create_and_update(stack: Stack) -> None:
    """What is not returned would vanish from the state (pulumi/pulumi#13983)."""
    stack.service("page", gpu_memory=20)
    first = stack.up()
    expected = {*first.placement, "endpoints", "tokens", "status"}
    assert stack.state[PLACEMENT].outputs.keys() == expected
    stack.service("page", gpu_memory=20, instance=2)
    second = stack.up()
    assert second.did[PLACEMENT] == second.did["service/page"] == "update"
    for name, resource in stack.state.items():
        assert wire(resource.inputs).items() <= wire(resource.outputs).items(), name
    outputs = stack.state[PLACEMENT].outputs
    assert outputs.keys() == expected
    assert outputs["status"] == {"page": "2/2 ready"}
    assert outputs["endpoints"]["page"].keys() == {"0", "1"}


def test_a_large_change_is_abbreviated_without_hiding_what_disturbs(
    stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    """The table has 200 rows at most, and the stops are among them."""
    stack.pool(*(f"n{index:03d}" for index in range(60)))
    stack.service("old", gpu_memory=20)
    stack.up()
    del stack.services["old"]
    stack.service("page", gpu_memory=20, instance=300)
    capsys.readouterr()
    stack.preview()
    table = capsys.readouterr().out.splitlines()
    assert "and 101 more; `pulumi preview --diff` shows all" in table
    assert any(line.startswith("old/0") for line in table)
    assert len([line for line in table if line.startswith("page/")]) == 199
