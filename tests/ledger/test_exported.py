"""A picture of the ledger: every table is thought of, and nothing in it is secret."""

from components.ledger import schema
from components.ledger.exported import LEFT, TAKEN


def test_every_table_is_taken_or_left() -> None:
    """Whoever adds one decides which."""
    assert TAKEN.keys() | LEFT == schema.metadata.tables.keys()
    assert not TAKEN.keys() & LEFT


def test_no_column_that_is_encrypted_is_taken() -> None:
    for name in TAKEN:
        for column in schema.metadata.tables[name].columns:
            if "LargeBinary" in type(column.type).__name__ or "encrypted" in (column.comment or ""):
                assert column.name in TAKEN[name], f"{name}.{column.name}"
