"""A shared screen at its viewers: enlarged by wheel and by two fingers, with the sound of the tab."""

from playwright.async_api import Locator, expect

from tests.browser.pages import MEDIA_SOON, SOON, School

SCALE = "element => new DOMMatrix(getComputedStyle(element.querySelector('.screen-content')).transform).a"
TONE = """async () => {
    const context = new AudioContext(), tone = context.createOscillator()
    tone.connect(context.destination)
    tone.start()
    await context.resume()
}"""


async def scale(screen: Locator) -> float:
    found: float = await screen.evaluate(SCALE)
    return found


async def test_wheel_and_pinch_enlarge_for_the_viewer_alone(school: School) -> None:
    teacher, (other,) = await school.lesson("Zoom", "student8")
    viewer = await school.person("student9", has_touch=True)
    await viewer.ask_to_enter("Zoom")
    await teacher.admit("student9")
    await viewer.enter()
    await teacher.share()
    screen = viewer.page.locator(".screen").first
    await expect(viewer.screens().first).to_be_visible(timeout=MEDIA_SOON)
    box = await screen.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    assert await scale(screen) == 1

    await viewer.page.mouse.move(x, y)
    await viewer.page.mouse.wheel(0, -400)
    await expect(screen).to_have_class("screen zoomed", timeout=SOON)
    assert await scale(screen) > 2
    await screen.dblclick(position={"x": box["width"] / 2, "y": box["height"] / 3})
    await expect(screen).not_to_have_class("screen zoomed", timeout=SOON)

    fingers = await viewer.context.new_cdp_session(viewer.page)
    for kind, apart in (("touchStart", 40), ("touchMove", 60), ("touchMove", 90), ("touchMove", 120)):
        points = [{"x": x - apart, "y": y, "id": 1}, {"x": x + apart, "y": y, "id": 2}]
        await fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    await fingers.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    await expect(screen).to_have_class("screen zoomed", timeout=SOON)
    assert 2 < await scale(screen) < 4

    await expect(other.screens().first).to_be_visible(timeout=MEDIA_SOON)
    assert await scale(other.page.locator(".screen").first) == 1


async def test_a_shared_tab_brings_its_sound(school: School) -> None:
    """A remote track is unmuted by the first packet; what a tab without a sound card sounds like is silence."""
    teacher, (student,) = await school.lesson("System sound", "student10")
    await school.contexts[0].pages[0].evaluate(TONE)
    await teacher.share()
    await student.page.wait_for_function(
        """() => [...document.querySelectorAll('audio')].some(element => !element.paused
            && element.srcObject?.getAudioTracks().some(track => track.readyState === 'live' && !track.muted))""",
        timeout=MEDIA_SOON,
    )
    await teacher.button("Stop sharing").first.click()
    await expect(student.screens()).to_have_count(0, timeout=SOON)
    await student.page.wait_for_function(
        """() => ![...document.querySelectorAll('audio')].some(element =>
            element.srcObject?.getAudioTracks().some(track => track.readyState === 'live'))""",
        timeout=SOON,
    )
