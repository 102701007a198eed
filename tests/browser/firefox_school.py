"""A lesson with a Chromium beside the server and a Firefox across a veth pair: it ignores loopback candidates."""

import base64
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from tests.browser.bidi import Firefox, firefox
from tests.browser.chromium import chromium
from tests.browser.namespaces import SERVER_ADDRESS, two_namespaces
from tests.browser.pages import Person, School
from tests.product import Product


@asynccontextmanager
async def firefox_school(
    tmp_path: Path, artifacts: Callable[[str], Path]
) -> AsyncIterator[tuple[School, Firefox]]:
    with two_namespaces() as names:
        product = Product(
            tmp_path / "product",
            host=SERVER_ADDRESS,
            prefix=names.in_server,
            arguments=("--media-ip", SERVER_ADDRESS),
        )
        try:
            product.start()
            assert product.url.startswith("https://"), product.url
            async with chromium(names.in_server) as browser, firefox(names.in_client) as student:
                school = await School.open(browser, product)
                try:
                    yield school, student
                except BaseException:
                    artifacts("firefox.png").write_bytes(base64.b64decode(await student.screenshot()))
                    await school.keep_evidence(artifacts)
                    raise
                finally:
                    await school.close()
            product.stop()
        finally:
            product.keep_evidence(artifacts("log").parent.name)
            product.kill()


async def enter(student: Firefox, teacher: Person, username: str) -> None:
    """Sign in, ask, and be let in by the teacher, who is in the lesson."""
    product = teacher.product
    lesson = teacher.page.url.split("/lessons/")[1].split("?")[0]
    await student.goto(f"{product.url}/login?lang=en")
    await student.fill("Username", username)
    await student.fill("Password", product.password)
    await student.press("Sign in")
    await student.visible("button", "Sign out")
    await student.goto(f"{product.url}/lessons/{lesson}?lang=en")
    await student.until(
        "() => document.body.innerText.includes('Ask to enter')"
        " || document.body.innerText.includes('Waiting for the teacher')"
    )
    if not await student.run("() => document.body.innerText.includes('Waiting for the teacher')"):
        await student.press("Ask to enter")
    await student.visible("status", "Waiting for the teacher's approval")
    await teacher.admit(username)
    await student.visible("button", "Leave")
