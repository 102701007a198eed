"""Who is signed in. A token is 32 random bytes; only its SHA-256 is kept."""

import hashlib
import secrets
from collections.abc import Collection

from sqlalchemy import ColumnElement, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from classroom.ids import AccountId
from classroom.stores.connections import Connections
from classroom.stores.name_key import name_key, storable
from classroom.stores.new_id import new_id
from classroom.stores.port import Session, SignIn
from classroom.stores.schema import accounts, sessions, sign_ins

UNUSED_MS = 12 * 3_600_000
LIFE_MS = 7 * 24 * 3_600_000
SEEN_EVERY_MS = 60_000
"""How stale ``seen_at`` may be: one write a minute, not one a request."""
TEXT_BOUND = 300
"""Longer addresses, agents and tried usernames are cut in the record."""
REFUSALS_KEPT = 100_000
"""Refused sign-ins in the record: a flood of them pushes out older refusals, never who came and went."""
PRUNE_EVERY = 500
_AT_ONCE = 500
"""Ids in one query: databases limit the number of parameters."""


class SessionStore:
    def __init__(self, database: Connections) -> None:
        self._database = database
        self._refusals = 0

    async def open(self, account: AccountId, now: int, address: str, agent: str) -> tuple[str, Session]:
        token = secrets.token_urlsafe(32)
        session = Session(id=new_id(), account=account, opened_at=now, seen_at=now)

        async def change(connection: AsyncConnection) -> None:
            await connection.execute(delete(sessions).where(_expired(now)))
            await connection.execute(
                insert(sessions).values(
                    token_hash=_digest(token),
                    id=session.id,
                    account=account,
                    opened_at=now,
                    seen_at=now,
                    address=_cut(address),
                    agent=_cut(agent),
                )
            )
            found = await connection.execute(select(accounts.c.username).where(accounts.c.id == account))
            await _record(connection, account, found.scalar_one(), now, address, agent, "in", "")

        await self._database.write(change)
        return token, session

    async def find(self, token: str, now: int) -> Session | None:
        digest = _digest(token)
        async with self._database.read() as connection:
            found = await connection.execute(
                select(sessions.c.id, sessions.c.account, sessions.c.opened_at, sessions.c.seen_at)
                .join(accounts)
                .where(sessions.c.token_hash == digest, ~_expired(now), accounts.c.disabled.is_(False))
            )
            row = found.first()
        if row is None:
            return None
        seen_at = row.seen_at
        if now - seen_at >= SEEN_EVERY_MS:
            seen_at = now

            async def change(connection: AsyncConnection) -> None:
                older = (sessions.c.token_hash == digest) & (sessions.c.seen_at < now)
                await connection.execute(update(sessions).where(older).values(seen_at=now))

            await self._database.write(change)
        return Session(id=row.id, account=AccountId(row.account), opened_at=row.opened_at, seen_at=seen_at)

    async def close(self, token: str, now: int, reason: str) -> None:
        digest = _digest(token)

        async def change(connection: AsyncConnection) -> None:
            found = await connection.execute(
                select(sessions.c.account, sessions.c.address, sessions.c.agent, accounts.c.username)
                .join(accounts)
                .where(sessions.c.token_hash == digest)
            )
            row = found.first()
            if row is None:
                return
            await connection.execute(delete(sessions).where(sessions.c.token_hash == digest))
            account = AccountId(row.account)
            await _record(connection, account, row.username, now, row.address, row.agent, "out", reason)

        await self._database.write(change)

    async def open_among(self, ids: Collection[str], now: int) -> frozenset[str]:
        wanted, found = sorted(set(ids)), set[str]()
        async with self._database.read() as connection:
            for first in range(0, len(wanted), _AT_ONCE):
                chosen = sessions.c.id.in_(wanted[first : first + _AT_ONCE])
                rows = await connection.execute(
                    select(sessions.c.id)
                    .join(accounts)
                    .where(chosen, ~_expired(now), accounts.c.disabled.is_(False))
                )
                found.update(rows.scalars())
        return frozenset(found)

    async def record_refusal(self, username: str, now: int, address: str, reason: str) -> None:
        async def change(connection: AsyncConnection) -> None:
            found = await connection.execute(
                select(accounts.c.id).where(accounts.c.username_key == name_key(username))
            )
            await _record(connection, found.scalar(), username, now, address, "", "refused", reason)
            if prune:
                await _forget_oldest_refusals(connection)

        self._refusals += 1
        prune = self._refusals % PRUNE_EVERY == 1
        await self._database.write(change)

    async def sign_ins(self, since: int = 0, limit: int = 1000) -> tuple[SignIn, ...]:
        async with self._database.read() as connection:
            rows = await connection.execute(
                select(sign_ins)
                .where(sign_ins.c.at >= since)
                .order_by(sign_ins.c.at.desc(), sign_ins.c.id.desc())
                .limit(limit)
            )
            return tuple(
                SignIn(row.account, row.username, row.at, row.address, row.agent, row.what, row.reason)
                for row in rows
            )


async def close_all(connection: AsyncConnection, account: AccountId, now: int, reason: str) -> None:
    """Within a caller's transaction: every session of an account ends, each recorded as a sign-out."""
    rows = await connection.execute(
        select(sessions.c.address, sessions.c.agent, accounts.c.username)
        .join(accounts)
        .where(sessions.c.account == account)
        .order_by(sessions.c.opened_at)
    )
    for row in rows.all():
        await _record(connection, account, row.username, now, row.address, row.agent, "out", reason)
    await connection.execute(delete(sessions).where(sessions.c.account == account))


async def _forget_oldest_refusals(connection: AsyncConnection) -> None:
    refused = sign_ins.c.what == "refused"
    newest = await connection.execute(
        select(sign_ins.c.id).where(refused).order_by(sign_ins.c.id.desc()).offset(REFUSALS_KEPT).limit(1)
    )
    last = newest.scalar()
    if last is not None:
        await connection.execute(delete(sign_ins).where(refused, sign_ins.c.id <= last))


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def _cut(text: str) -> str:
    return storable(text[:TEXT_BOUND])


def _expired(now: int) -> ColumnElement[bool]:
    return (sessions.c.seen_at <= now - UNUSED_MS) | (sessions.c.opened_at <= now - LIFE_MS)


async def _record(
    connection: AsyncConnection,
    account: str | None,
    username: str,
    now: int,
    address: str,
    agent: str,
    what: str,
    reason: str,
) -> None:
    await connection.execute(
        insert(sign_ins).values(
            account=account,
            username=_cut(username),
            at=now,
            address=_cut(address),
            agent=_cut(agent),
            what=what,
            reason=_cut(reason),
        )
    )
