"""The tables of the first release; they may be there already, made before there were revisions."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

EMOTIONS = ("angry", "disgusted", "fearful", "happy", "neutral", "sad", "surprised")


def upgrade() -> None:
    """Makes what is missing."""
    op.create_table(
        "windows",
        sa.Column("site", sa.String(48), primary_key=True),
        sa.Column("device", sa.String(48), primary_key=True),
        sa.Column("boot_id", sa.String(32), primary_key=True),
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("window_start", sa.DateTime, nullable=False),
        sa.Column("window_end", sa.DateTime, nullable=False),
        sa.Column("ended_at", sa.DateTime),
        sa.Column("received_at", sa.DateTime, nullable=False),
        sa.Column("clock_synced", sa.Boolean, nullable=False),
        sa.Column("replayed", sa.Boolean, nullable=False),
        sa.Column("suppressed", sa.Boolean, nullable=False),
        sa.Column("frames", sa.Integer, nullable=False),
        sa.Column("faces", sa.Integer),
        *(sa.Column(emotion, sa.Integer) for emotion in EMOTIONS),
        sa.Column("uncertain", sa.Integer),
        if_not_exists=True,
    )
    op.create_index(
        "windows_by_time", "windows", ["site", "device", "ended_at"], if_not_exists=True
    )
    op.create_index("windows_by_age", "windows", ["received_at"], if_not_exists=True)
    op.create_table(
        "devices",
        sa.Column("site", sa.String(48), primary_key=True),
        sa.Column("device", sa.String(48), primary_key=True),
        sa.Column("status", sa.Text),
        sa.Column("status_at", sa.DateTime),
        sa.Column("health", sa.Text),
        sa.Column("health_at", sa.DateTime),
        sa.Column("seen_at", sa.DateTime),
        if_not_exists=True,
    )
    op.create_table(
        "recorders",
        sa.Column("client_id", sa.String(64), primary_key=True),
        sa.Column("connected", sa.Boolean, nullable=False),
        sa.Column("beat_at", sa.DateTime, nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "rejected",
        sa.Column("kind", sa.String(16), primary_key=True),
        sa.Column("reason", sa.String(300), nullable=False),
        sa.Column("times", sa.BigInteger, nullable=False),
        sa.Column("last_at", sa.DateTime, nullable=False),
        if_not_exists=True,
    )
