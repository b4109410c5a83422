"""Questions that are built once and put to the database several at a time: in one message where it takes that.

Building a statement costs more than running a small one, and a server's answer is mostly waited for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

ASK = "ledger_ask"
"""Execution option of an engine with a way of its own to put many questions at once: an :data:`Ask`."""

Question = tuple[sa.Select[Any], Mapping[str, Any]]
"""A SELECT, best a constant of its module, and its parameters: texts, numbers, and lists of texts for ``IN``."""
Answer = Sequence[Any]
"""Rows with the selected columns as attributes, also by ``_asdict()``."""
Ask = Callable[[sa.Connection, Sequence[Question]], list[Answer]]


def ask(connection: sa.Connection, *questions: Question) -> list[Answer]:
    """Return the rows of each question, as if asked one after the other."""
    way: Ask = connection.get_execution_options().get(ASK, _one_by_one)
    return way(connection, questions)


def _one_by_one(connection: sa.Connection, questions: Sequence[Question]) -> list[Answer]:
    return [connection.execute(query, parameters).all() for query, parameters in questions]
