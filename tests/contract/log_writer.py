"""A process that appends to many logs at once and says which appends were acknowledged; killed in mid-write.

Arguments: the database, how many lessons. Prints ``lesson seq`` for each acknowledged event.
"""

import asyncio
import os
import sys

from classroom.ids import LessonId, MessageId, ParticipantId
from classroom.lesson.events import MessageSent
from classroom.stores.database import Database, open_stores


async def write(stores: Database, lesson: LessonId) -> None:
    seq = 0
    while True:
        text = f"tin nhắn {seq}"
        event = MessageSent(message=MessageId(f"{lesson}.{seq}"), participant=ParticipantId("p"), text=text)
        (recorded,) = await stores.log.append(lesson, seq, [event], at=seq)
        seq = recorded.seq
        # One write, past Python's buffers: what is printed was printed before the kill.
        os.write(1, f"{lesson} {seq}\n".encode())


async def main(url: str, lessons: int) -> None:
    stores = await open_stores(url, school="S")
    await asyncio.gather(*(write(stores, LessonId(f"lesson{number}")) for number in range(lessons)))


asyncio.run(main(sys.argv[1], int(sys.argv[2])))
