"""Brings a database to this version's tables. Alembic is imported only where there are older ones."""

from __future__ import annotations

import threading
from pathlib import Path

import sqlalchemy as sa

from components.ledger import schema
from components.ledger.errors import LedgerTooNew

VERSIONS = ("0001", "0002", "0003", "0004")
"""Every schema version this program knows, oldest first. The last is the one it works with."""
HEAD = VERSIONS[-1]

# As Alembic itself makes it.
_version = sa.Table(
    "alembic_version",
    sa.MetaData(),
    sa.Column("version_num", sa.String(32), nullable=False),
    sa.PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)

# Alembic keeps the migration that runs in module globals, so one process runs one at a time.
_ONE_AT_A_TIME = threading.Lock()


def version_of(connection: sa.Connection) -> str | None:
    """Return the schema version of the database, or None where there are no tables yet."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    return connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one_or_none()


def must_upgrade(connection: sa.Connection, name: str) -> bool:
    """Return whether tables are missing or old. Raises :class:`LedgerTooNew` for a version that is not known here.

    ``name`` is the ledger's, for the sentence.
    """
    found = version_of(connection)
    if found is not None and found not in VERSIONS:
        raise LedgerTooNew(
            f"ledger {name} has schema {found}, written by a newer version of eas-slices; this one knows up to {HEAD}. "
            "Update this installation, or point --ledger, EAS_LEDGER or eas:ledger at another one"
        )
    return found != HEAD


def make_tables(connection: sa.Connection) -> None:
    """Make the tables of a new ledger as the migrations would; the caller is in a transaction, and commits."""
    schema.metadata.create_all(connection)
    _version.create(connection)
    connection.execute(_version.insert().values(version_num=HEAD))


def upgrade(connection: sa.Connection, to: str = "head") -> None:
    """Bring the tables to version ``to`` inside the transaction that ``connection`` is in; the caller commits."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    # A percent sign in a path would be read as an interpolation.
    folder = str(Path(__file__).parent / "migrations")
    config.set_main_option("script_location", folder.replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    with _ONE_AT_A_TIME:
        command.upgrade(config, to)
