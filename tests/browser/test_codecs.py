"""The best codec that all can decode; changed without a break when somebody comes who cannot."""

from itertools import pairwise
from typing import Any

from playwright.async_api import Page

from tests.browser import pattern
from tests.browser.codecs import CONNECTIONS, MANY_CORES, SAMPLER, moving, streams, without
from tests.browser.pages import MEDIA_SOON, School

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
