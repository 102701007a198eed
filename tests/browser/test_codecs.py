"""The best codec that all can decode; changed without a break when somebody comes who cannot."""

from itertools import pairwise
from pathlib import Path
from typing import Any

from playwright.async_api import Page

from tests.browser import pattern
from tests.browser.codecs import CONNECTIONS, MANY_CORES, SAMPLER, moving, streams, without
from tests.browser.pages import MEDIA_SOON, School
from tests.browser.recordings import decode, recording_row

SCREEN = 'video[aria-label^="Screen of "]'


async def until_sent(page: Page, *codecs: str) -> dict[str, dict[str, Any]]:
    """Until pictures are sent in exactly these codecs."""
    for _ in range(40):
        found = await moving(page, "outbound", 500)
        if set(found) == {f"video/{codec}" for codec in codecs}:
            return found
    raise AssertionError(f"{sorted(found)} are sent, not {codecs}")


async def test_a_newcomer_who_cannot_decode_changes_the_codec_unseen(school: School) -> None:
    title = "Codecs"
    scripts = (CONNECTIONS, MANY_CORES)
    teacher = await school.person("teacher", scripts=scripts)
    await teacher.new_lesson(title)
    await teacher.start_lesson(title)
    viewer = await school.person("student1", scripts=scripts)
    await viewer.ask_to_enter(title)
    await teacher.admit("student1")
    await viewer.enter()
    await teacher.share()
    await viewer.sees_pattern(1)
    sent = await until_sent(teacher.page, "AV1")
    assert sent["video/AV1"]["contentType"] == "screenshare"
    assert set(await moving(viewer.page, "inbound")) == {"video/AV1"}

    await viewer.page.evaluate(pattern.READER)
    await viewer.page.evaluate(SAMPLER, SCREEN)
    newcomer = await school.person("student2", scripts=(CONNECTIONS, without("AV1", "VP9")))
    await newcomer.ask_to_enter(title)
    await teacher.admit("student2")
    await newcomer.enter()
    await newcomer.sees_pattern(1)
    assert set(await moving(newcomer.page, "inbound")) == {"video/VP8"}
    await until_sent(teacher.page, "VP8")
    assert set(await moving(viewer.page, "inbound")) == {"video/VP8"}
    seen = await viewer.page.evaluate("window.stopSampling()")
    assert seen["elements"] == 2, "the picture was to change elements"
    samples = seen["samples"]
    assert len(samples) > 50
    assert all(ready for _, _, ready in samples), "there was a moment without a picture"
    readable = [(at, counter) for at, counter, _ in samples if counter is not None]
    assert len(readable) > 0.8 * len(samples)
    assert max(after - before for (before, _), (after, _) in pairwise(readable)) < 2000
    assert await viewer.page.evaluate("document.querySelectorAll('video.coming').length") == 0
    # To people it is one share all the time.
    assert await viewer.screens().count() == 1


async def test_vp9_where_av1_is_too_much(school: School) -> None:
    """A small computer publishes VP9; a viewer without AV1 has it too."""
    title = "VP9"
    teacher = await school.person("teacher", scripts=(CONNECTIONS,))
    await teacher.new_lesson(title)
    await teacher.start_lesson(title)
    viewer = await school.person("student3", scripts=(CONNECTIONS, without("AV1")))
    await viewer.ask_to_enter(title)
    await teacher.admit("student3")
    await viewer.enter()
    await teacher.share()
    await viewer.sees_pattern(1)
    assert set(await until_sent(teacher.page, "VP9")) == {"video/VP9"}
    await teacher.button("Turn on camera").click()
    await viewer.page.wait_for_function(
        "() => document.querySelector('video[aria-label^=\"Camera of \"]')?.videoWidth > 0",
        timeout=MEDIA_SOON,
    )
    layers = [s for s in await streams(teacher.page, "outbound") if s["codec"] == "video/VP8"]
    assert sorted(s["rid"] for s in layers) == ["r0", "r1", "r2"]


