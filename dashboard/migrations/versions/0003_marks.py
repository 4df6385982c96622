"""Teachers can mark moments of a lesson."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Adds the table."""
    op.create_table(
        "marks",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("site", sa.String(48), nullable=False),
        sa.Column("device", sa.String(48), nullable=False),
        sa.Column("at", sa.DateTime, nullable=False),
        sa.Column("text", sa.String(80), nullable=False),
    )
    op.create_index("marks_by_time", "marks", ["site", "device", "at"])
