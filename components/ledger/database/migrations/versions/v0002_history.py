"""Events name who, and the place of the instance that they are about; specs that nothing refers to any more are kept."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

String = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the change."""
    op.add_column("event", sa.Column("actor", sa.JSON(), comment="who, commit and CI run, as far as known"))
    op.add_column(
        "event",
        sa.Column("node", String, comment="pool/node of an event that is about an instance's place"),
    )
    op.add_column("event", sa.Column("cards", sa.JSON(), comment="the UUIDs of that place's cards"))
    op.create_index(op.f("ix_event_node"), "event", ["node"], unique=False)
    op.create_table(
        "past_spec",
        sa.Column(
            "id",
            sa.Integer(),
            autoincrement=False,
            nullable=False,
            comment="in the order in which they were put away",
        ),
        sa.Column("owner", String, nullable=False),
        sa.Column("service", String, nullable=False),
        sa.Column("revision", String, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("since", sa.DateTime(), nullable=False, comment="when it was declared"),
        sa.Column("until", sa.DateTime(), nullable=False, comment="when nothing ran or wanted it any more"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_past_spec")),
        comment="specs that a plan took up once, and that nothing refers to any more: for `eas history --spec`",
    )
    op.create_index(op.f("ix_past_spec_owner_service"), "past_spec", ["owner", "service"], unique=False)
