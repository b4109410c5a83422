"""What operators and observation say of nodes and cards."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from components.ledger import open_ledger
from components.providers.work import session
from tests.providers.engine import Stack


def mark(stack: Stack, node: str, state: str, cause: str, card: str | None = None) -> None:
    """Record what an operator or observation says of a node or card."""
    with open_ledger(str(stack.ledger_file), home=stack.root, create=False) as ledger:
        ledger.set_node_state("lab", node, card, state, cause, "said so", "test", session.now())  # type: ignore[arg-type]


def card_of(stack: Stack, address: str) -> str:
    """Return the UUID of a card by its address."""
    node, _, index = address.partition("/")
    return next(
        card.uuid
        for pool in stack.typed_pools()
        for each, card in pool.cards()
        if (each.name, card.index) == (node, int(index))
    )


def lose_row(stack: Stack, *ids: str) -> None:
    """Take instances out of the ledger's file, as a backup from before they came does."""
    with closing(sqlite3.connect(stack.ledger_file, isolation_level=None)) as file:
        for id_ in ids:
            file.execute("DELETE FROM occupied WHERE instance = ?", (id_,))
            file.execute("DELETE FROM instance WHERE id = ?", (id_,))
