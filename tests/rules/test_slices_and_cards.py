"""Which slices can ever fit, and how a refusal reads."""

from typing import Any

import pytest

from components.rules import judge_service
from tests.spec.build import CONTAINER, pool, service, sliced

A10 = {"nodes": {"n": {"instance_type": "ecs.gn7i-c32g1.16xlarge"}}}
GU30 = {"nodes": {"n": {"instance_type": "ml.gu7i.c16m60.1-gu30"}}}


def ids(one: Any, where: Any) -> Any:
    return [fault.rule for fault in judge_service(one, where)]


def test_24_gib_never_fit_an_a10_and_the_refusal_says_why_and_how_to_override() -> None:
    [fault] = judge_service(sliced(24), pool(**A10))
    assert fault.rule == "slice-fits-card"
    assert fault.message == (
        "metadata.gpu_memory is 24 GiB (24576 MiB), larger than any card of pool 'gpus' that it may use: "
        "the nearest, A10 with 22731 MiB (usable), is 1845 MiB short."
    )
    assert fault.fix == (
        "Write 22 or less; or, if ecs.gn7i-c32g1.16xlarge has more, say so in the pool file: `memory_mib` of the card "
        "(as nvidia-smi reports it), or `capacity: nominal`."
    )


def test_the_nearest_card_is_the_one_that_takes_most_whatever_its_unit() -> None:
    [fault] = judge_service(sliced(10**9), pool())
    assert "the nearest, A100-80G with 81251 MiB (usable)" in fault.message
    assert fault.fix.startswith("Write 79 or less;")


@pytest.mark.parametrize(
    ("asked", "where", "fits"),
    [
        (22, A10, True),
        (23, A10, False),
        (24, {**A10, "capacity": "nominal"}, True),
        (25, {**A10, "capacity": "nominal"}, False),
        (24, GU30, True),
        (25, GU30, False),
        (10**9, {}, False),
        (2**53, {}, False),
    ],
)
def test_a_slice_fits_in_its_cards_unit_and_capacity(asked: Any, where: Any, fits: Any) -> None:
    assert ("slice-fits-card" not in ids(sliced(asked), pool(**where))) == fits


def test_what_is_said_to_fit_fits() -> None:
    from components.rules.facts import facts_of

    for card in facts_of(pool()).cards:
        from components.spec.units import slice_mib

        assert slice_mib(card.most, card.unit) <= card.memory_mib < slice_mib(card.most + 1, card.unit)


def test_a_model_that_is_asked_for_is_obeyed() -> None:
    """Known failure 10: selection is per card model, also where a larger card of another model is there."""
    label = {"eas-slices/card-model": "A10"}
    assert ids(service(metadata={"gpu_memory": 40}), pool()) == []
    assert ids(service(metadata={"gpu_memory": 40}, labels=label), pool()) == ["slice-fits-card"]
    assert ids(service(metadata={"gpu": 2}, labels=label), pool()) == []
    assert ids(service(metadata={"gpu": 3}, labels=label), pool()) == ["enough-cards"]


def test_cards_on_a_pool_without_any_are_refused() -> None:
    bare = pool(nodes={"n": {"cpu": 8, "memory": 65536, "gpus": []}})
    assert ids(sliced(1), bare) == ["enough-cards"]
    assert ids(service(metadata={"gpu": 1}), bare) == ["enough-cards"]
    assert ids(service(metadata={"cpu": 1}), bare) == []


def test_a_discovered_pool_is_judged_when_its_cards_are_known() -> None:
    unknown = pool(nodes={}, discover=True)
    assert ids(sliced(1000), unknown) == []
    assert ids(service(metadata={"gpu": 100, "cpu": 10_000}), unknown) == []


def test_cpu_and_memory_have_to_be_on_one_node_with_the_cards() -> None:
    nodes = {
        "cpu": {"cpu": 65, "memory": 8192, "gpus": []},
        "mem": {"cpu": 9, "memory": 262144, "gpus": [{"model": "X", "memory_mib": 10240}]},
    }
    where = pool(nodes=nodes)
    assert ids(service(metadata={"cpu": 64}), where) == []
    assert ids(service(metadata={"cpu": 64, "gpu_memory": 1}), where) == ["node-fits-instance"]
    assert ids(service(metadata={"cpu": 64, "gpu_memory": 1, "qos": "BestEffort"}), where) == []
    assert ids(service(metadata={"cpu": 64, "memory": 262144}), where) == ["node-fits-instance"]


