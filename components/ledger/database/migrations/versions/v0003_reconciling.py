"""What reconciling needs of the last `up`: the placement options, and tokens that only the stack's secret can make."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change."""
    op.add_column(
        "owner",
        sa.Column(
            "options",
            sa.JSON(),
            comment="how its services are placed, as the committed plan was made: for reconciling",
        ),
    )
    op.add_column(
        "wanted",
        sa.Column(
            "token",
            sa.LargeBinary(),
            comment="encrypted: the token that is made from the stack's secret, which reconciling does not have",
        ),
    )
