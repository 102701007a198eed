"""The replay page: pictures in step, what happened at its second, search, links, keys, captions, phones."""

import asyncio
import re
from statistics import median
from typing import Any

from playwright.async_api import Locator, Route, expect

from tests.browser import pattern
from tests.browser.pages import SOON, Person, School
from tests.browser.recordings import recording_row

TITLE = "Replayed lesson"

_CLOCKS = """async ([programme, camera]) => {
    const [a, b] = [programme, camera].map(label => {
        const video = document.querySelector(`video[aria-label="${label}"]`)
        return window.readPattern(video)
    })
    const found = [], until = performance.now() + 20000
    const inStep = () => found.length >= 10 && found.slice(-10).every(ms => Math.abs(ms) <= 200)
    while (!inStep() && performance.now() < until) {
        await new Promise(done => setTimeout(done, 40))
        const [one, two] = [a.now(), b.now()]
        if (one && two) found.push(two[1] - one[1])
    }
    a.stop(); b.stop()
    return found
}"""
"""Milliseconds by which the camera is ahead of the programme, again and again, until they are in step."""


async def _at(person: Person, video: Locator, low: float, high: float) -> None:
    """The programme comes to stand between these seconds."""
    handle = await video.element_handle()
    await person.page.wait_for_function(
        "([video, low, high]) => !video.seeking && video.currentTime >= low && video.currentTime <= high",
        arg=[handle, low, high],
        timeout=SOON,
    )


async def _plays(person: Person, video: Locator, seconds: float) -> None:
    handle = await video.element_handle()
    start = await video.evaluate("video => video.currentTime")
    await person.page.wait_for_function(
        "([video, until]) => !video.paused && video.currentTime > until",
        arg=[handle, start + seconds],
        timeout=SOON,
    )


async def _recorded(school: School) -> tuple[Person, dict[str, Any]]:
    """The teacher, and the recording that the tests of this module share: made by the first of them."""
    teacher = await school.person("teacher", scripts=(pattern.CAMERA,))
    answer = await teacher.context.request.get(f"{teacher.product.url}/api/recordings")
    for row in (await answer.json())["recordings"]:
        if row["title"] == TITLE and row["state"] == "ready":
            return teacher, dict(row)
    await teacher.new_lesson(TITLE)
    await teacher.start_lesson(TITLE)
    student = await school.person("student3")
    await student.ask_to_enter(TITLE)
    await teacher.admit("student3")
    await student.enter()
    await teacher.button("Turn on camera").click()
    await teacher.share()
    await student.sees_pattern(1)
    await teacher.button("Record").click()
    await expect(student.page.get_by_role("status").filter(has_text="Recording").first).to_be_visible(
        timeout=SOON
    )
    await student.sees_pattern(4)
    await student.show_chat()
    await student.page.get_by_role("textbox", name="Message", exact=True).fill("Định lý này ở trang nào ạ?")
    await student.button("Send").click()
    await student.button("Raise hand").click()
    await student.sees_pattern(6)
    await teacher.end_lesson()
    return teacher, await recording_row(teacher, TITLE)


