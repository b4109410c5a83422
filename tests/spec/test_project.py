"""A whole stack's files, read together."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from components.spec.fault import SpecError
from tests.spec.build import POOL, project, rules_of

SLICE = {"metadata": {"gpu_memory": 4}}


def test_one_more_file_in_the_folder_is_all_it_takes(tmp_path: Path) -> None:
    before = project(tmp_path, {"first.json": SLICE})
    after = project(
        tmp_path, {"second-one.json": SLICE, "third.yaml": "metadata: {gpu_memory: 4}", "notes.txt": "no"}
    )
    assert [one.name for one in before.services] == ["first"]
    assert [one.name for one in after.services] == ["first", "second_one", "third"]
    assert after.faults == ()


def test_files_below_the_folder_and_hidden_ones_are_not_services(tmp_path: Path) -> None:
    (tmp_path / "services" / "app").mkdir(parents=True)
    (tmp_path / "services" / "app" / "data.json").write_text("[]")
    assert project(tmp_path, {"a_b.json": SLICE, ".c.json": "[]"}).faults == ()


def test_the_name_of_a_renamed_file_stays_with_its_written_name(tmp_path: Path) -> None:
    made = project(tmp_path, {"file.json": {"name": "given", **SLICE}})
    assert [one.name for one in made.services] == ["given"]


def test_every_fault_of_every_file_is_told_at_once(tmp_path: Path) -> None:
    files = {
        "broken.json": '{"metadata": ',
        "typed.json": {"metadata": {"gpu_memory": "4"}},
        "stray.json": {"metadata": {"resource": "eas-r-tset"}},
        "twin.json": {"name": "twins"},
        "twin2.json": {"name": "twins"},
        "fine.json": SLICE,
    }
    pools = {**POOL, "nodes": {**POOL["nodes"], "bad": {"instance_type": "ecs.nothing"}}}
    found = project(tmp_path, files, pools).faults
    assert rules_of(found) == ["known-instance-type", "readable", "service-once", "whole-number"]
    found = project(tmp_path, files).faults
    assert rules_of(found) == ["pool-exists", "readable", "service-once", "whole-number"]
    assert {fault.source for fault in found} == {
        "services/broken.json",
        "services/typed.json",
        "services/stray.json",
        "services/twin2.json",
    }
    assert all(fault.level == "invalid" for fault in found)


def test_a_service_for_a_pool_that_is_not_there_hears_the_nearest(tmp_path: Path) -> None:
    made = project(tmp_path, {"a_b.json": {"metadata": {"resource": "eas-r-tset"}}})
    [fault] = made.faults
    assert fault.rule == "pool-exists"
    assert "'eas-r-test'" in fault.fix
    with pytest.raises(SpecError):
        made.pool_of(made.services[0])


@pytest.mark.parametrize(
    "metadata",
    [
        {"resource": "eas-r-test"},
        {"resource": "eas-vr-view"},
        {"quota_id": "quota7"},
        {"resource": "gpus"},
        {},
    ],
)
def test_a_pool_is_found_by_every_id_and_by_name(tmp_path: Path, metadata: Any) -> None:
    made = project(
        tmp_path, {"a_b.json": {"metadata": metadata}}, {**POOL, "aliases": ["eas-vr-view", "quota7"]}
    )
    assert made.faults == ()
    assert made.pool_of(made.services[0]).name == "gpus"


def two_pools(**second: Any) -> Any:
    other = {
        "name": "other",
        "resource": "eas-r-other",
        "nodes": {"o": {"instance_type": "ecs.gn8v.4xlarge"}},
        **second,
    }
    return [POOL, other]


def test_several_pools_as_a_list_or_under_pools(tmp_path: Path) -> None:
    assert len(project(tmp_path, {}, two_pools()).pools) == 2
    assert len(project(tmp_path, {}, {"pools": two_pools()}).pools) == 2


def test_several_pool_files(tmp_path: Path) -> None:
    (tmp_path / "more.yaml").write_text(json.dumps(two_pools()[1]))
    made = project(tmp_path, {}, pool_files=("pool.yaml", "more.yaml"))
    assert [one.name for one in made.pools] == ["gpus", "other"]


def test_without_a_resource_and_without_a_default_the_pool_is_open(tmp_path: Path) -> None:
    [fault] = project(tmp_path, {"a_b.json": SLICE}, two_pools()).faults
    assert fault.rule == "pool-chosen"
    made = project(tmp_path, {"a_b.json": SLICE}, two_pools(default=True))
    assert made.faults == ()
    assert made.pool_of(made.services[0]).name == "other"


def test_a_card_is_declared_once_whichever_id_reaches_it(tmp_path: Path) -> None:
    gpus = [{"uuid": "GPU-a"}]
    first = {**POOL, "nodes": {"n": {"instance_type": "ecs.gn8v.4xlarge", "gpus": gpus}}}
    second = {**first, "name": "view", "resource": "eas-vr-view"}
    [fault] = project(tmp_path, {}, [first, second]).faults
    assert fault.rule == "card-once"
    assert "GPU-a" in fault.message
    assert "aliases" in fault.fix
    twice = {**POOL, "nodes": {"n": {"instance_type": "ecs.gn8v-2x.8xlarge", "gpus": gpus * 2}}}
    assert rules_of(project(tmp_path, {}, twice).faults) == ["card-once"]


def test_two_pools_of_one_id_or_name_are_refused(tmp_path: Path) -> None:
    assert rules_of(project(tmp_path, {}, two_pools(resource="eas-r-test")).faults) == ["pool-once"]
    assert "pool-once" in rules_of(project(tmp_path, {}, two_pools(name="gpus")).faults)


def test_no_service_folder_and_no_pool_file_are_faults(tmp_path: Path) -> None:
    from components.spec.project import load_project

    assert rules_of(load_project(tmp_path).faults) == ["readable", "readable"]


def test_a_folder_outside_the_project_is_read_where_it_is_named(tmp_path: Path) -> None:
    from components.spec.project import load_project

    inner = tmp_path / "inner"
    inner.mkdir()
    project(tmp_path, {"a_b.json": SLICE, "bad.json": "{"})
    for folder in ("../services", str(tmp_path / "services")):
        made = load_project(inner, pool_files=("../pool.yaml",), services=folder)
        assert [one.source for one in made.services] == [f"{folder}/a_b.json"]
        assert [fault.source for fault in made.faults] == [f"{folder}/bad.json"]


def test_overrides_set_image_instance_resource_and_metadata(tmp_path: Path) -> None:
    files = {
        "a_b.json": {
            "metadata": {"instance": 1, "quota_id": "q", "rpc.keepalive": 1},
            "containers": [{"image": "x:1"}],
        }
    }
    wishes = {
        "image": "x:2",
        "instance": 3,
        "resource": "eas-r-test",
        "metadata.rpc.keepalive": 9,
        "metadata": {"cpu": 2},
    }
    made = project(tmp_path, files, overrides={"a_b": wishes})
    assert made.faults == ()
    assert made.services[0].public() == {
        "containers": [{"image": "x:2"}],
        "metadata": {"cpu": 2, "instance": 3, "resource": "eas-r-test", "rpc": {"keepalive": 9}},
    }


def test_an_override_of_a_wrong_type_names_the_stacks_file(tmp_path: Path) -> None:
    made = project(
        tmp_path,
        {"a_b.json": SLICE},
        overrides={"a_b": {"instance": "3"}},
        overrides_source="Pulumi.dev.yaml",
    )
    [fault] = made.faults
    assert (fault.rule, fault.field, fault.line) == ("whole-number", "metadata.instance", None)
    assert fault.source == "Pulumi.dev.yaml (override of a_b)"


@pytest.mark.parametrize(
    ("overrides", "field", "fix"),
    [
        ({"a_c": {"instance": 1}}, "overrides.a_c", "'a_b'"),
        ({"a_b": {"imag": "x"}}, "overrides.a_b.imag", "'image'"),
        ({"a_b": ["image"]}, "overrides.a_b", "fields"),
        ({"a_b": {"labels": {}}}, "overrides.a_b.labels", "metadata.FIELD"),
    ],
)
def test_an_override_that_means_nothing_is_refused(
    tmp_path: Path, overrides: Any, field: Any, fix: Any
) -> None:
    [fault] = project(tmp_path, {"a_b.json": SLICE}, overrides=overrides).faults
    assert (fault.rule, fault.field, fault.level) == ("override-known", field, "invalid")
    assert fix in fault.fix


def test_a_broken_file_with_an_override_still_tells_its_own_fault(tmp_path: Path) -> None:
    made = project(tmp_path, {"a_b.json": {"metadata": [1]}}, overrides={"a_b": {"instance": 1}})
    assert "field-type" in rules_of(made.faults)


def test_a_thousand_files_are_read_in_well_under_a_second_of_cpu(tmp_path: Path) -> None:
    document = {
        "metadata": {
            "instance": 2,
            "cpu": 4,
            "memory": 8192,
            "gpu_memory": 8,
            "gpu_core_percentage": 10,
            "rpc.keepalive": 1,
        },
        "containers": [{"image": "x:1", "script": "run", "port": 8000, "env": [{"name": "A", "value": "b"}]}],
        "labels": {"team": "x"},
    }
    files = {f"svc_{i:04}.json": document for i in range(1000)}
    start = time.process_time()
    project(tmp_path, {})
    project(tmp_path, files)
    written = time.process_time() - start
    from components.spec.project import load_project

    start = time.process_time()
    made = load_project(tmp_path)
    taken = time.process_time() - start
    assert len(made.services) == 1000
    assert made.faults == ()
    # A bound that a machine five times slower than the one it was measured on (0.15 s) still keeps.
    assert taken < 1.0, (taken, written)
