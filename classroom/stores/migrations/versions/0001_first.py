"""The first schema: the school, its sessions, the log and what is projected from it."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

COUNTER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

# The log only grows, without gaps; of what is there, personal data alone may be blanked.
SQLITE_GUARDS = (
    """
    CREATE TRIGGER log_grows BEFORE INSERT ON log
    WHEN NEW.seq <> COALESCE((SELECT max(seq) FROM log WHERE lesson = NEW.lesson), 0) + 1
    BEGIN SELECT RAISE(ABORT, 'the log only grows, one by one'); END
    """,
    """
    CREATE TRIGGER log_stays BEFORE DELETE ON log
    BEGIN SELECT RAISE(ABORT, 'the log only grows'); END
    """,
    """
    CREATE TRIGGER log_keeps BEFORE UPDATE ON log
    WHEN NEW.lesson IS NOT OLD.lesson OR NEW.seq IS NOT OLD.seq OR NEW.at IS NOT OLD.at
        OR NEW.header IS NOT OLD.header OR NEW.digest IS NOT OLD.digest OR NEW.hash IS NOT OLD.hash
        OR (NEW.personal IS NOT NULL AND NEW.personal IS NOT OLD.personal)
        OR (NEW.salt IS NOT NULL AND NEW.salt IS NOT OLD.salt)
    BEGIN SELECT RAISE(ABORT, 'the log is not rewritten'); END
    """,
)
POSTGRESQL_GUARDS = (
    """
    CREATE FUNCTION log_guard() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'INSERT' THEN
            IF NEW.seq <> COALESCE((SELECT max(seq) FROM log WHERE lesson = NEW.lesson), 0) + 1 THEN
                RAISE EXCEPTION 'the log only grows, one by one' USING ERRCODE = 'unique_violation';
            END IF;
            RETURN NEW;
        ELSIF TG_OP = 'UPDATE' THEN
            IF NEW.lesson <> OLD.lesson OR NEW.seq <> OLD.seq OR NEW.at <> OLD.at
                OR NEW.header <> OLD.header OR NEW.digest <> OLD.digest OR NEW.hash <> OLD.hash
                OR (NEW.personal IS NOT NULL AND NEW.personal IS DISTINCT FROM OLD.personal)
                OR (NEW.salt IS NOT NULL AND NEW.salt IS DISTINCT FROM OLD.salt) THEN
                RAISE EXCEPTION 'the log is not rewritten' USING ERRCODE = 'integrity_constraint_violation';
            END IF;
            RETURN NEW;
        END IF;
        RAISE EXCEPTION 'the log only grows' USING ERRCODE = 'integrity_constraint_violation';
    END $$
    """,
    """
    CREATE TRIGGER log_guard BEFORE INSERT OR UPDATE OR DELETE ON log
    FOR EACH ROW EXECUTE FUNCTION log_guard()
    """,
    """
    CREATE TRIGGER log_guard_truncate BEFORE TRUNCATE ON log
    FOR EACH STATEMENT EXECUTE FUNCTION log_guard()
    """,
)


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("username_key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("disabled", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("username_key", name=op.f("uq_accounts_username_key")),
    )
    op.create_table(
        "classes",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_classes")),
        sa.UniqueConstraint("name_key", name=op.f("uq_classes_name_key")),
    )
    op.create_table(
        "lessons",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("class_id", sa.String(length=64), nullable=False),
        sa.Column("class_name", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("teacher", sa.String(length=64), nullable=False),
        sa.Column("starts_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.Column("phase", sa.String(length=16), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("replay_allowed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lessons")),
    )
    op.create_index(op.f("ix_lessons_phase"), "lessons", ["phase"], unique=False)
    op.create_index(op.f("ix_lessons_starts_at"), "lessons", ["starts_at"], unique=False)
    op.create_table(
        "log",
        sa.Column("lesson", sa.String(length=64), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("header", sa.LargeBinary(), nullable=False),
        sa.Column("personal", sa.LargeBinary(), nullable=True),
        sa.Column("salt", sa.LargeBinary(), nullable=True),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("lesson", "seq", name=op.f("pk_log")),
    )
    op.create_table(
        "recordings",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("lesson", sa.String(length=64), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("duration", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recordings")),
    )
    op.create_index(op.f("ix_recordings_lesson"), "recordings", ["lesson"], unique=False)
    op.create_index(op.f("ix_recordings_started_at"), "recordings", ["started_at"], unique=False)
    op.create_table(
        "children",
        sa.Column("parent", sa.String(length=64), nullable=False),
        sa.Column("child", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["child"], ["accounts.id"], name=op.f("fk_children_child"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["parent"], ["accounts.id"], name=op.f("fk_children_parent"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("parent", "child", name=op.f("pk_children")),
    )
    op.create_index(op.f("ix_children_child"), "children", ["child"], unique=False)
    op.create_table(
        "memberships",
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("class_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.CheckConstraint("kind IN ('teaches', 'learns')", name=op.f("ck_memberships_kind")),
        sa.ForeignKeyConstraint(
            ["account"], ["accounts.id"], name=op.f("fk_memberships_account"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["class_id"], ["classes.id"], name=op.f("fk_memberships_class_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account", "class_id", name=op.f("pk_memberships")),
    )
    op.create_index(op.f("ix_memberships_class_id"), "memberships", ["class_id"], unique=False)
    op.create_table(
        "recording_files",
        sa.Column("recording", sa.String(length=64), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("mime_type", sa.Text(), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("duration", sa.BigInteger(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("share", sa.String(length=64), nullable=False),
        sa.Column("participant", sa.String(length=64), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["recording"], ["recordings.id"], name=op.f("fk_recording_files_recording"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("recording", "position", name=op.f("pk_recording_files")),
    )
    op.create_table(
        "recording_views",
        sa.Column("id", COUNTER, autoincrement=True, nullable=False),
        sa.Column("recording", sa.String(length=64), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("downloaded", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account"], ["accounts.id"], name=op.f("fk_recording_views_account"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["recording"], ["recordings.id"], name=op.f("fk_recording_views_recording"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recording_views")),
    )
    op.create_index(op.f("ix_recording_views_account"), "recording_views", ["account"], unique=False)
    op.create_index(op.f("ix_recording_views_recording"), "recording_views", ["recording"], unique=False)
    op.create_table(
        "sessions",
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account"], ["accounts.id"], name=op.f("fk_sessions_account"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_sessions")),
        sa.UniqueConstraint("id", name=op.f("uq_sessions_id")),
    )
    op.create_index(op.f("ix_sessions_account"), "sessions", ["account"], unique=False)
    op.create_table(
        "sign_ins",
        sa.Column("id", COUNTER, autoincrement=True, nullable=False),
        sa.Column("account", sa.String(length=64), nullable=True),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("what", sa.String(length=8), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint("what IN ('in', 'out', 'refused')", name=op.f("ck_sign_ins_what")),
        sa.ForeignKeyConstraint(
            ["account"], ["accounts.id"], name=op.f("fk_sign_ins_account"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_ins")),
    )
    op.create_index(op.f("ix_sign_ins_account"), "sign_ins", ["account"], unique=False)
    op.create_index(op.f("ix_sign_ins_at"), "sign_ins", ["at"], unique=False)
    guards = SQLITE_GUARDS if op.get_bind().dialect.name == "sqlite" else POSTGRESQL_GUARDS
    for guard in guards:
        op.execute(guard)