async def test_a_recorded_lesson_is_watched(school: School) -> None:
    teacher, row = await _recorded(school)
    answer = await teacher.context.request.get(f"{teacher.product.url}/api/recordings/{row['id']}/timeline")
    timeline = await answer.json()
    said = timeline["messages"][0]["atMs"] / 1000
    assert 3 < said < timeline["durationMs"] / 1000

    page = teacher.page
    label = f"Recording of {TITLE}"
    video = page.locator(f'video[aria-label="{label}"]')

    # A link to a second.
    await teacher.goto(f"/recordings/{row['id']}?t=3")
    await expect(video).to_be_visible(timeout=SOON)
    await _at(teacher, video, 2.9, 3.1)

    # Programme and camera show the same moment.
    camera = page.locator('video[aria-label^="Camera of "]')
    await expect(camera).to_be_visible(timeout=SOON)
    name = await camera.get_attribute("aria-label")
    await page.evaluate(pattern.READER)
    await teacher.button("Play").first.click()
    await _plays(teacher, video, 1)
    apart = await page.evaluate(_CLOCKS, [label, name])
    print(f"camera ahead of programme: {median(apart[-10:]):.0f} ms; on the way there {apart}")
    assert len(apart) >= 10
    assert all(abs(ms) <= 200 for ms in apart[-10:]), apart

    # A found word jumps to its second, where its line is the current one.
    await page.keyboard.press("k")
    box = page.get_by_role("searchbox", name="Search in the lesson")
    await box.press_sequentially("dinh ly kq")
    await expect(page.get_by_role("status").filter(has_text="Nothing found")).to_be_visible()
    assert await video.evaluate("video => video.paused"), "a key in a text field is for the text field"
    await box.fill("dinh ly")
    await page.get_by_role("button", name=re.compile("Định lý")).click()
    await _at(teacher, video, said - 0.1, said + 0.2)
    await box.fill("")
    await page.get_by_role("button", name=re.compile("^Chat")).click()
    await expect(page.locator("li[aria-current=true]")).to_contain_text("Định lý này")
    await page.get_by_role("button", name="People").click()
    await expect(page.get_by_role("list", name="People")).to_contain_text("raised a hand")

    # Keys.
    position = said
    for key, seconds in (("ArrowLeft", -5), ("ArrowRight", 5), ("j", -10)):
        position = max(0, position + seconds)
        await page.keyboard.press(key)
        await _at(teacher, video, position - 0.2, position + 0.2)
    for _ in range(4):
        await page.keyboard.press(">")
    await page.keyboard.press("m")
    await page.keyboard.press("k")
    await _plays(teacher, video, 3)
    now = await video.evaluate("video => [video.playbackRate, video.preservesPitch, video.muted]")
    assert now == [2, True, True]
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog", name="Keyboard")).to_have_count(0)
    await page.keyboard.press("k")

    # Where one left off is remembered.
    await video.evaluate("video => { video.currentTime = 8.5 }")
    await _at(teacher, video, 8.4, 8.6)
    async with page.expect_response(re.compile("/position$")):
        await page.get_by_role("link", name="Recordings").click()
    answer = await teacher.context.request.get(f"{teacher.product.url}/api/recordings/{row['id']}")
    assert 8_400 <= (await answer.json())["positionMs"] <= 8_700


