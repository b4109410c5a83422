"""The tables, as every query of this stage sees them. ``migrations`` builds them; a test compares the two.

No constructs of one dialect here but the order of text: text, integers, JSON, blobs. Times are UTC.
"""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy import JSON, Boolean, Column, DateTime, Dialect, Index, Integer, LargeBinary, Table

String = sa.String().with_variant(sa.String(collation="C"), "postgresql")
"""Text that every database orders by its code points, as Python does, whatever language it was made for."""


class UtcTime(sa.TypeDecorator[datetime]):
    """An aware UTC time, also on databases that keep no zone."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Store it as UTC without a zone. Raises ValueError for a naive time, which could be any zone's."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"the ledger keeps aware times only; {value} has no zone")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return it aware."""
        return value.replace(tzinfo=UTC) if value is not None else None


metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    }
)

about = Table(
    "about",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", String, nullable=False),
    comment="facts about the ledger itself: format, fingerprint of its key",
)

owner = Table(
    "owner",
    metadata,
    Column("name", String, primary_key=True),
    Column(
        "placement",
        String,
        nullable=False,
        comment="physical id of the Placement that holds the reservations",
    ),
    Column("since", UtcTime, nullable=False),
    Column(
        "options",
        JSON(none_as_null=True),
        comment="how its services are placed, as the committed plan was made: for reconciling",
    ),
)

pool = Table(
    "pool",
    metadata,
    Column("name", String, primary_key=True),
    Column("owner", String, nullable=False),
    Column("holder", String, nullable=False, comment="physical id of the GpuPool that may delete it"),
    Column("resource", String, nullable=False),
    Column("runtime", String, nullable=False),
    Column("settings", JSON, nullable=False),
    Column(
        "declared", JSON, nullable=False, comment="nodes as declared; they count once a plan takes them up"
    ),
    Column(
        "committed", Boolean, nullable=False, comment="whether a plan of its owner has taken its nodes up"
    ),
    Column("since", UtcTime, nullable=False),
    Column(
        "quotas",
        JSON(none_as_null=True),
        comment="what each owner may take: of the committed plan, or as declared before there is one",
    ),
)

