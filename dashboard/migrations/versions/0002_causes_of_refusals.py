"""Refused messages are counted by their cause, with the first moment."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Makes the table anew, with its few rows: SQLite cannot change a primary key."""
    last_at = sa.column("last_at", sa.DateTime)
    old = sa.table("rejected", *map(sa.column, ("kind", "reason", "times")), last_at)
    rows = [dict(row) for row in op.get_bind().execute(sa.select(old)).mappings()]
    op.drop_table("rejected")
    new = op.create_table(
        "rejected",
        sa.Column("kind", sa.String(16), primary_key=True),
        sa.Column("cause", sa.String(64), primary_key=True),
        sa.Column("reason", sa.String(300), nullable=False),
        sa.Column("times", sa.BigInteger, nullable=False),
        sa.Column("first_at", sa.DateTime, nullable=False),
        sa.Column("last_at", sa.DateTime, nullable=False),
    )
    op.bulk_insert(
        new, [{**row, "cause": "before_0002", "first_at": row["last_at"]} for row in rows]
    )
