"""Accounts, what they teach or learn, and whose parents they are."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from classroom.ids import AccountId, ClassId
from classroom.people import Actor, Role
from classroom.stores.connections import Connections
from classroom.stores.name_key import in_class_order, in_name_order, name_key, storable
from classroom.stores.new_id import new_id
from classroom.stores.port import Account
from classroom.stores.schema import accounts, children, classes, memberships
from classroom.stores.sessions import close_all

_AT_ONCE = 500
"""Ids in one query: databases limit the number of parameters."""


class AccountStore:
    def __init__(self, database: Connections) -> None:
        self._database = database

    async def add(
        self, username: str, name: str, role: Role, password_hash: str, classes: Sequence[ClassId] = ()
    ) -> AccountId:
        return await self._database.write(
            lambda connection: add(connection, username, name, role, password_hash, classes)
        )

    async def find(self, username: str) -> Account | None:
        return await self._one(accounts.c.username_key == name_key(username))

    async def get(self, account: AccountId) -> Account | None:
        return await self._one(accounts.c.id == account)

    async def _one(self, condition: ColumnElement[bool]) -> Account | None:
        async with self._database.read() as connection:
            row = (await connection.execute(select(accounts).where(condition))).first()
        return _account(row) if row else None

    async def set_password(self, account: AccountId, password_hash: str, now: int) -> None:
        async def change(connection: AsyncConnection) -> None:
            await connection.execute(
                update(accounts).where(accounts.c.id == account).values(password_hash=password_hash)
            )
            await close_all(connection, account, now, "password_changed")

        await self._database.write(change)

    async def rehash(self, account: AccountId, old: str, new: str) -> None:
        async def change(connection: AsyncConnection) -> None:
            unchanged = (accounts.c.id == account) & (accounts.c.password_hash == old)
            await connection.execute(update(accounts).where(unchanged).values(password_hash=new))

        await self._database.write(change)

    async def set_disabled(self, account: AccountId, disabled: bool, now: int) -> None:
        async def change(connection: AsyncConnection) -> None:
            await connection.execute(
                update(accounts).where(accounts.c.id == account).values(disabled=disabled)
            )
            if disabled:
                await close_all(connection, account, now, "disabled")

        await self._database.write(change)

    async def actor(self, account: AccountId) -> Actor | None:
        return (await self.actors([account])).get(account)

    async def actors(self, accounts: Sequence[AccountId]) -> dict[AccountId, Actor]:
        found: dict[AccountId, Actor] = {}
        async with self._database.read() as connection:
            for first in range(0, len(accounts), _AT_ONCE):
                ids = accounts[first : first + _AT_ONCE]
                found |= {each.account: each for each in await _actors(connection, _of(ids))}
        return found

    async def roster(self, class_id: ClassId) -> tuple[Actor, ...]:
        return await self._members(class_id, "learns")

    async def teachers(self, class_id: ClassId) -> tuple[Actor, ...]:
        return await self._members(class_id, "teaches")

    async def _members(self, class_id: ClassId, kind: str) -> tuple[Actor, ...]:
        member = (memberships.c.class_id == class_id) & (memberships.c.kind == kind)
        chosen = accounts.c.id.in_(select(memberships.c.account).where(member))
        async with self._database.read() as connection:
            return in_order(await _actors(connection, chosen))

    async def link(self, parent: AccountId, child: AccountId) -> None:
        await self._database.write(lambda connection: link(connection, parent, child))

    async def children(self, parent: AccountId) -> tuple[Actor, ...]:
        chosen = accounts.c.id.in_(select(children.c.child).where(children.c.parent == parent))
        async with self._database.read() as connection:
            return in_order(await _actors(connection, chosen))


async def add(
    connection: AsyncConnection,
    username: str,
    name: str,
    role: Role,
    password_hash: str,
    class_ids: Sequence[ClassId] = (),
) -> AccountId:
    """Within a caller's transaction. Raises Conflict (as the writer tells it) when the name is taken."""
    account = AccountId(new_id())
    await connection.execute(
        insert(accounts).values(
            id=account,
            username=storable(username).strip(),
            username_key=name_key(username),
            name=storable(name).strip(),
            role=role.value,
            password_hash=password_hash,
        )
    )
    await join(connection, account, role, class_ids)
    return account


async def join(
    connection: AsyncConnection, account: AccountId, role: Role, class_ids: Iterable[ClassId]
) -> None:
    """Put an account on classes; see ``membership_rows``."""
    if rows := membership_rows(account, role, class_ids):
        await connection.execute(insert(memberships), rows)


def membership_rows(account: AccountId, role: Role, class_ids: Iterable[ClassId]) -> list[dict[str, str]]:
    """A teacher teaches classes, a student learns there; nobody else belongs to a class."""
    kind = {Role.TEACHER: "teaches", Role.STUDENT: "learns"}.get(role)
    if kind is None:
        return []
    return [{"account": account, "class_id": each, "kind": kind} for each in dict.fromkeys(class_ids)]


async def link(connection: AsyncConnection, parent: AccountId, child: AccountId) -> None:
    linked = (children.c.parent == parent) & (children.c.child == child)
    if (await connection.execute(select(children).where(linked))).first() is None:
        await connection.execute(insert(children).values(parent=parent, child=child))


def in_order(found: Iterable[Actor]) -> tuple[Actor, ...]:
    return tuple(sorted(found, key=lambda each: (in_name_order(each.name), each.username)))


def _of(ids: Sequence[AccountId]) -> ColumnElement[bool]:
    return accounts.c.id.in_(list(ids))


def _account(row: Any) -> Account:
    return Account(
        id=AccountId(row.id),
        username=row.username,
        name=row.name,
        role=Role(row.role),
        password_hash=row.password_hash,
        disabled=row.disabled,
    )


async def _actors(connection: AsyncConnection, chosen: ColumnElement[bool]) -> list[Actor]:
    """Accounts that are not disabled, with their classes: one row for each class of each account."""
    rows = await connection.execute(
        select(
            accounts.c.id,
            accounts.c.username,
            accounts.c.name,
            accounts.c.role,
            classes.c.id.label("class_id"),
            classes.c.name.label("class_name"),
        )
        .select_from(accounts.outerjoin(memberships).outerjoin(classes))
        .where(chosen, accounts.c.disabled.is_(False))
    )
    people: dict[str, Any] = {}
    places: dict[str, list[tuple[str, str]]] = {}
    for row in rows:
        people.setdefault(row.id, row)
        if row.class_id is not None:
            places.setdefault(row.id, []).append((row.class_name, row.class_id))
    return [_actor(row, places.get(account, [])) for account, row in people.items()]


def _actor(row: Any, places: list[tuple[str, str]]) -> Actor:
    role = Role(row.role)
    names = sorted((name for name, _ in places), key=in_class_order)
    return Actor(
        account=AccountId(row.id),
        username=row.username,
        name=row.name,
        role=role,
        classes=frozenset(ClassId(class_id) for _, class_id in places),
        class_label=", ".join(names) if role is Role.STUDENT else "",
    )
