"""A pool with every card spelled out."""

from typing import Any

import pytest

from components.spec.node import Node
from components.spec.pool import made_up_uuid, policy_facts
from tests.spec.build import POOL, pool, pool_faults, rules_of


def test_an_instance_type_is_enough() -> None:
    nodes = {node.name: node for node in pool().nodes}
    a100 = nodes["a100-0"]
    assert (a100.cpu_milli, a100.memory_mib, len(a100.cards)) == (63_000, 500 * 1024, 4)
    assert {(card.model, card.memory_mib, card.capacity_source) for card in a100.cards} == {
        ("A100-80G", 81251, "usable")
    }
    assert [card.index for card in a100.cards] == [0, 1, 2, 3]


def test_made_up_identities_are_always_the_same_and_all_different() -> None:
    first, second = pool(), pool()
    assert first == second
    uuids = [card.uuid for _, card in first.cards()]
    assert len(set(uuids)) == len(uuids) == 7
    assert uuids[0] == made_up_uuid("gpus", "a10-0", 0)
    assert all(uuid.startswith("GPU-") for uuid in uuids)


def test_the_order_of_nodes_says_nothing() -> None:
    turned = dict(reversed(list(POOL["nodes"].items())))
    assert pool(nodes=turned).nodes == pool().nodes
    assert policy_facts(pool(nodes=turned)) == policy_facts(pool())


def test_cards_of_two_sizes_on_one_node_keep_their_own_size() -> None:
    """Known failure 8: capacity is per card, not the node's total divided by the count."""
    gpus = [
        {"uuid": "GPU-a", "model": "A", "memory_mib": 10240},
        {"uuid": "GPU-b", "model": "B", "memory_mib": 20480},
    ]
    [node] = pool(nodes={"n": {"cpu": 9, "memory": 65536, "gpus": gpus}}).nodes
    assert [(card.uuid, card.model, card.memory_mib, card.capacity_source) for card in node.cards] == [
        ("GPU-a", "A", 10240, "reported"),
        ("GPU-b", "B", 20480, "reported"),
    ]
    assert node.cpu_milli == 8000


def test_a_given_identity_stays_when_a_card_before_it_goes() -> None:
    """Known failure 11: a lost card shifts indices, never identities."""
    kind = {"instance_type": "ecs.gn7e-c16g1.16xlarge"}
    both = pool(nodes={"n": {**kind, "gpus": [{"uuid": "GPU-a"}, {"uuid": "GPU-b"}]}})
    one = pool(nodes={"n": {**kind, "gpus": [{"uuid": "GPU-b"}]}})
    assert [card.uuid for _, card in both.cards()] == ["GPU-a", "GPU-b"]
    assert [(card.uuid, card.memory_mib) for _, card in one.cards()] == [("GPU-b", 81251)]


def test_a_card_may_drain_alone_and_a_ready_one_is_stored_as_ever() -> None:
    """What goes unsaid stays out of the stored form: pools of an earlier version are not changed by an update."""
    kind = {"instance_type": "ecs.gn7e-c16g1.16xlarge"}
    drains = [{}, {"state": "draining", "reason": "fan"}]
    [node] = pool(nodes={"n": {**kind, "gpus": drains}}).nodes
    assert [(card.state, card.reason) for card in node.cards] == [("ready", ""), ("draining", "fan")]
    first, second = node.to_dict()["cards"]
    assert set(second) - set(first) == {"state", "reason"}
    assert Node.from_dict(node.to_dict()) == node


def test_what_is_no_state_of_a_card_is_refused_with_those_there_are() -> None:
    kind = {"instance_type": "ecs.gn7e-c16g1.16xlarge"}
    [fault] = pool_faults(nodes={"n": {**kind, "gpus": [{"state": "lost"}]}})
    assert (fault.field, fault.level) == ("nodes.n.gpus[0].state", "invalid")
    assert "ready, cordoned, draining" in str(fault).replace(" or", ",").replace('"', "").replace("'", "")


@pytest.mark.parametrize(
    ("changes", "mib", "source"),
    [
        ({}, 22731, "usable"),
        ({"capacity": "nominal"}, 24576, "nominal"),
        ({"catalogue": {"ecs.gn7i-c32g1.16xlarge": {"usable": 23028}}}, 23028, "usable"),
    ],
)
def test_capacity_of_a_card_is_usable_unless_overridden(changes: Any, mib: Any, source: Any) -> None:
    cards = [card for node, card in pool(**changes).cards() if node.name == "a10-0"]
    assert {(card.memory_mib, card.capacity_source) for card in cards} == {(mib, source)}


