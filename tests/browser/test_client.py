"""The pages as people use them: keyboard alone, a phone, and who waits is seen wherever one looks."""

import re

from playwright.async_api import Page, expect

from tests.browser.pages import MEDIA_SOON, SOON, School

_FOCUSED = """() => {
    const element = document.activeElement
    const style = getComputedStyle(element)
    const label = element.id && document.querySelector(`label[for="${element.id}"]`)
    return {
        name: element.getAttribute('aria-label') || (label && label.textContent) || element.textContent,
        seen: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
    }
}"""


async def tab_to(page: Page, name: str, *, keys: str = "Tab") -> None:
    """Press Tab until what has this name is focused; and it must be seen to be."""
    passed = []
    for _ in range(60):
        focused = await page.evaluate(_FOCUSED)
        if re.fullmatch(rf"\s*{re.escape(name)}\s*", focused["name"] or ""):
            assert focused["seen"], f"{name} has the focus, but nothing shows it"
            return
        passed.append((focused["name"] or "")[:40])
        await page.keyboard.press(keys)
    raise AssertionError(f"{name} cannot be reached with {keys}: {passed}")


async def press(page: Page, name: str) -> None:
    await tab_to(page, name)
    await page.keyboard.press("Enter")


async def test_the_whole_job_by_keyboard(school: School) -> None:
    title = "Keys alone"
    student = await school.person("student1")
    teacher = await school.person("teacher", signed_in=False)
    page = teacher.page
    await teacher.goto("/login")
    await expect(teacher.button("Sign in")).to_be_visible(timeout=SOON)
    await tab_to(page, "Username")
    await page.keyboard.type("teacher")
    await tab_to(page, "Password")
    await page.keyboard.type(school.product.password)
    await page.keyboard.press("Enter")
    await expect(teacher.button("New lesson")).to_be_visible(timeout=SOON)

    # A dialog takes the focus, keeps it, and gives it back.
    await press(page, "New lesson")
    await expect(page.get_by_role("textbox", name="Title", exact=True)).to_be_focused(timeout=SOON)
    for _ in range(12):
        await page.keyboard.press("Tab")
        assert await page.evaluate("!!document.activeElement.closest('[role=dialog]')")
    await page.keyboard.press("Escape")
    await expect(teacher.button("New lesson")).to_be_focused(timeout=SOON)
    await page.keyboard.press("Enter")
    await page.keyboard.type(title)
    await page.keyboard.press("Enter")
    row = teacher.lesson_row(title)
    await expect(row).to_be_visible(timeout=SOON)
    for _ in range(60):
        await page.keyboard.press("Tab")
        if await row.evaluate(
            "row => row.contains(document.activeElement) && document.activeElement.tagName === 'BUTTON'"
        ):
            break
    await page.keyboard.press("Enter")
    await page.wait_for_url(re.compile(r"/lessons/[^/?]+"), timeout=SOON)
    await expect(teacher.button("Leave")).to_be_visible(timeout=MEDIA_SOON)

    await student.ask_to_enter(title)
    await expect(teacher.waiting("student1")).to_be_visible(timeout=SOON)
    await press(page, "Admit")
    await student.enter()
    await press(page, "Share screen")
    await expect(student.screens().first).to_be_visible(timeout=MEDIA_SOON)

    # Single keys are letters in a text field, and keys everywhere else.
    await press(page, "Show chat")
    await tab_to(page, "Message")
    await page.keyboard.type("why? because")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await page.keyboard.press("Enter")
    await expect(student.button("Show chat")).to_be_visible()
    await student.button("Show chat").click()
    await expect(student.region("Chat").get_by_text("why? because")).to_be_visible(timeout=SOON)
    await tab_to(page, "Leave")
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog")).to_be_visible(timeout=SOON)
    await page.keyboard.press("Escape")
    await expect(teacher.button("Leave")).to_be_focused(timeout=SOON)
    await page.keyboard.press("Control+d")
    await expect(teacher.button("Turn off microphone")).to_be_visible(timeout=MEDIA_SOON)

    await tab_to(page, "End lesson for all", keys="Shift+Tab")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alertdialog")).to_be_visible(timeout=SOON)
    await press(page, "End lesson for all")
    await expect(student.page.get_by_text("The lesson has ended").first).to_be_visible(timeout=SOON)


async def test_who_waits_is_seen_with_the_panel_closed(school: School) -> None:
    title = "Panel closed"
    teacher, _ = await school.lesson(title)
    students = [await school.person(name) for name in ("student2", "student3")]
    await (
        teacher.page.get_by_role("complementary", name="Side panel")
        .get_by_role("button", name="Close")
        .click()
    )
    # The panel opens by itself for the first who waits; closed again, the note over the stage stays.
    await students[0].ask_to_enter(title)
    await expect(teacher.waiting("student2")).to_be_visible(timeout=SOON)
    await teacher.button("Hide people").click()
    await expect(teacher.region("Waiting room")).to_have_count(0)
    await expect(teacher.page.get_by_text("(10A1) asks to enter")).to_be_visible(timeout=SOON)
    await students[1].ask_to_enter(title)
    await expect(teacher.page.get_by_role("status").filter(has_text="2 people are waiting")).to_have_count(
        1, timeout=SOON
    )
    await teacher.button("Admit all in class").click()
    for student in students:
        await student.enter()
    await expect(teacher.button("Admit all in class")).to_have_count(0, timeout=SOON)