def test_slices_work_where_the_pools_own_id_allows_them() -> None:
    assert ids(service(metadata={"gpu_memory": 1, "resource": "gpus"}), pool()) == []
    assert ids(service(metadata={"gpu_memory": 1, "quota_id": "quota1"}), None) == []
    assert ids(service(metadata={"gpu_memory": 1, "quota_id": "q1"}), None) == ["slice-needs-dedicated"]
    assert ids(service(metadata={"gpu": 1, "resource": "public"}), None) == []


@pytest.mark.parametrize(
    "script",
    [
        "vllm serve m --tensor-parallel-size 2",
        "vllm serve m --tensor-parallel-size=2",
        "vllm serve m --tensor_parallel_size 2",
        "vllm serve m -tp 2",
        "python -m sglang.launch_server --tp 2",
        "python -m sglang.launch_server --tp-size=2",
    ],
)
def test_tensor_parallel_over_a_slice_is_told_before_it_fails(script: Any) -> None:
    """Known failure 19."""
    one = service(metadata={"gpu_memory": 4}, containers=[{"image": "x", "script": script}])
    assert ids(one, pool()) == ["tensor-parallel-has-cards"]
    two = service(metadata={"gpu": 2}, containers=[{"image": "x", "script": script}])
    assert ids(two, pool()) == []


@pytest.mark.parametrize("runtime", ["local", "kubernetes"])
def test_limits_per_process_are_told_where_they_are_per_process(runtime: Any) -> None:
    """Known failure 18."""
    one = service(
        metadata={"gpu_memory": 4}, containers=[{"image": "x", "script": "torchrun --nproc-per-node 2 a.py"}]
    )
    assert ids(one, pool(runtime=runtime)) == ["limit-per-process"]
    assert ids(one, pool(runtime="simulated")) == []


@pytest.mark.parametrize(
    ("runtime", "document", "said"),
    [
        ("local", {}, True),
        ("local", {"processor": "pmml"}, True),
        ("local", {"containers": [CONTAINER]}, False),
        ("kubernetes", {"processor": "pmml"}, True),
        ("kubernetes", {"containers": [CONTAINER]}, False),
        ("pai-eas", {}, True),
        ("pai-eas", {"processor": "pmml"}, False),
        ("simulated", {}, False),
    ],
)
def test_each_runtime_has_to_find_something_to_run(runtime: Any, document: Any, said: Any) -> None:
    assert ("something-to-run" in ids(service(**document), pool(runtime=runtime, local={"run": {}}))) == said


@pytest.mark.parametrize("key", ["svc", "pmml", "default"])
def test_a_stand_in_by_service_processor_or_default_will_do(key: Any) -> None:
    assert ids(service(processor="pmml"), pool(local={"run": {key: "x"}})) == []


@pytest.mark.parametrize("runtime", ["local", "simulated"])
@pytest.mark.parametrize("key", ["svc", "llm:1", "default"])
def test_an_image_without_a_command_runs_what_the_pool_maps_it_to(key: Any, runtime: Any) -> None:
    made = service(containers=[{"image": "llm:1"}])
    assert ids(made, pool(runtime=runtime, local={"run": {key: "x"}})) == []


def test_an_image_that_nothing_stands_in_for_is_refused_with_the_line_to_add() -> None:
    made = service(containers=[{"image": "hub/llm:1"}])
    [fault] = judge_service(made, pool(local={"run": {"other": "x"}}))
    assert fault.rule == "something-to-run"
    assert "the image 'hub/llm:1' and no command for it" in fault.message
    assert '`local: {run: {"hub/llm:1": COMMAND}}`' in fault.fix


def test_only_the_first_container_has_a_stand_in() -> None:
    made = service(containers=[CONTAINER, {"image": "sidecar:1"}])
    assert ids(made, pool()) == ["container-runs-something"]


def test_a_name_from_a_file_hears_a_name_that_would_do() -> None:
    from components.spec.service import parse_service

    made, _ = parse_service({}, source="services/My.Model.json", default_name="My_Model")
    assert made is not None
    [fault] = judge_service(made, None)
    assert (fault.rule, fault.fix) == ("service-name", "Write 'my_model'.")
    assert "from the file's name" in fault.message
