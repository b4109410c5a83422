"""What each owner may take of a pool."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change."""
    op.add_column(
        "pool",
        sa.Column(
            "quotas",
            sa.JSON(),
            comment="what each owner may take: of the committed plan, or as declared before there is one",
        ),
    )
