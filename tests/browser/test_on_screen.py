"""What nobody looks at is not sent, and what nobody takes is not encoded."""

import json
from typing import Any

from playwright.async_api import Page, expect

from tests.browser.codecs import CONNECTIONS, moving, streams
from tests.browser.pages import MEDIA_SOON, SOON, School

# Keeps hold of the page's sockets, and of what they said.
SOCKETS = """(() => {
  const Real = window.WebSocket
  window.told = []
  window.WebSocket = class extends Real {
    constructor(...all) {
      super(...all)
      window.lessonSocket = this
      this.addEventListener('message', event => window.told.push(JSON.parse(event.data)))
    }
  }
})()"""
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


async def encoded(page: Page) -> dict[str, tuple[int, int]]:
    """(frames, key frames) by rid."""
    found: list[dict[str, Any]] = await streams(page, "outbound")
    return {
        s["rid"]: (s.get("framesEncoded", 0), s.get("keyFramesEncoded", 0)) for s in found if s.get("rid")
    }


async def test_layers_nobody_takes_are_not_encoded(school: School) -> None:
    teacher, (viewer,) = await school.lesson("Layers", "student8", scripts=(CONNECTIONS, SOCKETS))
    await teacher.button("Turn on camera").click()
    await expect(viewer.cameras().first).to_be_visible(timeout=MEDIA_SOON)
    await teacher.page.wait_for_function("() => window.told.some(message => message.type === 'produced')")
    produced = await teacher.page.evaluate("() => window.told.find(message => message.type === 'produced')")

    async def want(*layers: bool) -> None:
        message = {
            "type": "layers_wanted",
            "producer": produced["producer"],
            "share": produced["share"],
            "layers": layers,
        }
        await teacher.page.evaluate(
            "data => window.lessonSocket.dispatchEvent(new MessageEvent('message', {data}))",
            json.dumps(message),
        )

    async def grows(expected: set[str]) -> dict[str, tuple[int, int]]:
        for _ in range(15):
            before = await encoded(teacher.page)
            await teacher.page.wait_for_timeout(700)
            after = await encoded(teacher.page)
            grown = {rid for rid in after if after[rid][0] > before.get(rid, (0, 0))[0]}
            if grown == expected:
                return after
        raise AssertionError(f"{before} grew to {after}, expected growth of {expected}")

    await want(True, False, False)
    await grows({"r0"})
    await want(False, False, False)
    rested = await grows(set())
    await want(False, False, True)
    again = await grows({"r2"})
    assert again["r2"][1] > rested.get("r2", (0, 0))[1], "a layer begins again with a key frame"
    await want(True, True, True)
    await grows({"r0", "r1", "r2"})