async def test_captions_are_written_changed_and_shown(school: School) -> None:
    teacher, row = await _recorded(school)
    page = teacher.page
    video = page.locator(f'video[aria-label="Recording of {TITLE}"]')
    said = page.locator(".said-caption")
    editor = page.get_by_role("region", name="Edit captions")

    async def edit() -> None:
        await teacher.button("Captions").click()
        await teacher.button("Edit captions").click()

    # Two lines, each taken from where the player stands, the later one first.
    await teacher.goto(f"/recordings/{row['id']}?t=6")
    await _at(teacher, video, 5.9, 6.1)
    await edit()
    await teacher.button("Add a line at this moment", editor).click()
    await editor.get_by_role("textbox", name="Text").fill("Hết phần một.")
    await video.evaluate("video => { video.currentTime = 2 }")
    await _at(teacher, video, 1.9, 2.1)
    await teacher.button("Add a line at this moment", editor).click()
    texts = editor.get_by_role("textbox", name="Text")
    await expect(texts).to_have_count(2)
    await texts.first.fill('a < b & c: "định lý"\nhàng thứ hai')
    await expect(editor.get_by_role("status")).to_have_text("Changes are not saved yet")
    await teacher.button("Save captions", editor).click()
    await expect(editor.get_by_role("status")).to_have_text("Captions saved")
    await teacher.button("Close", editor).click()

    # Who cannot read them is told why, and may try again.
    async def broken(route: Route) -> None:
        await route.fulfill(status=500)

    await page.route("**/captions/*", broken)
    await page.reload()
    await teacher.button("Captions").click()
    await expect(page.get_by_role("alert")).to_contain_text("These captions could not be read yet.")
    await expect(teacher.button("Edit captions")).to_be_disabled()
    await page.unroute("**/captions/*", broken)
    await teacher.button("Try again").click()
    await expect(teacher.button("Edit captions")).to_be_enabled()
    await expect(page.get_by_role("alert")).to_have_count(0)

    # After a reload they are there; before they are, nothing can be put in their place.
    async def late(route: Route) -> None:
        await wanted.wait()
        await route.continue_()

    wanted = asyncio.Event()
    await page.route("**/captions/*", late, times=1)
    await page.reload()
    await teacher.button("Captions").click()
    await expect(teacher.button("Edit captions")).to_be_disabled()
    wanted.set()
    await teacher.button("Edit captions").click()

    # One is changed, and a line that ends before it starts is refused.
    await expect(texts).to_have_count(2)
    await expect(texts.first).to_have_value('a < b & c: "định lý"\nhàng thứ hai')
    await texts.last.fill("Hết phần hai.")
    ends = editor.get_by_role("textbox", name="End", exact=True)
    await ends.last.fill("0:05.0")
    await teacher.button("Save captions", editor).click()
    await expect(editor.get_by_role("status")).to_have_text("A line ends before it starts.")
    await ends.last.fill("0:07.5")
    await teacher.button("Save captions", editor).click()
    await expect(editor.get_by_role("status")).to_have_text("Captions saved")
    await teacher.button("Close", editor).click()
    await teacher.button("Turn on captions").click()

    # The player shows each at its time and not after it, after a reload too.
    await teacher.goto(f"/recordings/{row['id']}?t=3")
    await _at(teacher, video, 2.9, 3.1)
    await expect(said).to_have_text(re.compile('a < b & c: "định lý"\\s+hàng thứ hai'))
    for second, text in ((5.5, None), (7, "Hết phần hai."), (7.8, None)):
        await video.evaluate("(video, second) => { video.currentTime = second }", second)
        await _at(teacher, video, second - 0.1, second + 0.1)
        if text is None:
            await expect(said).to_have_count(0)
        else:
            await expect(said).to_have_text(text)
    await video.evaluate("video => { video.currentTime = 5.5 }")
    await teacher.button("Play").first.click()
    await expect(said).to_have_text("Hết phần hai.", timeout=SOON)

    # A line taken away is gone; without lines the captions are.
    await edit()
    for _ in range(2):
        await teacher.button("Delete the line", editor).first.click()
    await teacher.button("Save captions", editor).click()
    await expect(editor.get_by_role("status")).to_have_text("Captions saved")
    await page.reload()
    await expect(video).to_be_visible(timeout=SOON)
    await expect(teacher.button("Turn off captions")).to_have_count(0)


async def test_a_phone_shows_pictures_their_choice_and_the_controls_together(school: School) -> None:
    teacher, row = await _recorded(school)
    page = teacher.page
    choice = page.get_by_role("combobox", name="Picture")
    pictures = page.locator(".pane:not(.aside)")
    first_picture = page.locator(".pane.left")

    async def box(locator: Locator) -> tuple[float, float, float, float]:
        await expect(locator).to_be_visible(timeout=SOON)
        found = await locator.bounding_box()
        assert found
        return found["x"], found["y"], found["x"] + found["width"], found["y"] + found["height"]

    for width, height in ((360, 740), (740, 360)):
        await page.set_viewport_size({"width": width, "height": height})
        await teacher.goto(f"/recordings/{row['id']}?t=3")
        for both in (False, True):
            await choice.select_option(label="Side by side" if both else "Whole lesson")
            await expect(pictures).to_have_count(2 if both else 1)
            assert await page.evaluate("document.documentElement.scrollWidth") <= width
            stage = await box(page.locator(".replay-stage"))
            for select in await page.get_by_role("combobox", name=re.compile("Picture|On the ")).all():
                assert (await box(select))[3] <= stage[1], "a choice of pictures stands above them"
            assert stage[3] - stage[1] >= 150, "what is taught can be seen"
            for button in ("Play", "Full screen", "Copy link at this moment"):
                place = await box(teacher.button(button).last)
                assert place[1] >= stage[3], f"{button} covers the picture"
                assert place[3] <= height, f"{button} is below the fold at {width}×{height}, both: {both}"
            first = await box(first_picture)
            play = await box(page.locator(".stage-play"))
            assert play[0] >= first[0], "the large button is in the first picture"
            assert play[1] >= first[1]
            assert play[2] <= first[2]
            assert play[3] <= first[3]
