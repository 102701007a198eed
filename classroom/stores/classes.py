"""The school's classes. Names are unique, compared casefolded and NFC."""

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from classroom.ids import ClassId
from classroom.stores.connections import Connections
from classroom.stores.name_key import in_class_order, name_key, storable
from classroom.stores.new_id import new_id
from classroom.stores.port import SchoolClass
from classroom.stores.schema import classes


class ClassStore:
    def __init__(self, database: Connections) -> None:
        self._database = database

    async def add(self, name: str) -> ClassId:
        return await self._database.write(lambda connection: add(connection, name))

    async def all(self) -> tuple[SchoolClass, ...]:
        async with self._database.read() as connection:
            rows = await connection.execute(select(classes.c.id, classes.c.name))
            found = [SchoolClass(ClassId(row.id), row.name) for row in rows]
        return tuple(sorted(found, key=lambda each: in_class_order(each.name)))

    async def get(self, class_id: ClassId) -> SchoolClass | None:
        async with self._database.read() as connection:
            row = (await connection.execute(select(classes).where(classes.c.id == class_id))).first()
        return SchoolClass(ClassId(row.id), row.name) if row else None

    async def by_name(self, name: str) -> SchoolClass | None:
        async with self._database.read() as connection:
            return await by_name(connection, name)


async def add(connection: AsyncConnection, name: str) -> ClassId:
    class_id = ClassId(new_id())
    await connection.execute(
        insert(classes).values(id=class_id, name=storable(name).strip(), name_key=name_key(name)),
    )
    return class_id


async def by_name(connection: AsyncConnection, name: str) -> SchoolClass | None:
    found = await connection.execute(select(classes).where(classes.c.name_key == name_key(name)))
    row = found.first()
    return SchoolClass(ClassId(row.id), row.name) if row else None
