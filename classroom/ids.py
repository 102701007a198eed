"""Opaque identifiers. All are URL-safe strings, not guessable where they open a door."""

from typing import NewType

AccountId = NewType("AccountId", str)
ClassId = NewType("ClassId", str)
LessonId = NewType("LessonId", str)
ParticipantId = NewType("ParticipantId", str)
"""An account inside one lesson. It equals the account's id and survives reconnects."""
ConnectionId = NewType("ConnectionId", str)
ShareId = NewType("ShareId", str)
"""One published thing; the media plane's producer carries the same id."""
MessageId = NewType("MessageId", str)
RecordingId = NewType("RecordingId", str)

SYSTEM = ParticipantId("")
"""The ``by`` of an event that no person caused (a time-out, a recovery)."""
