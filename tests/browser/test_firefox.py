"""Firefox as the student: it sees, shows, and follows the lesson's codecs."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.async_api import expect

from tests.browser import pattern
from tests.browser.bidi import Firefox
from tests.browser.codecs import CONNECTIONS, MANY_CORES, STREAMS, moving, without
from tests.browser.firefox_school import enter, firefox_school
from tests.browser.pages import MEDIA_SOON
from tests.browser.test_main_job import must_flow

# Firefox without a screen to pick from: the pattern, drawn in the page itself.
OWN_SCREEN = """() => {
  const canvas = document.createElement('canvas')
  canvas.width = 1280; canvas.height = 720
  const pen = canvas.getContext('2d', {alpha: false})
  let number = 0
  setInterval(() => {
    number += 1
    pen.fillStyle = '#fff'; pen.fillRect(0, 0, 1280, 720)
    pen.fillStyle = '#000'; pen.font = '64px sans-serif'; pen.fillText('Firefox ' + number, 100, 300)
  }, 66)
  navigator.mediaDevices.getDisplayMedia = async () => canvas.captureStream(15)
}"""
SHOWS = """whose => { const video = document.querySelector(`video[aria-label^="${whose}"]`)
                   return video && video.videoWidth > 0 && !video.paused }"""


async def carried(student: Firefox, direction: str) -> set[str]:
    """Codecs of the pictures that move now."""
    count = "framesEncoded" if direction == "outbound" else "framesDecoded"
    found: list[dict[str, Any]] = await student.run(
        f"""async direction => {{
            const read = {STREAMS}
            const before = new Map((await read(direction)).map(s => [s.id, s.{count}]))
            await new Promise(done => setTimeout(done, 1000))
            return (await read(direction)).filter(s => s.{count} > (before.get(s.id) ?? 0))
        }}""",
        direction,
    )
    return {stream["codec"] for stream in found}


async def until_carried(student: Firefox, direction: str, *codecs: str) -> None:
    for _ in range(15):
        found = await carried(student, direction)
        if found == {f"video/{codec}" for codec in codecs}:
            return
    raise AssertionError(f"{sorted(found)} are {direction}, not {codecs}")


async def test_firefox_sees_the_teachers_screen(tmp_path: Path, artifacts: Callable[[str], Path]) -> None:
    async with firefox_school(tmp_path, artifacts) as (school, student):
        teacher, _ = await school.lesson("Firefox too")
        await teacher.share()
        await enter(student, teacher, "student1")
        await student.until(SHOWS, "Screen of ", seconds=20)
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


async def test_firefox_takes_and_gives_every_codec(tmp_path: Path, artifacts: Callable[[str], Path]) -> None:
    async with firefox_school(tmp_path, artifacts) as (school, student):
        for script in (CONNECTIONS, MANY_CORES):
            await student.command("script.addPreloadScript", functionDeclaration=f"() => {{ {script} }}")
        title = "Codecs of Firefox"
        teacher, _ = await school.lesson(title, scripts=(CONNECTIONS, MANY_CORES))
        await enter(student, teacher, "student1")
        await teacher.share()
        await student.until(SHOWS, "Screen of ", seconds=20)
        await until_carried(student, "inbound", "AV1")

        await student.press("Turn on camera")
        await expect(teacher.cameras().first).to_be_visible(timeout=MEDIA_SOON)
        await until_carried(student, "outbound", "VP8")
        await teacher.in_person_row("student1", "Allow to share screen")
        await student.run(OWN_SCREEN)
        await student.until("() => document.body.innerText.includes('lets you share')")
        await student.press("Share screen")
        await student.visible("button", "Stop sharing")
        await teacher.page.wait_for_function(SHOWS, arg="Screen of ", timeout=MEDIA_SOON)
        await until_carried(student, "outbound", "AV1", "VP8")
        assert set(await moving(teacher.page, "inbound")) == {"video/AV1", "video/VP8"}

        # Somebody without VP9 or AV1: both publishers change, both viewers go on.
        other = await school.person("student2", scripts=(CONNECTIONS, without("AV1", "VP9")))
        await other.ask_to_enter(title)
        await teacher.admit("student2")
        await other.enter()
        await until_carried(student, "outbound", "VP8")
        await until_carried(student, "inbound", "VP8")
        assert await student.run(SHOWS, "Screen of ")
        assert set(await moving(teacher.page, "inbound")) == {"video/VP8"}
        await teacher.page.wait_for_function(SHOWS, arg="Screen of ", timeout=MEDIA_SOON)
