"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

String = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the change."""
    op.create_table(
        "about",
        sa.Column("name", String, nullable=False),
        sa.Column("value", String, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_about")),
        comment="facts about the ledger itself: format, fingerprint of its key",
    )
    op.create_table(
        "card",
        sa.Column("uuid", String, nullable=False),
        sa.Column("pool", String, nullable=False),
        sa.Column("node", String, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("model", String, nullable=False),
        sa.Column("memory_mib", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_card")),
        comment="one physical GPU; it belongs to one pool whichever resource id reaches it",
    )
    op.create_index(op.f("ix_card_pool_node"), "card", ["pool", "node"], unique=False)
    op.create_table(
        "event",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("owner", String, nullable=False),
        sa.Column("subject", String, nullable=False),
        sa.Column("what", String, nullable=False),
        sa.Column("detail", String, nullable=False),
        sa.Column("because", String, nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
    )
    op.create_index(op.f("ix_event_owner"), "event", ["owner"], unique=False)
    op.create_index(op.f("ix_event_subject"), "event", ["subject"], unique=False)
    op.create_table(
        "instance",
        sa.Column("id", String, nullable=False),
        sa.Column("owner", String, nullable=False),
        sa.Column("service", String, nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("incarnation", String, nullable=False),
        sa.Column("role", String, nullable=False),
        sa.Column("revision", String, nullable=False),
        sa.Column("pool", String, nullable=False),
        sa.Column("node", String, nullable=False),
        sa.Column("cards", sa.JSON(), nullable=False),
        sa.Column("memory_mib", sa.Integer(), nullable=False),
        sa.Column("compute", sa.Integer(), nullable=False),
        sa.Column("cpu_milli", sa.Integer(), nullable=False),
        sa.Column("node_memory_mib", sa.Integer(), nullable=False),
        sa.Column("exclusive", sa.Boolean(), nullable=False),
        sa.Column("state", String, nullable=False),
        sa.Column(
            "after", sa.JSON(), nullable=False, comment="pending: ids that must be seen gone before it counts"
        ),
        sa.Column("token_hash", String, nullable=False),
        sa.Column("endpoint", String, nullable=False),
        sa.Column("detail", String, nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("since", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_instance")),
    )
    op.create_index(op.f("ix_instance_owner_service"), "instance", ["owner", "service"], unique=False)
    op.create_index(op.f("ix_instance_pool_node"), "instance", ["pool", "node"], unique=False)
    op.create_index(op.f("ix_instance_state"), "instance", ["state"], unique=False)
    op.create_table(
        "lease",
        sa.Column("owner", String, nullable=False),
        sa.Column("service", String, nullable=False),
        sa.Column(
            "fence", sa.Integer(), nullable=False, comment="grows with every new holder and never comes back"
        ),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("host", String, nullable=False),
        sa.Column("boot_id", String, nullable=False),
        sa.Column(
            "created",
            sa.Float(),
            nullable=False,
            comment="creation time of the process in seconds, only ever compared",
        ),
        sa.Column("what", String, nullable=False),
        sa.Column("since", sa.DateTime(), nullable=False),
        sa.Column("expires", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("owner", "service", name=op.f("pk_lease")),
    )
    op.create_table(
        "node",
        sa.Column("pool", String, nullable=False),
        sa.Column("name", String, nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column(
            "departed", sa.Boolean(), nullable=False, comment="left the program, still holds something"
        ),
        sa.Column("since", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("pool", "name", name=op.f("pk_node")),
        comment="nodes as the committed plans take them",
    )
    op.create_table(
        "node_state",
        sa.Column("pool", String, nullable=False),
        sa.Column("node", String, nullable=False),
        sa.Column("card", String, nullable=False, comment="empty: the whole node"),
        sa.Column(
            "cause",
            String,
            nullable=False,
            comment="operator or observed; neither clears what the other says",
        ),
        sa.Column("state", String, nullable=False),
        sa.Column("reason", String, nullable=False),
        sa.Column("who", String, nullable=False),
        sa.Column("since", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("pool", "node", "card", "cause", name=op.f("pk_node_state")),
    )
    op.create_table(
        "occupied",
        sa.Column("card", String, nullable=False),
        sa.Column("instance", String, nullable=False),
        sa.Column(
            "memory_mib", sa.Integer(), nullable=False, comment="an exclusive place takes the whole card"
        ),
        sa.Column("compute", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("card", "instance", name=op.f("pk_occupied")),
        comment="what each instance takes on each card; counts unless the instance is pending",
    )
    op.create_index(op.f("ix_occupied_instance"), "occupied", ["instance"], unique=False)
    op.create_table(
        "owner",
        sa.Column("name", String, nullable=False),
        sa.Column(
            "placement",
            String,
            nullable=False,
            comment="physical id of the Placement that holds the reservations",
        ),
        sa.Column("since", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_owner")),
    )
    op.create_table(
        "plan",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("owner", String, nullable=False),
        sa.Column("state", String, nullable=False, comment="open, done or superseded"),
        sa.Column("because", String, nullable=False),
        sa.Column("committed", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan")),
    )
    op.create_index(op.f("ix_plan_owner_state"), "plan", ["owner", "state"], unique=False)
    op.create_table(
        "pool",
        sa.Column("name", String, nullable=False),
        sa.Column("owner", String, nullable=False),
        sa.Column("holder", String, nullable=False, comment="physical id of the GpuPool that may delete it"),
        sa.Column("resource", String, nullable=False),
        sa.Column("runtime", String, nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column(
            "declared",
            sa.JSON(),
            nullable=False,
            comment="nodes as declared; they count once a plan takes them up",
        ),
        sa.Column(
            "committed",
            sa.Boolean(),
            nullable=False,
            comment="whether a plan of its owner has taken its nodes up",
        ),
        sa.Column("since", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_pool")),
    )
    op.create_table(
        "service",
        sa.Column("owner", String, nullable=False),
        sa.Column("name", String, nullable=False),
        sa.Column(
            "holder", String, nullable=False, comment="physical id of the EasService that may delete it"
        ),
        sa.Column("pool", String, nullable=False),
        sa.Column("revision", String, nullable=False),
        sa.Column(
            "spec",
            sa.Integer(),
            nullable=False,
            comment="the declared spec.id; it counts once a plan takes it up",
        ),
        sa.Column("since", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("owner", "name", name=op.f("pk_service")),
    )
    op.create_table(
        "spec",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("owner", String, nullable=False),
        sa.Column("service", String, nullable=False),
        sa.Column("revision", String, nullable=False),
        sa.Column(
            "digest",
            String,
            nullable=False,
            comment="keyed hash of the content: two declarations of the same are one row",
        ),
        sa.Column("sealed", sa.LargeBinary(), nullable=False, comment="document and secrets, encrypted"),
        sa.Column("taken_up", sa.Boolean(), nullable=False, comment="whether a committed plan refers to it"),
        sa.Column("since", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_spec")),
    )
    op.create_index(
        op.f("ix_spec_owner_service_revision"), "spec", ["owner", "service", "revision"], unique=False
    )
    op.create_table(
        "step",
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("state", String, nullable=False, comment="open, done or dropped"),
        sa.Column("instance", String, nullable=False, comment="the instance it is about, minted or not"),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("ended", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("plan_id", "n", name=op.f("pk_step")),
    )
    op.create_index(op.f("ix_step_instance"), "step", ["instance"], unique=False)
    op.create_table(
        "waiting",
        sa.Column("owner", String, nullable=False),
        sa.Column("service", String, nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("since", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("owner", "service", "ordinal", name=op.f("pk_waiting")),
    )
    op.create_table(
        "wanted",
        sa.Column("owner", String, nullable=False),
        sa.Column("service", String, nullable=False),
        sa.Column("revision", String, nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("owner", "service", name=op.f("pk_wanted")),
        comment="what the committed plan wants: reconciling works towards this, never towards a declaration",
    )
