"""The instance catalogue as data."""

from typing import Any

import pytest

from components.spec.catalogue import InstanceType, catalogue, nearest
from components.spec.units import capacity_mib


def test_every_row_is_whole_and_plausible() -> None:
    for name, kind in catalogue().types.items():
        assert kind.name == name
        assert name.startswith(("ecs.", "ml."))
        assert kind.vcpu > 0
        assert kind.memory_gib > 0
        assert kind.count > 0
        assert kind.usable is None or 0.85 < kind.usable / capacity_mib(kind.gb, "GiB") <= 1.0


@pytest.mark.parametrize(
    ("name", "count", "mib", "source"),
    [
        ("ecs.gn7e-c16g1.16xlarge", 4, 81251, "usable"),
        ("ecs.gn7i-c32g1.16xlarge", 2, 22731, "usable"),
        ("ecs.gn6i-c24g1.12xlarge", 2, 15109, "usable"),
        ("ecs.gn8v.4xlarge", 1, 98304, "nominal"),
        ("ml.gu7i.c32m188.1-gu30", 1, 22888, "nominal"),
    ],
)
def test_capacity_is_usable_where_known_else_nominal_in_the_familys_unit(
    name: Any, count: Any, mib: Any, source: Any
) -> None:
    kind = catalogue().get(name)
    assert kind is not None
    assert kind.count == count
    assert kind.card_mib() == (mib, source)


def test_nominal_on_request() -> None:
    kind = catalogue().get("ecs.gn7i-c32g1.16xlarge")
    assert kind is not None
    assert kind.card_mib("nominal") == (24576, "nominal")


def test_one_core_is_the_systems() -> None:
    assert InstanceType("x", vcpu=8, memory_gib=1, model="", count=0, gb=1).cpu_milli == 7000
    assert InstanceType("x", vcpu=1, memory_gib=1, model="", count=0, gb=1).cpu_milli == 0


def test_nearest_names_of_a_misspelt_type() -> None:
    assert "ecs.gn7i-c32g1.16xlarge" in nearest("ecs.gn7i-c32g1.16xlrage")
    assert nearest("zzzzzz") == []


def test_overriding_one_figure_keeps_the_others() -> None:
    changed = catalogue().overridden({"ecs.gn8v.4xlarge": {"usable": 97871}})
    kind = changed.get("ecs.gn8v.4xlarge")
    assert kind is not None
    assert (kind.usable, kind.vcpu) == (97871, 16)
    assert catalogue().get("ecs.gn8v.4xlarge") != kind
