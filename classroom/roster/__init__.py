"""Import of classes and accounts from a school's CSV file: bytes in, a whole import or its errors out.

``parse_roster`` decides on nothing but the file: whether a username exists already is the importer's
business, in the same transaction that stores the rows. ``words`` knows the headers and roles in
Vietnamese and English, ``errors`` says what was wrong, ``parse`` reads. Pure.
"""

from classroom.roster.errors import RowError, RowErrorCode
from classroom.roster.parse import MAX_BYTES, MAX_ROWS, RosterAccount, RosterImport, parse_roster

__all__ = [
    "MAX_BYTES",
    "MAX_ROWS",
    "RosterAccount",
    "RosterImport",
    "RowError",
    "RowErrorCode",
    "parse_roster",
]
