"""Rules of one pool."""

from __future__ import annotations

import re
from collections.abc import Iterator

from components.rules.rule import Complaint, Rule
from components.rules.slicing import RESOURCE_ID
from components.spec.catalogue import catalogue
from components.spec.pool import Pool
from components.spec.pool_file import RUNTIMES
from components.spec.quotas import DEFAULT
from components.spec.secret import HIDDEN, split

POOL_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
NODE_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")

QUOTA_OWNER = re.compile(r"[A-Za-z0-9._*-]+(/[A-Za-z0-9._*-]+){2}")


def _pool_name(pool: Pool) -> Iterator[Complaint]:
    if not POOL_NAME.fullmatch(pool.name):
        message = "the pool has no name." if not pool.name else f"the pool's name is {pool.name!r}."
        yield Complaint("name", pool.name, message)


def _node_names(pool: Pool) -> Iterator[Complaint]:
    for node in pool.nodes:
        if not NODE_NAME.fullmatch(node.name):
            yield Complaint(f"nodes.{node.name}", node.name, f"a node's name is {node.name!r}.")


def _resource(pool: Pool) -> Iterator[Complaint]:
    for index, name in enumerate(pool.ids):
        if not RESOURCE_ID.fullmatch(name):
            field = "resource" if index == 0 else f"aliases[{index - 1}]"
            yield Complaint(field, name, f"{field} is {name!r}.")


def _has_nodes(pool: Pool) -> Iterator[Complaint]:
    if not pool.nodes and not pool.discover and not pool.reference:
        yield Complaint("nodes", None, f"pool {pool.name!r} has no nodes: nothing can run in it.")


def _runtime(pool: Pool) -> Iterator[Complaint]:
    if pool.runtime not in RUNTIMES:
        message = f"pool {pool.name!r} is for runtime {pool.runtime!r}, which is not in this version yet."
        yield Complaint("runtime", pool.runtime, message)


def _node_memory(pool: Pool) -> Iterator[Complaint]:
    for node in pool.nodes:
        if node.memory_mib < 1024:
            message = f"node {node.name!r} has {node.memory_mib} MB of memory; perhaps GiB were meant."
            fix = f"For {node.memory_mib} GiB write {node.memory_mib * 1024}."
            yield Complaint(f"nodes.{node.name}.memory", node.memory_mib, message, fix)


def _node_cores(pool: Pool) -> Iterator[Complaint]:
    for node in pool.nodes:
        if node.cpu_milli == 0:
            message = (
                f"node {node.name!r} has one core, which EAS keeps for itself: only services without cpu fit."
            )
            yield Complaint(f"nodes.{node.name}.cpu", 1, message)


def _reason(pool: Pool) -> Iterator[Complaint]:
    for node in pool.nodes:
        if node.reason and node.state == "ready":
            message = f"node {node.name!r} has a reason, but is ready: the reason is shown nowhere."
            yield Complaint(f"nodes.{node.name}.reason", node.reason, message)
        for card in node.cards:
            if card.reason and card.state == "ready":
                field = f"nodes.{node.name}.gpus[{card.index}].reason"
                message = (
                    f"card {node.name}/{card.index} has a reason, but is ready: the reason is shown nowhere."
                )
                yield Complaint(field, card.reason, message)


def _nominal(pool: Pool) -> Iterator[Complaint]:
    kinds = {}
    for node, card in pool.cards():
        known = catalogue().get(node.instance_type)
        if (
            card.capacity_source == "nominal"
            and known
            and known.usable is not None
            and known.usable < card.memory_mib
        ):
            kinds[known.name] = (card.memory_mib, known)
    for name, (counted, known) in sorted(kinds.items()):
        message = (
            f"capacity is nominal: {known.model} cards of {name} count {counted} MiB, of which "
            f"processes can use {known.usable}; slices may be placed that then run out of memory."
        )
        yield Complaint("capacity", "nominal", message)


def _units(pool: Pool) -> Iterator[Complaint]:
    units = {node.unit for node in pool.nodes if node.cards}
    if len(units) > 1:
        message = (
            f"pool {pool.name!r} has ecs.* and ml.* nodes: a gpu_memory of 20 is 20 GiB (20480 MiB) on the "
            "first and 20 GB (19073 MiB) on the second."
        )
        yield Complaint("nodes", None, message)


