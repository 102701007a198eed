"""`./run bench lesson --students 40`: a whole lesson by real sockets, and what it costs the server.

The teacher lets the class in at once, shares a screen (300 packets/s) and speaks (50 packets/s);
every student receives both. The load runs in this process, the product in its own.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from signaling.wire import client as ask
from tests.bench._figures import figure
from tests.bench._sums import percentile
from tests.clients.participant import Participant
from tests.proc import Usage, usage
from tests.product import ROLES, Product

BENCH = "lesson"


def measure(product: Product) -> dict[str, Usage]:
    """Per role; several processes of a role are added up."""
    found = {}
    for role, processes in product.roles().items():
        each = [usage(process.pid) for process in processes]
        found[role] = Usage(
            cpu=sum(one.cpu for one in each),
            rss=sum(one.rss for one in each),
            files=sum(one.files for one in each),
            sockets=sum(one.sockets for one in each),
            threads=sum(one.threads for one in each),
        )
    return found


async def in_parallel(people: Sequence[Participant], action: str, *arguments: str) -> None:
    async with asyncio.TaskGroup() as group:
        for person in people:
            group.create_task(getattr(person, action)(*arguments))


async def join(student: Participant, since: dict[str, float]) -> float:
    """Seconds from being let in to the first media packet."""
    await student.admitted()
    admitted = time.perf_counter()
    since[student.username] = admitted
    await student.receive()
    await student.receiving.wait()
    assert student.first_packet_at is not None
    return student.first_packet_at - admitted


async def lesson(product: Product, students: int, seconds: float) -> None:
    async with asyncio.timeout(180 + seconds):
        people = [
            Participant(product.url, f"student{number}", product.password)
            for number in range(1, students + 1)
        ]
        teacher = Participant(product.url, "teacher", product.password)
        try:
            await teacher.__aenter__()
            lesson_id = await teacher.account.new_lesson("Bench")
            await teacher.account.call("POST", f"/api/lessons/{lesson_id}/start")
            await teacher.knock(lesson_id)
            await teacher.admitted()
            await teacher.receive()
            await teacher.publish("microphone")
            await teacher.publish("screen")

            began = time.perf_counter()
            for person in people:  # one after another: Argon2 is meant to be slow
                await person.__aenter__()
            figure(BENCH, "sign-in, each", (time.perf_counter() - began) / max(1, students), "s")
            await in_parallel(people, "knock", lesson_id)
            before = measure(product)

            assert teacher.socket is not None
            since: dict[str, float] = {}
            async with asyncio.TaskGroup() as group:
                joins = [group.create_task(join(person, since)) for person in people]
                await teacher.socket.ask(ask.AdmitClass)
            took = [task.result() for task in joins]
            figure(BENCH, "admitted", len(since), "students", of=students)
            figure(BENCH, "join (let in to first packet), median", median(took), "s", students=students)
            figure(
                BENCH, "join (let in to first packet), p95", percentile(took, 0.95), "s", students=students
            )

            settled = measure(product)
            marks = [(person, person.packets) for person in people]
            start = time.perf_counter()
            await asyncio.sleep(seconds)
            span = time.perf_counter() - start
            after = measure(product)
            received = sum(person.packets - mark for person, mark in marks)

            teacher.stop_publishing()
            await quiet(people)
            lost = sum(person.lost for person in people)
            total = sum(person.packets for person in people)
            figure(BENCH, "packets received", total, "packets")
            figure(BENCH, "packets lost", lost, "packets")
            figure(BENCH, "packets out of order", sum(late(person) for person in people), "packets")
            figure(BENCH, "packets relayed", received / span, "packets/s", students=students)
            cpu = {role: after[role].cpu - settled[role].cpu for role in after}
            for role in (*ROLES, "supervisor"):
                figure(BENCH, f"processor, {role}", 100 * cpu[role] / span, "% of a core", students=students)
            if cpu["media"]:
                figure(BENCH, "packets per CPU-second, media", received / cpu["media"], "packets")
            for role in ("gateway", "media"):
                grown = (after[role].rss - before[role].rss) / max(1, students)
                figure(BENCH, f"memory per participant, {role}", grown / 1024, "KiB")
        finally:
            for person in (*people, teacher):
                await person.__aexit__(None, None, None)


def late(person: Participant) -> int:
    return sum(stream.late for stream in person.arrivals.streams.values())


async def quiet(people: Sequence[Participant]) -> None:
    """Until nothing more arrives, so that what is on its way does not count as lost."""
    seen = -1
    while (now := sum(person.packets for person in people)) != seen:
        seen = now
        await asyncio.sleep(0.5)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--students", type=int, default=40)
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--media-workers", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        product = Product(Path(directory) / "product", media_workers=given.media_workers).start(60)
        try:
            asyncio.run(lesson(product, given.students, given.seconds))
            product.stop(30)
        except BaseException:
            print(product.tail(30))
            raise
        finally:
            product.kill()


if __name__ == "__main__":
    main()
