"""The digest of all whose change restarts an instance, tokens, and the update strategy's defaults."""

import json
from typing import Any

import pytest

from components.resources.properties import service_properties
from components.spec.revision import (
    derived_token,
    revision_of,
    rolling_of,
    token_hash_of,
    token_of,
    wanted_of,
)
from tests.spec.build import CONTAINER, pool, service

SECRET = b"secret"
BASE: dict[str, Any] = {"metadata": {"gpu_memory": 20, "cpu": 1}, "containers": [CONTAINER]}


def changed(**top: Any) -> Any:
    metadata = {**BASE["metadata"], **top.pop("metadata", {})}
    return service(**{**BASE, **top, "metadata": metadata})


@pytest.mark.parametrize(
    "change",
    [
        {"metadata": {"instance": 9}},
        {"metadata": {"name": "other"}},
        {"metadata": {"rolling_strategy": {"max_surge": 3}}},
        {"metadata": {"scheduling": {"spread": {"policy": "host"}}}},
        {"metadata": {"gpu": 0}},
        {"labels": {"a": "b"}},
        {"token": "t"},
        {"autoscaler": {"min": 1, "max": 2}},
    ],
    ids=str,
)
def test_what_restarts_nothing_leaves_the_revision(change: Any) -> None:
    assert revision_of(changed(**change), SECRET) == revision_of(changed(), SECRET)


@pytest.mark.parametrize(
    "change",
    [
        {"metadata": {"gpu_memory": 21}},
        {"metadata": {"gpu_core_percentage": 5}},
        {"metadata": {"gpu": 1}},
        {"metadata": {"cpu": 2}},
        {"metadata": {"unknown": 1}},
        {"containers": [{**CONTAINER, "image": "x:2"}]},
        {"containers": [{**CONTAINER, "env": [{"name": "A", "value": "b"}]}]},
        {"dockerAuth": "ZG9ja2Vy"},
        {"model_path": "oss://x"},
    ],
    ids=str,
)
def test_what_restarts_changes_the_revision(change: Any) -> None:
    assert revision_of(changed(**change), SECRET) != revision_of(changed(), SECRET)


IMAGE: dict[str, Any] = {"containers": [{"image": "llm:1"}]}


@pytest.mark.parametrize("top", [IMAGE, {"processor": "pmml"}, {}], ids=["image", "processor", "nothing"])
def test_what_stands_in_on_this_machine_is_part_of_the_revision(top: Any) -> None:
    def revision(**changes: Any) -> str:
        return wanted_of(service(**top), pool(**changes), secret=SECRET).revision

    first = revision(local={"run": {"default": "serve"}})
    assert first != revision(local={"run": {"default": "serve --more"}})
    assert first != revision(local={"run": {"default": ["serve"]}})
    assert first == revision(local={"run": {"default": "serve", "unused": "x"}, "ports": [20000, 20009]})
    records = {"runtime": "simulated"}
    assert revision(local={"run": {}}, **records) == revision(local={"run": {"default": "x"}}, **records)


def test_a_command_of_its_own_is_not_touched_by_what_stands_in_for_others() -> None:
    made = changed()
    one, other = (
        wanted_of(made, pool(local={"run": run}), secret=SECRET).revision for run in ({}, {"default": "x"})
    )
    named = wanted_of(made, pool(local={"run": {"svc": "x"}}), secret=SECRET).revision
    assert one == other == revision_of(made, SECRET)
    assert named != one


@pytest.mark.parametrize(
    ("run", "kept"),
    [
        ({"default": "serve", "other": "x"}, {"svc": "serve"}),
        ({"default": "serve", "svc": ["own"]}, {"svc": ["own"]}),
        ({"other": "x"}, {}),
    ],
)
def test_the_line_that_a_revision_runs_goes_with_it_and_no_other(run: Any, kept: Any) -> None:
    told = service_properties(
        service(**IMAGE), pool(local={"run": run}), wanted_of(service(**IMAGE), pool(), secret=SECRET), "o"
    )
    assert json.loads(told["about"])["settings"] == {"run": kept}


def test_a_revision_is_16_digits_and_keyed() -> None:
    first = revision_of(changed(), SECRET)
    assert len(first) == 16
    assert int(first, 16) >= 0
    assert first != revision_of(changed(), b"another secret")


def test_gpu_0_and_gpu_memory_0_are_as_unset() -> None:
    assert revision_of(service(metadata={"gpu": 0, "gpu_memory": 0}), SECRET) == revision_of(
        service(), SECRET
    )


def test_a_token_from_the_file_else_one_that_can_be_made_again() -> None:
    assert token_of(service(token="own"), "org/p/s", SECRET) == "own"
    made = token_of(service(), "org/p/s", SECRET)
    assert made == derived_token("org/p/s", "svc", SECRET)
    assert made != derived_token("org/p/other", "svc", SECRET)
    assert made != derived_token("org/p/s", "svc", b"other")


def test_a_token_enters_as_a_hash_only() -> None:
    wanted = wanted_of(service(token="own-token"), pool(), secret=SECRET)
    assert "own-token" not in str(wanted.to_dict())
    assert wanted.token_hash == token_hash_of(service(token="own-token"), SECRET)
    assert wanted.token_hash != wanted_of(service(token="new"), pool(), secret=SECRET).token_hash
    assert wanted.revision == wanted_of(service(token="new"), pool(), secret=SECRET).revision


@pytest.mark.parametrize(
    ("resource", "metadata", "expected"),
    [
        ("eas-r-x", {}, ("2%", 1)),
        ("eas-vr-x", {}, ("2%", 1)),
        ("eas-r-x", {"resource_burstable": True}, ("2%", 0)),
        ("quota1", {}, ("2%", 0)),
        ("eas-r-x", {"rolling_strategy": {"max_surge": 3, "max_unavailable": 0}}, (3, 0)),
        ("eas-r-x", {"rolling_strategy.max_surge": "50%"}, ("50%", 1)),
    ],
)
def test_surge_and_unavailable_as_written_else_by_kind_of_pool(
    resource: Any, metadata: Any, expected: Any
) -> None:
    assert rolling_of(service(metadata=metadata), pool(resource=resource)) == expected


def test_wanted_has_what_placement_needs() -> None:
    made = service(
        metadata={
            "gpu_memory": 4,
            "gpu_core_percentage": 10,
            "instance": 3,
            "cpu": 2,
            "memory": 4096,
            "qos": "BestEffort",
        },
        autoscaler={"min": 1, "max": 5, "strategies": {"qps": 1}},
        labels={"team": "x", "eas-slices/card-model": "A10, L20"},
    )
    wanted = wanted_of(made, pool(), secret=SECRET)
    assert (wanted.service, wanted.pool, wanted.instances, wanted.autoscale) == ("svc", "gpus", 3, (1, 5))
    assert wanted.claim.models == ("A10", "L20")
    assert wanted.claim.best_effort
    assert (wanted.claim.cpu_milli, wanted.claim.memory_mib) == (2000, 4096)
    assert type(wanted).from_dict(wanted.to_dict()) == wanted


def test_instance_types_are_those_of_cloud_computing_unless_they_are_the_overflow() -> None:
    computing = {"instances": [{"type": "ecs.gn8v.4xlarge"}, {"type": "dedicated_resource"}]}
    assert service(cloud={"computing": computing}).claim().instance_types == ("ecs.gn8v.4xlarge",)
    elastic = service(cloud={"computing": computing}, metadata={"resource_burstable": True})
    assert elastic.claim().instance_types == ()