def _ports(pool: Pool) -> Iterator[Complaint]:
    ports = pool.local.ports
    if len(ports) != 2 or not 1024 <= ports[0] <= ports[1] <= 65535:
        yield Complaint("local.ports", list(ports), f"local.ports is {list(ports)}.")


def _quota_owners(pool: Pool) -> Iterator[Complaint]:
    for name in pool.quotas:
        if name != DEFAULT and not QUOTA_OWNER.fullmatch(name):
            yield Complaint(f"quotas.{name}", name, f"a quota is for {name!r}.")


def _commands(pool: Pool) -> Iterator[Complaint]:
    for name, command in sorted(pool.local.run.items()):
        words = (command,) if isinstance(command, str) else command
        if not any(word.strip() for word in words):
            yield Complaint(f"local.run.{name}", "", f"local.run.{name} is empty.")


def _secrets(pool: Pool) -> Iterator[Complaint]:
    for name, command in sorted(pool.local.run.items()):
        field = f"local.run.{name}"
        if split({field: command if isinstance(command, str) else list(command)})[1]:
            message = (
                f"{field} holds what looks like a secret, and a pool is recorded and shown as it stands."
            )
            yield Complaint(field, HIDDEN, message)


POOLS: tuple[Rule[Pool], ...] = (
    Rule(
        "pool-name",
        "invalid",
        "pools",
        "A pool's name is 1 to 63 of a-z, 0-9 and -, not at its ends.",
        "Write such a name.",
        _pool_name,
    ),
    Rule(
        "node-name",
        "invalid",
        "pools",
        "A node's name is 1 to 63 of letters, digits, dot, - and _, with a letter or digit at its ends.",
        "Rename the node.",
        _node_names,
    ),
    Rule(
        "pool-resource-id",
        "invalid",
        "pools",
        "A pool's ids are eas-r-..., eas-vr-... or quota...: the resources on which slicing works.",
        "Write the id of the group or quota, or leave resource out for a pool of this machine.",
        _resource,
    ),
    Rule(
        "pool-has-nodes",
        "invalid",
        "pools",
        "A pool has nodes, or discovers them.",
        "Write nodes, or discover: true where the runtime reports them.",
        _has_nodes,
    ),
    Rule(
        "runtime-here",
        "invalid",
        "pools",
        "A pool's runtime is one that this version has.",
        f"Write {' or '.join(RUNTIMES)}.",
        _runtime,
    ),
    Rule(
        "node-memory-in-mb",
        "notice",
        "pools",
        "A node's memory is in MB, as in a service file.",
        "Write MB: 4096 is 4 GB.",
        _node_memory,
    ),
    Rule(
        "node-has-cores",
        "notice",
        "pools",
        "A node has a core besides the one that EAS keeps for itself.",
        "Write all of the machine's cores.",
        _node_cores,
    ),
    Rule(
        "reason-needs-state",
        "ineffective",
        "pools",
        "The reason of a node or card says why it is cordoned or draining.",
        "Write state, or delete reason.",
        _reason,
    ),
    Rule(
        "capacity-usable",
        "notice",
        "pools",
        "Cards count with what processes can use of them, not with what they are sold as.",
        "Delete capacity: nominal, or write memory_mib of the cards.",
        _nominal,
    ),
    Rule(
        "units-alike",
        "notice",
        "pools",
        "All nodes of a pool count gpu_memory in the same unit.",
        "Keep it in mind, or make two pools.",
        _units,
    ),
    Rule(
        "local-ports",
        "invalid",
        "pools",
        "local.ports are two ports within 1024 to 65535, the lower first.",
        "Write for example [20000, 29999].",
        _ports,
    ),
    Rule(
        "quota-owner",
        "invalid",
        "pools",
        "A quota is for organization/project/stack, where * stands for any letters of one part, or it is the default.",
        "Write such an owner, in quotes where it begins with *, or default.",
        _quota_owners,
    ),
    Rule(
        "local-run",
        "invalid",
        "pools",
        "Each entry of local.run is a command.",
        "Write a line for the shell, or a list of words.",
        _commands,
    ),
    Rule(
        "pool-holds-no-secret",
        "invalid",
        "pools",
        "No command of local.run has a secret in it.",
        "Put it into containers[].env of the service, and write $NAME here.",
        _secrets,
    ),
)