def test_what_a_driver_reports_counts_before_every_table() -> None:
    node = {"instance_type": "ecs.gn7i-c32g1.16xlarge", "gpus": [{"memory_mib": 23028}, {}]}
    cards = [card for _, card in pool(nodes={"n": node}, capacity="nominal").cards()]
    assert [(card.memory_mib, card.capacity_source) for card in cards] == [
        (23028, "reported"),
        (24576, "nominal"),
    ]


def test_an_unknown_type_names_the_nearest_and_the_way_out() -> None:
    [fault] = pool_faults(nodes={"n": {"instance_type": "ecs.gn7i-c32g1.16xlrage"}})
    assert (fault.rule, fault.field) == ("known-instance-type", "nodes.n.instance_type")
    assert "'ecs.gn7i-c32g1.16xlarge'" in fault.fix
    assert "memory_mib" in fault.fix


def test_a_new_type_can_be_described_in_the_pool() -> None:
    kind = {"vcpu": 16, "memory_gib": 64, "model": "X1", "count": 2, "gb": 100}
    made = pool(catalogue={"ml.new": kind}, nodes={"n": {"instance_type": "ml.new"}})
    assert [(card.model, card.memory_mib) for _, card in made.cards()] == [("X1", 95367), ("X1", 95367)]


def test_a_new_type_that_is_described_in_part_is_refused() -> None:
    found = rules_of(
        pool_faults(catalogue={"ml.new": {"vcpu": 16}}, nodes={"n": {"instance_type": "ml.new"}})
    )
    assert found == ["known-instance-type", "known-instance-type"]


def test_a_pool_of_this_machine_needs_no_id() -> None:
    assert pool(resource="").resource == "eas-r-local-gpus"


@pytest.mark.parametrize(
    ("changes", "rule", "field"),
    [
        ({"runtime": "docker"}, "known-value", "runtime"),
        ({"max_moves": -1}, "in-range", "max_moves"),
        ({"on_insufficient": "hope"}, "known-value", "on_insufficient"),
        ({"nodes": []}, "field-type", "nodes"),
        ({"nodes": {"n": {"instance_type": 5}}}, "field-type", "nodes.n.instance_type"),
        ({"nodes": {"n": {"cpu": "8"}}}, "whole-number", "nodes.n.cpu"),
        ({"nodes": {"n": {"cpu": 0}}}, "in-range", "nodes.n.cpu"),
        ({"default": "yes"}, "field-type", "default"),
        ({"runtme": "local"}, "misspelt-key", "runtme"),
        ({"nodes": {"n": {"instance_type": "ecs.gn8v.4xlarge", "zon": "a"}}}, "misspelt-key", "nodes.n.zon"),
        ({"quotas": {"default": {"card": 1}}}, "quota-figure", "quotas.default.card"),
        ({"local": {"run": {"a": 5}}}, "field-type", "local.run.a"),
        ({"local": {"parallel": 0}}, "in-range", "local.parallel"),
    ],
)
def test_wrong_types_are_told_with_their_field(changes: Any, rule: Any, field: Any) -> None:
    assert (rule, field) in [(fault.rule, fault.field) for fault in pool_faults(**changes)]


def test_a_misspelt_figure_of_a_quota_is_refused_since_it_would_limit_nobody() -> None:
    faults = pool_faults(quotas={"acme/search/prod": {"card": 1}, "default": {"hours": 3}})
    assert [(fault.rule, fault.level, fault.fix) for fault in faults] == [
        ("quota-figure", "invalid", "Did you mean 'cards'?"),
        ("quota-figure", "invalid", "Write cards, memory_gib or compute."),
    ]


def test_options_have_the_documented_defaults() -> None:
    made = pool()
    assert (made.on_insufficient, made.max_moves, made.on_conflict, made.memory_only) == (
        "refuse",
        0,
        "fail",
        "mixed",
    )
    assert (made.local.parallel, made.local.ready_timeout_s) == (40, 1200)


def test_the_settings_of_a_runtime_are_plain_data() -> None:
    assert pool().settings() == {
        "run": {"default": "sleep 1"},
        "ports": [20000, 29999],
        "parallel": 40,
        "ready_timeout_s": 1200,
    }
    run = {"page": ["serve", "--fast"], "default": "serve"}
    assert pool(local={"run": run}).settings()["run"] == run
    assert pool(runtime="pai-eas", **{"pai-eas": {"region": "cn-x"}}).settings() == {"region": "cn-x"}


def test_facts_for_policies_are_small_whatever_the_number_of_nodes() -> None:
    nodes = {f"n{i}": {"instance_type": "ecs.gn7e-c16g1.16xlarge"} for i in range(300)}
    facts = policy_facts(pool(nodes=nodes))
    assert facts["cards"][0]["count"] == 1200
    assert len(facts["cards"]) == len(facts["nodes"]) == 1
