"""The hash chain of a lesson's log: pure. One changed byte shows; personal data stays erasable.

A row's **header** is canonical JSON of everything that is not personal; the personal fields are apart,
under a random salt. The chain runs over header and salted digest:

    digest = SHA-256(salt ‖ personal)
    hash   = SHA-256(previous hash ‖ header ‖ digest)      (the first row's previous hash: 32 zero bytes)

So ``personal`` and ``salt`` can be blanked later and the chain still verifies; without the salt the
digest tells nothing of what was there. A chain cannot show that its last rows were cut off: keep
the last hash elsewhere (the evidence pack does) where that matters.
"""

from collections.abc import Iterable
from hashlib import sha256
from typing import Any

import msgspec
from msgspec import Struct

from classroom.ids import LessonId
from classroom.lesson.events import AnyEvent, Recorded

GENESIS = bytes(32)
"""The hash before the first row."""
NO_PERSONAL = sha256(b"").digest()
"""The digest of an event that has no personal fields."""
SALT_BYTES = 16

_canonical = msgspec.json.Encoder(order="sorted")


class SealedRow(Struct, frozen=True):
    """One row as it is stored. ``personal`` and ``salt`` are None when there never was personal data
    or when it was erased. ``digest`` and ``hash``: 32 bytes."""

    seq: int
    at: int
    header: bytes
    personal: bytes | None
    salt: bytes | None
    digest: bytes
    hash: bytes


class BrokenRow(ValueError):
    """A row that cannot be read: its bytes are not what ``seal`` made."""


class _Header(Struct, frozen=True, forbid_unknown_fields=True):
    lesson: str
    seq: int
    at: int
    event: AnyEvent


_headers = msgspec.json.Decoder(_Header)
_personals = msgspec.json.Decoder(dict[str, str])


def seal(prev_hash: bytes, lesson: LessonId, recorded: Recorded, salt: bytes) -> SealedRow:
    """Make the row that follows ``prev_hash``. ``salt``: 16 fresh random bytes, never used twice."""
    event = recorded.event
    fields: dict[str, Any] = msgspec.to_builtins(event)
    personal: bytes | None = None
    kept_salt: bytes | None = None
    digest = NO_PERSONAL
    if event.personal:
        personal = _canonical.encode({name: fields.pop(name) for name in event.personal})
        kept_salt = salt
        digest = sha256(salt + personal).digest()
    header = _canonical.encode({"lesson": lesson, "seq": recorded.seq, "at": recorded.at, "event": fields})
    return SealedRow(
        seq=recorded.seq,
        at=recorded.at,
        header=header,
        personal=personal,
        salt=kept_salt,
        digest=digest,
        hash=sha256(prev_hash + header + digest).digest(),
    )


def open_row(row: SealedRow) -> Recorded:
    """Read a row back. Erased personal fields read as empty strings. Raises BrokenRow."""
    header = _read(row)
    event = header.event
    if row.personal is not None:
        try:
            personal = _personals.decode(row.personal)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise BrokenRow(f"row {row.seq}: personal part: {error}") from error
        if personal.keys() != event.personal:
            raise BrokenRow(f"row {row.seq}: personal part has other fields than its event")
        event = msgspec.structs.replace(event, **personal)
    return Recorded(seq=header.seq, at=header.at, event=event)


def erase(row: SealedRow) -> SealedRow:
    """The row without its personal data. The chain still verifies."""
    return msgspec.structs.replace(row, personal=None, salt=None)


def verify(rows: Iterable[SealedRow], lesson: LessonId | None = None) -> int | None:
    """None when the whole chain holds (rows from the first on, in order), else the first seq that does not."""
    previous = GENESIS
    expected = 1
    for row in rows:
        if not _holds(row, previous, expected, lesson):
            return expected
        if lesson is None:
            lesson = LessonId(_read(row).lesson)
        previous = row.hash
        expected += 1
    return None


def _read(row: SealedRow) -> _Header:
    try:
        return _headers.decode(row.header)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BrokenRow(f"row {row.seq}: header: {error}") from error


def _is_bytes(row: SealedRow) -> bool:
    """SQLite keeps whatever a tamperer writes into a column: texts and numbers too."""
    always = (row.header, row.digest, row.hash)
    return all(isinstance(part, bytes) for part in always) and all(
        part is None or isinstance(part, bytes) for part in (row.personal, row.salt)
    )


def _holds(row: SealedRow, previous: bytes, seq: int, lesson: LessonId | None) -> bool:
    if (
        not _is_bytes(row)
        or row.seq != seq
        or row.hash != sha256(previous + row.header + row.digest).digest()
    ):
        return False
    try:
        header = _read(row)
    except BrokenRow:
        return False
    if header.seq != seq or header.at != row.at or (lesson is not None and header.lesson != lesson):
        return False
    if not header.event.personal:
        return row.personal is None and row.salt is None and row.digest == NO_PERSONAL
    if row.personal is None:
        return row.salt is None
    return row.salt is not None and row.digest == sha256(row.salt + row.personal).digest()
