"""Networks that block: the student's Chromium is behind a link that drops what the test says it drops."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

from msgspec import Struct

from tests.browser.chromium import chromium
from tests.browser.namespaces import SERVER_ADDRESS, Namespaces, two_namespaces
from tests.browser.pages import Person, School
from tests.browser.test_main_job import hears, must_flow
from tests.product import Product
from tests.turn_server import SECRET, turn_server

SCREEN = 'video[aria-label^="Screen of "]'
KEEP_CONNECTIONS = """(() => {
    window.connections = []
    window.RTCPeerConnection = class extends window.RTCPeerConnection {
        constructor(...given) { super(...given); window.connections.push(this) }
    }
})()"""
WAYS = """async () => {
    const ways = []
    for (const connection of window.connections) {
        if (connection.connectionState !== 'connected') continue
        const stats = await connection.getStats(), all = new Map([...stats].map(([, entry]) => [entry.id, entry]))
        for (const entry of all.values()) {
            if (entry.type !== 'transport' || !entry.selectedCandidatePairId) continue
            const pair = all.get(entry.selectedCandidatePairId)
            const local = all.get(pair.localCandidateId), remote = all.get(pair.remoteCandidateId)
            ways.push([local.candidateType, local.protocol, remote.protocol, local.relayProtocol ?? ''].join(' '))
        }
    }
    return ways
}"""


class Apart(Struct, frozen=True):
    """A teacher beside the server and a student behind the link."""

    names: Namespaces
    teachers: School
    students: School
    product: Product
    stop_turn: Callable[[], None]

    async def lesson(self, title: str) -> tuple[Person, Person]:
        teacher, _ = await self.teachers.lesson(title)
        student = await self.students.person("student1", scripts=(KEEP_CONNECTIONS,))
        await student.ask_to_enter(title)
        await teacher.admit("student1")
        await student.enter()
        return teacher, student


@asynccontextmanager
async def apart(
    directory: Path, artifacts: Callable[[str], Path], *, turn: bool = False
) -> AsyncIterator[Apart]:
    with two_namespaces() as names, ExitStack() as stack:
        environment = {}
        if turn:
            port = stack.enter_context(turn_server(SERVER_ADDRESS, names.in_server))
            urls = f"turn:{SERVER_ADDRESS}:{port},turn:{SERVER_ADDRESS}:{port}?transport=tcp"
            environment = {"CLASSROOM_TURN_URLS": urls, "CLASSROOM_TURN_SECRET": SECRET}
        product = Product(
            directory / "product",
            host=SERVER_ADDRESS,
            prefix=names.in_server,
            arguments=("--media-ip", SERVER_ADDRESS),
            environment=environment,
        )
        try:
            product.start()
            async with chromium(names.in_server) as near, chromium(names.in_client) as far:
                teachers, students = await School.open(near, product), School(far, product)
                try:
                    yield Apart(names, teachers, students, product, stack.close)
                except BaseException:
                    await teachers.keep_evidence(artifacts)
                    await students.keep_evidence(lambda name: artifacts(f"far-{name}"))
                    raise
                finally:
                    for school in (students, teachers):
                        await school.close()
            product.stop()
        finally:
            product.keep_evidence(artifacts("log").parent.name)
            product.kill()


async def ways(person: Person) -> list[str]:
    """How the person's media goes, by connected transport: "{local candidate's type} {its protocol}
    {remote's} {protocol to the relay}"."""
    return list(await person.page.evaluate(WAYS))


async def until(person: Person, condition: Callable[[list[str]], bool], seconds: float = 30.0) -> list[str]:
    async with asyncio.timeout(seconds):
        while not condition(found := await ways(person)):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    return found


async def test_without_udp_media_goes_over_tcp(tmp_path: Path, artifacts: Callable[[str], Path]) -> None:
    async with apart(tmp_path, artifacts) as school:
        school.names.block("udp")
        teacher, student = await school.lesson("No UDP")
        await teacher.share()
        must_flow("teacher's screen over TCP", await student.sees_pattern())
        await student.button("Turn on microphone").click()
        found = await until(student, lambda found: len(found) == 2)
        assert {way.split()[1] for way in found} == {"tcp"}


async def test_when_udp_is_cut_the_client_goes_on_over_tcp(
    tmp_path: Path, artifacts: Callable[[str], Path]
) -> None:
    async with apart(tmp_path, artifacts) as school:
        teacher, student = await school.lesson("UDP is cut")
        await teacher.share()
        await student.button("Turn on microphone").click()
        await student.first_picture(SCREEN)
        found = await until(student, lambda found: len(found) == 2)
        assert {way.split()[1] for way in found} == {"udp"}
        school.names.block("udp")
        cut = time.monotonic()
        await until(student, lambda found: [way.split()[1] for way in found] == ["tcp", "tcp"])
        moved = time.monotonic()
        await student.first_picture(SCREEN)
        print(f"UDP cut: over TCP after {moved - cut:.1f} s, picture {time.monotonic() - moved:.1f} s later")
        must_flow("teacher's screen over TCP after the cut", await student.sees_pattern())
        await hears(teacher)


async def test_where_only_a_relay_is_reached_media_goes_over_it(
    tmp_path: Path, artifacts: Callable[[str], Path]
) -> None:
    async with apart(tmp_path, artifacts, turn=True) as school:
        first = school.product.media_port
        school.names.block("udp")
        school.names.block("tcp", f"{first}-{first + school.product.media_workers - 1}")
        teacher, student = await school.lesson("Only a relay")
        await teacher.share()
        must_flow("teacher's screen over TURN", await student.sees_pattern())
        assert await ways(student) == ["relay udp udp tcp"]
