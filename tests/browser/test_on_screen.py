"""What nobody looks at is not sent, and what nobody takes is not encoded."""

from playwright.async_api import Page, expect

from tests.browser.codecs import CONNECTIONS, moving, streams
from tests.browser.pages import MEDIA_SOON, SOON, School

LOOK_AWAY = """away => {
  Object.defineProperty(document, 'hidden', {get: () => away, configurable: true})
  document.dispatchEvent(new Event('visibilitychange'))
}"""


async def until_moving(page: Page, direction: str, *codecs: str) -> None:
    for _ in range(15):
        found = set(await moving(page, direction, 500))
        if found == {f"video/{codec}" for codec in codecs}:
            return
    raise AssertionError(f"{sorted(found)} are {direction}, not {codecs}")


async def heard(page: Page) -> int:
    """Packets of sound."""
    found: int = await page.evaluate(
        """async () => {
            let packets = 0
            for (const connection of window.connections)
                for (const entry of (await connection.getStats()).values())
                    if (entry.type === 'inbound-rtp' && entry.kind === 'audio') packets += entry.packetsReceived
            return packets
        }"""
    )
    return found


async def test_a_page_nobody_looks_at_hears_and_does_not_see(school: School) -> None:
    teacher, _ = await school.lesson("Looked away")
    viewer = await school.person("student7", width=360, height=640, scripts=(CONNECTIONS,))
    await viewer.ask_to_enter("Looked away")
    await teacher.admit("student7")
    await viewer.enter()
    await teacher.button("Turn on microphone").click()
    await teacher.button("Turn on camera").click()
    await expect(viewer.cameras().first).to_be_visible(timeout=MEDIA_SOON)
    await until_moving(viewer.page, "inbound", "VP8")

    await viewer.page.evaluate(LOOK_AWAY, True)
    await until_moving(viewer.page, "inbound")
    before = await heard(viewer.page)
    await viewer.page.wait_for_timeout(500)
    assert await heard(viewer.page) > before
    await viewer.page.evaluate(LOOK_AWAY, False)
    await until_moving(viewer.page, "inbound", "VP8")

    # On a phone the chat lies over the whole stage.
    await viewer.show_chat()
    await until_moving(viewer.page, "inbound")
    await viewer.button("Close").first.click()
    await expect(viewer.cameras().first).to_be_visible(timeout=SOON)
    await until_moving(viewer.page, "inbound", "VP8")


async def until_encoded(page: Page, *rids: str) -> dict[str, int]:
    """Until exactly these layers are encoded; key frames of each so far."""
    for _ in range(25):
        before = await streams(page, "outbound")
        await page.wait_for_timeout(700)
        after = await streams(page, "outbound")
        frames = {s["rid"]: s.get("framesEncoded", 0) for s in before if s.get("rid")}
        grown = {
            s["rid"] for s in after if s.get("rid") and s.get("framesEncoded", 0) > frames.get(s["rid"], 0)
        }
        if grown == set(rids):
            return {s["rid"]: s.get("keyFramesEncoded", 0) for s in after if s.get("rid")}
    raise AssertionError(f"{sorted(grown)} are encoded, not {rids}")


async def test_layers_nobody_takes_are_not_encoded(school: School) -> None:
    teacher, (viewer,) = await school.lesson("Layers", "student8", scripts=(CONNECTIONS,))
    await teacher.button("Turn on camera").click()
    await expect(viewer.cameras().first).to_be_visible(timeout=MEDIA_SOON)
    await until_encoded(teacher.page, "r2")
    await viewer.page.evaluate(LOOK_AWAY, True)
    rested = await until_encoded(teacher.page)
    await viewer.page.evaluate(LOOK_AWAY, False)
    again = await until_encoded(teacher.page, "r2")
    assert again["r2"] > rested["r2"], "a layer begins again with a key frame"
    await viewer.page.wait_for_function(
        """() => new Promise(done => {
            const video = document.querySelector('video[aria-label^="Camera of "]')
            video.requestVideoFrameCallback(() => done(true))
        })""",
        timeout=MEDIA_SOON,
    )
