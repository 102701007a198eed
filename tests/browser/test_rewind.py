"""Catching up: who comes late watches a running lesson from its beginning, and comes back to it."""

from playwright.async_api import expect

from tests.browser import pattern
from tests.browser.pages import MEDIA_SOON, SOON, School

PAST = "The lesson from its beginning"
BEGUN = """seconds => {
    const shown = document.querySelector('.recording-now .elapsed')?.textContent ?? '0:00'
    const [minutes, rest] = shown.split(':').map(Number)
    return minutes * 60 + rest >= seconds
}"""


async def test_who_comes_late_watches_from_the_beginning_and_returns_to_the_lesson(school: School) -> None:
    title = "Watched from the beginning"
    teacher, _ = await school.lesson(title)
    await teacher.share()
    await teacher.button("Record").click()
    await expect(teacher.page.get_by_role("status", name="Recording", exact=True)).to_be_visible(timeout=SOON)
    student = await school.person("student7")
    await student.ask_to_enter(title)
    await teacher.admit("student7")

    # Nothing of the student is sent before the notice is confirmed; the teacher sees who has not.
    understood = student.button("I understand")
    await expect(understood).to_be_visible(timeout=SOON)
    unconfirmed = teacher.person("student7").get_by_role("img", name="recording notice not confirmed yet")
    await expect(unconfirmed).to_be_visible(timeout=SOON)
    await student.page.keyboard.press("Control+d")
    await expect(student.page.get_by_text("Confirm that you know")).to_be_visible(timeout=SOON)
    await understood.click()
    await expect(unconfirmed).to_have_count(0, timeout=SOON)

    live = (await student.sees_pattern(0.5))[-1]
    lesson = student.page.url.split("/lessons/")[1].split("?")[0]
    await student.page.wait_for_function(BEGUN, arg=7, timeout=MEDIA_SOON)
    await student.button("Watch from the beginning").click()
    past = student.region("Watching from the beginning")
    await past.get_by_role("combobox", name="Speed").select_option("2")
    seen = await student.sees_recording(PAST, 2)
    assert seen[0].counter < live.counter
    assert pattern.figures(seen).in_order
    drawn, watched = seen[-1].drawn - seen[0].drawn, seen[-1].seen - seen[0].seen
    print(f"{drawn} ms of the lesson in {watched:.0f} ms")
    assert drawn > 1.3 * watched
    # Back by itself, at what everybody sees.
    await expect(past).to_have_count(0, timeout=MEDIA_SOON)
    await expect(student.page.get_by_text("You have caught up")).to_be_visible(timeout=SOON)
    again = await student.sees_pattern(0.5)
    assert again[0].counter > seen[-1].counter

    path = f"{student.product.url}/api/lessons/{lesson}/rewind"
    part = (await (await student.context.request.get(path)).json())["parts"][0]
    whole = f"{path}/{part['name']}?upto={part['bytes']}"
    assert (await student.context.request.get(whole)).status == 200
    await teacher.in_person_row("student7", "Remove")
    await expect(student.button("Leave")).to_have_count(0, timeout=SOON)
    for address in (path, whole):
        assert (await student.context.request.get(address)).status in (403, 404), address
