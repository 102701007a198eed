"""Firefox as the student. It ignores loopback candidates, so server and Firefox meet over a veth pair."""

import base64
from collections.abc import Callable
from pathlib import Path

from playwright.async_api import async_playwright

from tests.browser import pattern
from tests.browser.bidi import firefox
from tests.browser.conftest import FLAGS, chromium_path
from tests.browser.namespaces import SERVER_ADDRESS, two_namespaces
from tests.browser.pages import School
from tests.browser.test_main_job import must_flow
from tests.product import Product


async def test_firefox_sees_the_teachers_screen(tmp_path: Path, artifacts: Callable[[str], Path]) -> None:
    title = "Firefox too"
    with two_namespaces() as names:
        product = Product(
            tmp_path / "product",
            host=SERVER_ADDRESS,
            prefix=names.in_server,
            arguments=("--media-ip", SERVER_ADDRESS),
        )
        # The teacher's browser lives beside the server.
        chromium = tmp_path / "chromium"
        chromium.write_text(f'#!/bin/sh\nexec {" ".join(names.in_server)} {chromium_path()} "$@"\n')
        chromium.chmod(0o755)
        try:
            product.start()
            assert product.url.startswith("https://"), product.url
            async with async_playwright() as playwright, firefox(names.in_client) as student:
                browser = await playwright.chromium.launch(
                    executable_path=chromium, args=list(FLAGS), chromium_sandbox=False
                )
                school = await School.open(browser, product)
                try:
                    teacher, _ = await school.lesson(title)
                    await teacher.share()
                    lesson = teacher.page.url.split("/lessons/")[1].split("?")[0]

                    await student.goto(f"{product.url}/login?lang=en")
                    await student.fill("Username", "student1")
                    await student.fill("Password", product.password)
                    await student.press("Sign in")
                    await student.visible("button", "Sign out")
                    await student.goto(f"{product.url}/lessons/{lesson}?lang=en")
                    await student.until(
                        "() => document.body.innerText.includes('Ask to enter')"
                        " || document.body.innerText.includes('Waiting for the teacher')"
                    )
                    if not await student.run(
                        "() => document.body.innerText.includes('Waiting for the teacher')"
                    ):
                        await student.press("Ask to enter")
                    await student.visible("status", "Waiting for the teacher's approval")
                    await teacher.admit("student1")
                    await student.visible("button", "Leave")

                    await student.until(
                        """() => { const video = document.querySelector('video[aria-label^="Screen of "]')
                                   return video && video.videoWidth > 0 && !video.paused }""",
                        seconds=20,
                    )
                    await student.run("source => { (0, eval)(source) }", pattern.READER)
                    rows = await student.run(
                        """async seconds => {
                            const reader = window.readPattern(document.querySelector('video[aria-label^="Screen of "]'))
                            await new Promise(done => setTimeout(done, seconds * 1000))
                            return reader.stop()
                        }""",
                        6,
                    )
                    must_flow("teacher's screen in Firefox", [pattern.Reading(*row) for row in rows])
                    await student.press("Raise hand")
                    await student.visible("button", "Lower hand")
                except BaseException:
                    artifacts("firefox.png").write_bytes(base64.b64decode(await student.screenshot()))
                    await school.keep_evidence(artifacts)
                    raise
                finally:
                    await school.close()
                    await browser.close()
            product.stop()
        finally:
            product.keep_evidence(artifacts("log").parent.name)
            product.kill()