async def test_a_phone_has_one_row_of_controls_and_the_whole_title(school: School) -> None:
    title = "Physics: horizontal throws"
    teacher, _ = await school.lesson(title)
    phone = await school.person("student4", width=360, height=740, has_touch=True, is_mobile=True)
    await phone.ask_to_enter(title)
    await teacher.admit("student4")
    await phone.enter()
    await teacher.button("Record").click()
    await expect(phone.page.get_by_role("status", name="Recording", exact=True)).to_be_visible(
        timeout=MEDIA_SOON
    )
    boxes = (
        await phone.page.get_by_role("toolbar")
        .get_by_role("button")
        .evaluate_all(
            "all => all.map(one => { const box = one.getBoundingClientRect(); return [box.top, box.left, box.right] })"
        )
    )
    assert len({round(top) for top, _, _ in boxes}) == 1, boxes
    assert all(left >= 0 and right <= 360 for _, left, right in boxes), boxes
    heading = phone.page.get_by_role("heading", name=title)
    assert await heading.evaluate("one => one.scrollHeight <= one.clientHeight + 1 && one.clientWidth > 120")
    # What has no room is behind "More", with the reason where it cannot be used.
    await phone.button("More").click()
    await expect(phone.page.get_by_role("dialog", name="More")).to_contain_text("Share screen")
    await expect(phone.page.get_by_role("dialog", name="More")).to_contain_text("The teacher has not allowed")
    await phone.page.keyboard.press("Escape")

    await phone.page.set_viewport_size({"width": 740, "height": 360})
    stage = phone.page.get_by_role("main")
    assert await stage.evaluate("one => one.clientHeight") >= 200


async def test_a_phone_on_its_side_shows_both_answers_to_who_waits(school: School) -> None:
    title = "On its side"
    teacher, _ = await school.lesson(title, width=390, height=844, has_touch=True, is_mobile=True)
    student = await school.person("student1")
    await student.ask_to_enter(title)
    # Upright the note has a line for the words, and the answers stand below it.
    told = teacher.page.get_by_text("(10A1) asks to enter")
    await expect(told).to_be_visible(timeout=SOON)
    assert await told.evaluate("one => one.clientWidth") >= 200

    await teacher.page.set_viewport_size({"width": 844, "height": 390})
    await teacher.button("Show people").click()
    for answer in ("Admit", "Deny"):
        button = teacher.button(answer, teacher.waiting("student1"))
        await expect(button).to_be_visible(timeout=SOON)
        # Whole, without scrolling: both ends of it are what a finger meets there.
        assert await button.evaluate(
            """one => {
                const { left, right, top, bottom } = one.getBoundingClientRect()
                return [left + 4, right - 4].every(
                    x => one.contains(document.elementFromPoint(x, (top + bottom) / 2)))
            }"""
        ), f"{answer} is cut off or covered"
    await teacher.button("Admit", teacher.waiting("student1")).click()
    await student.enter()
    # The stage is seen beside the panel.
    stage = await teacher.page.get_by_role("main").bounding_box()
    panel = await teacher.page.get_by_role("complementary", name="Side panel").bounding_box()
    assert stage
    assert panel
    assert stage["x"] + stage["width"] <= panel["x"]

    # Who comes later finds the whole notice, with its answer.
    await teacher.button("Record").click()
    late = await school.person("student2", width=844, height=390, has_touch=True, is_mobile=True)
    await late.ask_to_enter(title)
    await teacher.admit("student2")
    await expect(late.button("I understand")).to_be_in_viewport(ratio=1, timeout=SOON)


async def test_no_page_needs_what_the_content_policy_forbids(school: School) -> None:
    title = "Policy"
    teacher, (student,) = await school.lesson(title, "student5")
    await teacher.button("Turn on camera").click()
    await teacher.share()
    await teacher.button("Choose devices").click()
    await expect(teacher.page.get_by_role("dialog")).to_be_visible(timeout=SOON)
    await teacher.page.keyboard.press("Escape")
    await expect(teacher.page.get_by_role("dialog")).to_have_count(0)
    await teacher.page.mouse.move(5, 5)
    await teacher.button("Raise hand").hover()
    await expect(teacher.page.get_by_role("tooltip")).to_be_visible(timeout=SOON)
    await expect(student.screens().first).to_be_visible(timeout=MEDIA_SOON)
    await student.page.set_viewport_size({"width": 360, "height": 740})
    await student.button("More").click()
    popover = student.page.get_by_role("dialog", name="More")
    await expect(popover).to_be_visible(timeout=SOON)
    # Its place is set by script, which the policy lets pass; without it it would lie at the upper left.
    box = await popover.bounding_box()
    assert box is not None
    assert box["y"] > 200
    await teacher.end_lesson()
    for path in ("/", "/recordings"):
        await teacher.goto(path)
        await expect(teacher.button("Sign out").first).to_be_visible(timeout=SOON)
    for person in (teacher, student):
        policy = await person.page.request.get(school.product.url + "/")
        assert "unsafe" not in policy.headers["content-security-policy"]
        refused = [line for line in person.console if "Content Security Policy" in line]
        assert refused == []
