"""Applies a parsed roster in one transaction: all of it, or nothing.

What the file names and the school lacks is made; of accounts that are there, the name and (unless
the cell is empty) the classes become the file's. Passwords and roles of accounts that are there
never change by an import, and nobody is removed.
"""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from classroom.ids import AccountId, ClassId
from classroom.people import Role
from classroom.roster import RosterAccount, RosterImport, RowError, RowErrorCode, parse_roster
from classroom.stores import classes
from classroom.stores.accounts import membership_rows
from classroom.stores.database import Database
from classroom.stores.name_key import name_key
from classroom.stores.new_id import new_id
from classroom.stores.passwords import WORKERS, Passwords, WeakPassword, check_policy, generate_password
from classroom.stores.port import Conflict, StoreError
from classroom.stores.schema import accounts, memberships

_AT_ONCE = 500


class BadRoster(StoreError):
    """The file was refused and nothing was changed. ``errors``: every reason, by line."""

    def __init__(self, errors: Sequence[RowError]) -> None:
        super().__init__("; ".join(str(error) for error in errors[:3]))
        self.errors = tuple(errors)


class Imported(Struct, frozen=True):
    """A new account. ``password``: the one made, to be printed and forgotten; None: the file gave one."""

    username: str
    name: str
    role: Role
    classes: tuple[str, ...]
    password: str | None


class ImportReport(Struct, frozen=True):
    """``created``: in the file's order. ``classes``: names of the classes that were made."""

    created: tuple[Imported, ...]
    updated: int
    classes: tuple[str, ...]


class _Known(Struct, frozen=True):
    id: AccountId
    role: Role


async def import_roster(stores: Database, passwords: Passwords, data: bytes) -> ImportReport:
    """Read and apply a CSV file. Raises BadRoster, Conflict (somebody changed the same accounts just
    now: try again), TooBusy or Unavailable; in each case nothing was changed."""
    roster = parse_roster(data)
    if not isinstance(roster, RosterImport):
        raise BadRoster(roster)
    return await apply_roster(stores, passwords, roster)


async def apply_roster(stores: Database, passwords: Passwords, roster: RosterImport) -> ImportReport:
    """See ``import_roster``. Hashing takes about 20 ms an account on one core, before the transaction."""
    async with stores.connections.read() as connection:
        known = await _known(connection, roster)
    _check(roster, known)
    new = [row for row in roster.accounts if name_key(row.username) not in known]
    made_up = [generate_password() if row.password is None else None for row in new]
    chosen = [made or row.password or "" for row, made in zip(new, made_up, strict=True)]
    hashes = await _hash_all(passwords, chosen)

    async def change(connection: AsyncConnection) -> tuple[str, ...]:
        if await _known(connection, roster) != known:
            raise Conflict("the accounts changed while the roster was being read")
        return await _apply(connection, roster, known, hashes)

    made = await stores.connections.write(change)
    created = tuple(
        Imported(row.username, row.name, row.role, row.classes, password)
        for row, password in zip(new, made_up, strict=True)
    )
    return ImportReport(created, len(roster.accounts) - len(created), made)


def _check(roster: RosterImport, known: dict[str, _Known]) -> None:
    errors = []
    for row in roster.accounts:
        there = known.get(name_key(row.username))
        if there is not None and there.role is not row.role:
            errors.append(RowError(row.line, RowErrorCode.OTHER_ROLE, (row.username, there.role.value)))
        if there is None and row.password is not None:
            try:
                check_policy(row.username, row.password)
            except WeakPassword:
                errors.append(RowError(row.line, RowErrorCode.WEAK_PASSWORD))
    if errors:
        raise BadRoster(errors)


async def _known(connection: AsyncConnection, roster: RosterImport) -> dict[str, _Known]:
    """The accounts of the roster that are there, by username key."""
    found: dict[str, _Known] = {}
    for keys in _slices([name_key(row.username) for row in roster.accounts]):
        rows = await connection.execute(
            select(accounts.c.id, accounts.c.role, accounts.c.username_key).where(
                accounts.c.username_key.in_(keys)
            )
        )
        found |= {row.username_key: _Known(AccountId(row.id), Role(row.role)) for row in rows}
    return found


async def _hash_all(passwords: Passwords, chosen: Sequence[str]) -> list[str]:
    """In order, a few at a time: others who sign in meanwhile find room in the queue."""
    hashes: list[str] = []
    for first in range(0, len(chosen), WORKERS):
        hashes += await asyncio.gather(*(passwords.hash(each) for each in chosen[first : first + WORKERS]))
    return hashes


async def _apply(
    connection: AsyncConnection, roster: RosterImport, known: dict[str, _Known], hashes: Sequence[str]
) -> tuple[str, ...]:
    class_ids, made = await _classes(connection, roster)
    new: list[dict[str, Any]] = []
    renamed: list[dict[str, Any]] = []
    moved: list[AccountId] = []
    members: list[dict[str, str]] = []
    fresh = iter(hashes)
    for row in roster.accounts:
        there = known.get(name_key(row.username))
        account = there.id if there else AccountId(new_id())
        if there is None:
            new.append(_new(account, row, next(fresh)))
        else:
            renamed.append({"account": account, "new_name": row.name})
            if row.classes:
                moved.append(account)
        members += membership_rows(account, row.role, (class_ids[name_key(each)] for each in row.classes))
    if new:
        await connection.execute(insert(accounts), new)
    if renamed:
        rename = update(accounts).where(accounts.c.id == bindparam("account"))
        await connection.execute(rename.values(name=bindparam("new_name")), renamed)
    for some in _slices(moved):
        await connection.execute(delete(memberships).where(memberships.c.account.in_(some)))
    if members:
        await connection.execute(insert(memberships), members)
    return made


def _new(account: AccountId, row: RosterAccount, password_hash: str) -> dict[str, Any]:
    return {
        "id": account,
        "username": row.username,
        "username_key": name_key(row.username),
        "name": row.name,
        "role": row.role.value,
        "password_hash": password_hash,
    }


async def _classes(
    connection: AsyncConnection, roster: RosterImport
) -> tuple[dict[str, ClassId], tuple[str, ...]]:
    """The ids of the roster's classes by name key, and the names of those that had to be made."""
    ids: dict[str, ClassId] = {}
    made: list[str] = []
    for name in roster.classes:
        if name_key(name) in ids:
            continue
        found = await classes.by_name(connection, name)
        if found is None:
            ids[name_key(name)] = await classes.add(connection, name)
            made.append(name)
        else:
            ids[name_key(name)] = found.id
    return ids, tuple(made)


def _slices(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """Parts that fit into one statement's parameters."""
    return (items[first : first + _AT_ONCE] for first in range(0, len(items), _AT_ONCE))
