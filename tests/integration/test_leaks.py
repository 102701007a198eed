"""Fifty joins and leaves leave nothing behind: no socket, thread, task, transport."""

import re
from asyncio import TaskGroup
from pathlib import Path

import pytest

from signaling.wire import client as ask
from tests.clients.participant import Participant
from tests.proc import Usage, usage
from tests.product import ROLES, Product, ProductError, wait_until

GAUGES = re.compile(r"tasks|transports|producers|consumers|connections|routers")
JOINS = 50


def gauges(product: Product) -> dict[str, float]:
    """Figures of /metrics that must come back to what they were."""
    found = {}
    for line in product.get("/metrics").splitlines():
        name, _, value = line.rpartition(" ")
        if (
            name
            and not line.startswith("#")
            and GAUGES.search(name)
            and not name.split("{")[0].endswith("_total")
        ):
            found[name] = float(value)
    return found


def used(product: Product) -> dict[str, Usage]:
    return {role: usage(product.role(role).pid) for role in ROLES}


async def join_and_leave(product: Product, lesson: str, username: str) -> None:
    async with Participant(product.url, username, product.password) as student:
        await student.knock(lesson)
        await student.admitted()
        await student.receive()
        await student.publish("microphone")
        await student.receiving.wait()
        await student.leave()


@pytest.mark.slow
@pytest.mark.timeout(400)
async def test_fifty_joins_and_leaves_leave_nothing_behind(tmp_path: Path) -> None:
    product = Product(tmp_path / "product").start()
    try:
        async with Participant(product.url, "teacher", product.password) as teacher:
            lesson = await teacher.account.new_lesson("Comings and goings")
            await teacher.account.call("POST", f"/api/lessons/{lesson}/start")
            await teacher.knock(lesson)
            await teacher.admitted()
            await teacher.receive()
            await teacher.publish("microphone")
            assert teacher.socket is not None
            students = [f"student{number}" for number in range(1, 11)]
            # Warm up: pools, caches and threads that are made once.
            await let_in_all(product, lesson, teacher, students, True)
            before, before_used = gauges(product), used(product)
            for _ in range(JOINS // len(students)):
                await let_in_all(product, lesson, teacher, students, False)

            def settled() -> bool:
                after, after_used = gauges(product), used(product)
                return all(
                    after.get(name, 0) <= value + ("tasks" in name) for name, value in before.items()
                ) and all(
                    after_used[role].sockets <= before_used[role].sockets
                    and after_used[role].files <= before_used[role].files
                    and after_used[role].threads <= before_used[role].threads
                    for role in ROLES
                )

            try:
                wait_until(settled, "as before the joins", 30)
            except ProductError:
                raise AssertionError(f"{before}\n{gauges(product)}\n{before_used}\n{used(product)}") from None
            assert any("tasks" in name for name in before), "no role tells its number of tasks in /metrics"
        product.stop()
    finally:
        product.kill()


async def let_in_all(
    product: Product, lesson: str, teacher: Participant, students: list[str], asked: bool
) -> None:
    assert teacher.socket is not None
    async with TaskGroup() as group:
        for username in students:
            group.create_task(join_and_leave(product, lesson, username))
        socket = teacher.socket
        assert socket.view is not None
        if not asked:
            return  # admitted before: they come back without asking
        await socket.until(lambda: len(socket.view.waiting) == len(students) if socket.view else False)
        await socket.ask(ask.AdmitClass)