async def test_a_recording_plays_on_through_a_change_of_codec(school: School, tmp_path: Path) -> None:
    title = "Recorded codecs"
    teacher = await school.person("teacher", scripts=(CONNECTIONS, MANY_CORES))
    await teacher.new_lesson(title)
    await teacher.start_lesson(title)
    viewer = await school.person("student4", scripts=(CONNECTIONS,))
    await viewer.ask_to_enter(title)
    await teacher.admit("student4")
    await viewer.enter()
    await teacher.share()
    await viewer.sees_pattern(1)
    await until_sent(teacher.page, "AV1")
    # What is recorded has one codec, which the smallest computers of teachers can do.
    await teacher.button("Record").click()
    await until_sent(teacher.page, "VP9")
    await viewer.sees_pattern(5)
    newcomer = await school.person("student5", scripts=(CONNECTIONS, without("AV1", "VP9")))
    await newcomer.ask_to_enter(title)
    await teacher.admit("student5")
    await newcomer.enter()
    await newcomer.sees_pattern(5)
    await until_sent(teacher.page, "VP8")
    await teacher.end_lesson()
    row = await recording_row(teacher, title)

    answer = await teacher.context.request.get(f"{teacher.product.url}/api/recordings/{row['id']}")
    parts = [file for file in (await answer.json())["files"] if file["role"] == "programme"]
    assert len(parts) == 2
    pictures: list[tuple[float, int]] = []
    for part in parts:
        url = f"{teacher.product.url}/api/recordings/{row['id']}/files/{part['name']}"
        path = tmp_path / part["name"]
        path.write_bytes(await (await teacher.context.request.get(url)).body())
        found = decode(path).pictures
        assert len(found) > 30
        pictures += [(part["startMs"] / 1000 + at, reading.counter) for at, reading in found]
    # The new encoder may begin with the frame that the old one has just sent.
    assert all(after >= before - 2 for (_, before), (_, after) in pairwise(pictures))
    assert max(b - a for (a, _), (b, _) in pairwise(pictures)) < 1.5

    # Played by a person: from the first part into the second by itself.
    await teacher.goto(f"/recordings/{row['id']}")
    label = f"Recording of {title}"
    video = teacher.page.locator(f'video[aria-label="{label}"]')
    await video.evaluate(
        """async (video, second) => {
            video.muted = true
            await new Promise(done => video.readyState ? done() : video.addEventListener('loadedmetadata', done))
            video.currentTime = second
            await video.play()
        }""",
        parts[0]["durationMs"] / 1000 - 2,
    )
    await teacher.page.wait_for_function(
        "selector => document.querySelector(selector).src.endsWith('programme-2.webm')",
        arg=f'video[aria-label="{label}"]',
        timeout=MEDIA_SOON,
    )
    readings = await teacher.sees_recording(label, 2)
    assert pattern.figures(readings).in_order
    assert len(readings) > 10
    assert readings[0].counter > pictures[len(pictures) // 4][1]


async def test_a_recorded_teachers_camera_has_the_screens_codec(school: School) -> None:
    title = "Recorded camera"
    teacher = await school.person("teacher", scripts=(CONNECTIONS,))
    await teacher.new_lesson(title)
    await teacher.start_lesson(title)
    viewer = await school.person("student6", scripts=(CONNECTIONS,))
    await viewer.ask_to_enter(title)
    await teacher.admit("student6")
    await viewer.enter()
    await teacher.button("Turn on camera").click()
    await until_sent(teacher.page, "VP8")
    await teacher.button("Record").click()
    await until_sent(teacher.page, "VP9")
    layers = [s for s in await streams(teacher.page, "outbound") if s["codec"] == "video/VP9"]
    assert sorted(s["rid"] for s in layers) == ["r0", "r1", "r2"]
    assert set(await moving(viewer.page, "inbound")) == {"video/VP9"}
    await viewer.page.wait_for_timeout(3000)
    await teacher.end_lesson()
    row = await recording_row(teacher, title)
    answer = await teacher.context.request.get(f"{teacher.product.url}/api/recordings/{row['id']}")
    parts = [file for file in (await answer.json())["files"] if file["role"] == "programme"]
    assert len(parts) == 1
