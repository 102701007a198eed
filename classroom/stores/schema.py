"""The tables, as SQLAlchemy Core. ``migrations/`` builds them; a test holds the two to each other.

Times are milliseconds since the epoch, UTC. The projections of the log (``lessons``) carry no foreign
keys: a projection must never refuse what the log has accepted.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
)

REVISION = "0002"
"""The newest migration. A database that is already there is opened without loading Alembic."""

Counter = BigInteger().with_variant(Integer, "sqlite")
"""A key that the database counts up itself."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

classes = Table(
    "classes",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("name", Text, nullable=False),
    Column("name_key", Text, nullable=False),
    UniqueConstraint("name_key"),
)

accounts = Table(
    "accounts",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("username", Text, nullable=False),
    Column("username_key", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("role", String(16), nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("disabled", Boolean, nullable=False, server_default=false()),
    UniqueConstraint("username_key"),
)

memberships = Table(
    "memberships",
    metadata,
    Column("account", String(64), ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False),
    Column("class_id", String(64), ForeignKey("classes.id", ondelete="CASCADE"), nullable=False),
    Column("kind", String(8), nullable=False),
    PrimaryKeyConstraint("account", "class_id"),
    CheckConstraint("kind IN ('teaches', 'learns')", name="kind"),
    Index(None, "class_id"),
)

children = Table(
    "children",
    metadata,
    Column("parent", String(64), ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False),
    Column("child", String(64), ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False),
    PrimaryKeyConstraint("parent", "child"),
    Index(None, "child"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", LargeBinary(32), primary_key=True),
    Column("id", String(64), nullable=False),
    Column("account", String(64), ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False),
    Column("opened_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    Column("address", Text, nullable=False),
    Column("agent", Text, nullable=False),
    UniqueConstraint("id"),
    Index(None, "account"),
)

sign_ins = Table(
    "sign_ins",
    metadata,
    Column("id", Counter, primary_key=True, autoincrement=True),
    Column("account", String(64), ForeignKey("accounts.id", ondelete="SET NULL")),
    Column("username", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("address", Text, nullable=False),
    Column("agent", Text, nullable=False),
    Column("what", String(8), nullable=False),
    Column("reason", Text, nullable=False),
    CheckConstraint("what IN ('in', 'out', 'refused')", name="what"),
    Index(None, "at"),
    Index(None, "account"),
)

log = Table(
    "log",
    metadata,
    Column("lesson", String(64), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("header", LargeBinary, nullable=False),
    Column("personal", LargeBinary),
    Column("salt", LargeBinary),
    Column("digest", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    PrimaryKeyConstraint("lesson", "seq"),
)

lessons = Table(
    "lessons",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("class_id", String(64), nullable=False),
    Column("class_name", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("teacher", String(64), nullable=False),
    Column("starts_at", BigInteger, nullable=False),
    Column("ends_at", BigInteger, nullable=False),
    Column("phase", String(16), nullable=False),
    Column("started_at", BigInteger),
    Column("ended_at", BigInteger),
    Column("replay_allowed", Boolean, nullable=False),
    Index(None, "starts_at"),
    Index(None, "phase"),
)

recordings = Table(
    "recordings",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("lesson", String(64), nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),
    Column("duration", BigInteger, nullable=False),
    Column("erased_by", String(64), nullable=False, server_default=""),
    Column("erase_reason", String(16), nullable=False, server_default=""),
    Index(None, "lesson"),
    Index(None, "started_at"),
)

recording_files = Table(
    "recording_files",
    metadata,
    Column("recording", String(64), ForeignKey("recordings.id", ondelete="CASCADE"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("role", String(16), nullable=False),
    Column("mime_type", Text, nullable=False),
    Column("start", BigInteger, nullable=False),
    Column("duration", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("share", String(64), nullable=False),
    Column("participant", String(64), nullable=False),
    Column("source", String(64), nullable=False),
    Column("sha256", String(64), nullable=False, server_default=""),
    PrimaryKeyConstraint("recording", "position"),
)

recording_views = Table(
    "recording_views",
    metadata,
    Column("id", Counter, primary_key=True, autoincrement=True),
    Column("recording", String(64), ForeignKey("recordings.id", ondelete="CASCADE"), nullable=False),
    Column("account", String(64), ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("downloaded", Boolean, nullable=False),
    Column("what", Text, nullable=False, server_default=""),
    Index(None, "recording"),
    Index(None, "account"),
)

recording_captions = Table(
    "recording_captions",
    metadata,
    Column("recording", String(64), ForeignKey("recordings.id", ondelete="CASCADE"), nullable=False),
    Column("language", String(35), nullable=False),
    Column("text", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    PrimaryKeyConstraint("recording", "language"),
)

recording_positions = Table(
    "recording_positions",
    metadata,
    Column("recording", String(64), ForeignKey("recordings.id", ondelete="CASCADE"), nullable=False),
    Column("account", String(64), ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False),
    Column("ms", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    PrimaryKeyConstraint("recording", "account"),
    Index(None, "account"),
)

retention = Table(
    "retention",
    metadata,
    # The empty id: the school's own rule.
    Column("class_id", String(64), primary_key=True),
    Column("days", Integer),
)
