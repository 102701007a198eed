"""Replay: hashes of files, what was viewed, captions, positions, and how long recordings are kept."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("recording_files", sa.Column("sha256", sa.String(64), nullable=False, server_default=""))
    op.add_column("recording_views", sa.Column("what", sa.Text(), nullable=False, server_default=""))
    op.add_column("recordings", sa.Column("erased_by", sa.String(64), nullable=False, server_default=""))
    op.add_column("recordings", sa.Column("erase_reason", sa.String(16), nullable=False, server_default=""))
    op.create_table(
        "recording_captions",
        sa.Column("recording", sa.String(length=64), nullable=False),
        sa.Column("language", sa.String(length=35), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["recording"],
            ["recordings.id"],
            name=op.f("fk_recording_captions_recording_recordings"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("recording", "language", name=op.f("pk_recording_captions")),
    )
    op.create_table(
        "recording_positions",
        sa.Column("recording", sa.String(length=64), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("ms", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["recording"],
            ["recordings.id"],
            name=op.f("fk_recording_positions_recording_recordings"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["account"],
            ["accounts.id"],
            name=op.f("fk_recording_positions_account_accounts"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("recording", "account", name=op.f("pk_recording_positions")),
    )
    op.create_index(op.f("ix_recording_positions_account"), "recording_positions", ["account"])
    op.create_table(
        "retention",
        sa.Column("class_id", sa.String(length=64), nullable=False),
        sa.Column("days", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("class_id", name=op.f("pk_retention")),
    )


def downgrade() -> None:
    raise NotImplementedError("a database is not taken back to an older version")