node = Table(
    "node",
    metadata,
    Column("pool", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("document", JSON, nullable=False),
    Column("departed", Boolean, nullable=False, comment="left the program, still holds something"),
    Column("since", UtcTime, nullable=False),
    comment="nodes as the committed plans take them",
)

card = Table(
    "card",
    metadata,
    Column("uuid", String, primary_key=True),
    Column("pool", String, nullable=False),
    Column("node", String, nullable=False),
    Column("position", Integer, nullable=False),
    Column("model", String, nullable=False),
    Column("memory_mib", Integer, nullable=False),
    Index(None, "pool", "node"),
    comment="one physical GPU; it belongs to one pool whichever resource id reaches it",
)

node_state = Table(
    "node_state",
    metadata,
    Column("pool", String, primary_key=True),
    Column("node", String, primary_key=True),
    Column("card", String, primary_key=True, comment="empty: the whole node"),
    Column(
        "cause", String, primary_key=True, comment="operator or observed; neither clears what the other says"
    ),
    Column("state", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("who", String, nullable=False),
    Column("since", UtcTime, nullable=False),
)

service = Table(
    "service",
    metadata,
    Column("owner", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("holder", String, nullable=False, comment="physical id of the EasService that may delete it"),
    Column("pool", String, nullable=False),
    Column("revision", String, nullable=False),
    Column(
        "spec", Integer, nullable=False, comment="the declared spec.id; it counts once a plan takes it up"
    ),
    Column("since", UtcTime, nullable=False),
)

spec = Table(
    "spec",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("owner", String, nullable=False),
    Column("service", String, nullable=False),
    Column("revision", String, nullable=False),
    Column(
        "digest",
        String,
        nullable=False,
        comment="keyed hash of the content: two declarations of the same are one row",
    ),
    Column("sealed", LargeBinary, nullable=False, comment="document and secrets, encrypted"),
    Column("taken_up", Boolean, nullable=False, comment="whether a committed plan refers to it"),
    Column("since", UtcTime, nullable=False),
    Index(None, "owner", "service", "revision"),
)

past_spec = Table(
    "past_spec",
    metadata,
    Column(
        "id",
        Integer,
        primary_key=True,
        autoincrement=False,
        comment="in the order in which they were put away",
    ),
    Column("owner", String, nullable=False),
    Column("service", String, nullable=False),
    Column("revision", String, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("since", UtcTime, nullable=False, comment="when it was declared"),
    Column("until", UtcTime, nullable=False, comment="when nothing ran or wanted it any more"),
    Index(None, "owner", "service"),
    comment="specs that a plan took up once, and that nothing refers to any more: for `eas history --spec`",
)

wanted = Table(
    "wanted",
    metadata,
    Column("owner", String, primary_key=True),
    Column("service", String, primary_key=True),
    Column("revision", String, nullable=False),
    Column("document", JSON, nullable=False),
    Column("plan_id", Integer, nullable=False),
    Column(
        "token",
        LargeBinary,
        comment="encrypted: the token that is made from the stack's secret, which reconciling does not have",
    ),
    comment="what the committed plan wants: reconciling works towards this, never towards a declaration",
)

waiting = Table(
    "waiting",
    metadata,
    Column("owner", String, primary_key=True),
    Column("service", String, primary_key=True),
    Column("ordinal", Integer, primary_key=True),
    Column("plan_id", Integer, nullable=False),
    Column("since", UtcTime, nullable=False),
)

instance = Table(
    "instance",
    metadata,
    Column("id", String, primary_key=True),
    Column("owner", String, nullable=False),
    Column("service", String, nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("incarnation", String, nullable=False),
    Column("role", String, nullable=False),
    Column("revision", String, nullable=False),
    Column("pool", String, nullable=False),
    Column("node", String, nullable=False),
    Column("cards", JSON, nullable=False),
    Column("memory_mib", Integer, nullable=False),
    Column("compute", Integer, nullable=False),
    Column("cpu_milli", Integer, nullable=False),
    Column("node_memory_mib", Integer, nullable=False),
    Column("exclusive", Boolean, nullable=False),
    Column("state", String, nullable=False),
    Column("after", JSON, nullable=False, comment="pending: ids that must be seen gone before it counts"),
    Column("token_hash", String, nullable=False),
    Column("endpoint", String, nullable=False),
    Column("detail", String, nullable=False),
    Column("plan_id", Integer, nullable=False),
    Column("since", UtcTime, nullable=False),
    Index(None, "owner", "service"),
    Index(None, "pool", "node"),
    Index(None, "state"),
)

occupied = Table(
    "occupied",
    metadata,
    Column("card", String, primary_key=True),
    Column("instance", String, primary_key=True),
    Column("memory_mib", Integer, nullable=False, comment="an exclusive place takes the whole card"),
    Column("compute", Integer, nullable=False),
    Index(None, "instance"),
    comment="what each instance takes on each card; counts unless the instance is pending",
)

plan = Table(
    "plan",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("owner", String, nullable=False),
    Column("state", String, nullable=False, comment="open, done or superseded"),
    Column("because", String, nullable=False),
    Column("committed", UtcTime, nullable=False),
    Index(None, "owner", "state"),
)

step = Table(
    "step",
    metadata,
    Column("plan_id", Integer, primary_key=True),
    Column("n", Integer, primary_key=True),
    Column("state", String, nullable=False, comment="open, done or dropped"),
    Column("instance", String, nullable=False, comment="the instance it is about, minted or not"),
    Column("document", JSON, nullable=False),
    Column("ended", UtcTime),
    Index(None, "instance"),
)

lease = Table(
    "lease",
    metadata,
    Column("owner", String, primary_key=True),
    Column("service", String, primary_key=True),
    Column("fence", Integer, nullable=False, comment="grows with every new holder and never comes back"),
    Column("held", Boolean, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("host", String, nullable=False),
    Column("boot_id", String, nullable=False),
    Column(
        "created",
        sa.Float,
        nullable=False,
        comment="creation time of the process in seconds, only ever compared",
    ),
    Column("what", String, nullable=False),
    Column("since", UtcTime, nullable=False),
    Column("expires", UtcTime, nullable=False),
)

event = Table(
    "event",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("at", UtcTime, nullable=False),
    Column("owner", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("what", String, nullable=False),
    Column("detail", String, nullable=False),
    Column("because", String, nullable=False),
    Column("plan_id", Integer),
    Column("actor", JSON(none_as_null=True), comment="who, commit and CI run, as far as known"),
    Column("node", String, comment="pool/node of an event that is about an instance's place"),
    Column("cards", JSON(none_as_null=True), comment="the UUIDs of that place's cards"),
    Index(None, "subject"),
    Index(None, "owner"),
    Index(None, "node"),
)
