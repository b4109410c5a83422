"""What a user names on the command line: nodes, cards, services and instances. Unknown names are a sentence."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from components.cli.base.ending import CommandError

if TYPE_CHECKING:
    from components.ledger import InstanceRow
    from components.spec.node import Node

Thing = TypeVar("Thing")


@dataclass(frozen=True, slots=True)
class Target:
    """``NAME`` or ``NAME/ordinal``; ``surge`` for ``NAME/+ordinal``, a temporary instance."""

    service: str
    ordinal: int | None = None
    surge: bool = False

    @classmethod
    def parse(cls, text: str) -> Target:
        """Read what the user wrote."""
        service, slash, ordinal = text.partition("/")
        if not slash:
            return cls(service)
        number = ordinal.removeprefix("+")
        if not service or not number.isdecimal():
            raise CommandError(
                f"{text} names no instance; write SERVICE or SERVICE/ORDINAL, for example llm/0"
            )
        return cls(service, int(number), ordinal.startswith("+"))

    def matches(self, row: InstanceRow) -> bool:
        """Whether a row is meant."""
        held = row.held
        if held.service != self.service:
            return False
        if self.ordinal is None:
            return True
        return held.ordinal == self.ordinal and (held.role == "surge") == self.surge

    def __str__(self) -> str:
        """As written."""
        if self.ordinal is None:
            return self.service
        return f"{self.service}/{'+' if self.surge else ''}{self.ordinal}"


def label_of(row: InstanceRow) -> str:
    """Return ``service/ordinal`` as people read it; ``service/+ordinal`` for a temporary one."""
    return f"{row.held.service}/{'+' if row.held.role == 'surge' else ''}{row.held.ordinal}"


def node_named(name: str, nodes: Sequence[Node]) -> Node:
    """Return the node called ``name`` or ``pool/name``."""
    found = [node for node in nodes if name in (node.name, node.key)]
    return _one(name, "node", found, [node.key if _twice(node, nodes) else node.name for node in nodes])


def card_or_node(name: str, nodes: Sequence[Node]) -> tuple[Node, str | None]:
    """Return the node and, where a card is named (``gpu-a/0``, a UUID), that card's UUID."""
    by_uuid = [(node, card.uuid) for node in nodes for card in node.cards if card.uuid == name]
    if by_uuid:
        return by_uuid[0]
    owner, slash, index = name.rpartition("/")
    if slash and index.isdecimal() and any(owner in (node.name, node.key) for node in nodes):
        node = node_named(owner, nodes)
        for card in node.cards:
            if card.index == int(index):
                return node, card.uuid
        raise CommandError(f"node {node.name} has no card {index}; it has {len(node.cards)} (from 0)")
    return node_named(name, nodes), None


def unknown(name: str, kind: str, known: Iterable[str]) -> CommandError:
    """Return the sentence for a name that nothing has."""
    names = sorted(set(known))
    near = difflib.get_close_matches(name, names, n=1)
    if near:
        return CommandError(f"there is no {kind} {name}; did you mean {near[0]}?")
    listed = ", ".join(names[:8]) + (", …" if len(names) > 8 else "") if names else "none"
    return CommandError(f"there is no {kind} {name}; there is {listed}")


def _one(name: str, kind: str, found: Sequence[Thing], known: Sequence[str]) -> Thing:
    """Return the only one found."""
    if len(found) == 1:
        return found[0]
    if not found:
        raise unknown(name, kind, known)
    raise CommandError(f"{kind} {name} is in {len(found)} pools; write POOL/{name}")


def _twice(node: Node, nodes: Sequence[Node]) -> bool:
    """Whether another pool has a node of this name."""
    return any(other.name == node.name and other is not node for other in nodes)
