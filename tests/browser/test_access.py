"""A phone's width, a keyboard alone, a screen reader's names."""

import re

from playwright.async_api import Locator, expect

from tests.browser.pages import MEDIA_SOON, SOON, Person, School

UNNAMED = re.compile(
    r"^\s*- (?:button|link|textbox|combobox|checkbox|slider|tab|menuitem)(?:\s*\[[^\]]*\])*\s*:?\s*$"
)


async def all_controls_have_names(person: Person, where: str) -> None:
    snapshot = await person.page.locator("body").aria_snapshot()
    unnamed = [line.strip() for line in snapshot.splitlines() if UNNAMED.match(line)]
    assert not unnamed, f"{where}: {unnamed}\n{snapshot}"


async def fits(person: Person, where: str) -> None:
    width, inner = await person.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert width <= inner, f"{where}: the page is {width} px wide in a window of {inner} px"


async def tab_to(person: Person, target: Locator, presses: int = 80) -> None:
    """Press Tab until the target has the focus."""
    await expect(target).to_be_visible(timeout=SOON)
    for _ in range(presses):
        if await target.evaluate("element => element === document.activeElement"):
            return
        await person.page.keyboard.press("Tab")
    raise AssertionError(f"{target} cannot be reached by Tab")


async def test_every_control_has_a_name(school: School) -> None:
    visitor = await school.person("teacher", signed_in=False)
    await visitor.goto("/login")
    await expect(visitor.button("Sign in")).to_be_visible(timeout=SOON)
    await all_controls_have_names(visitor, "/login")
    teacher, (student,) = await school.lesson("Names", "student1")
    for person in (teacher, student):
        await all_controls_have_names(person, f"lesson of {person.username}")
    for path in ("/", "/recordings"):
        await teacher.goto(path)
        await expect(teacher.button("Sign out").first).to_be_visible(timeout=SOON)
        await all_controls_have_names(teacher, path)


async def test_a_phone_of_360_pixels(school: School) -> None:
    teacher = await school.person("teacher")
    await teacher.new_lesson("On the phone")
    await teacher.start_lesson("On the phone")
    await teacher.share()
    phone = await school.person(
        "student8", signed_in=False, width=360, height=640, has_touch=True, is_mobile=True
    )
    await phone.goto("/login")
    await fits(phone, "/login")
    await phone.sign_in()
    await fits(phone, "/")
    await phone.ask_to_enter("On the phone")
    await expect(phone.waits_for_approval()).to_be_visible(timeout=SOON)
    await fits(phone, "waiting")
    await teacher.admit("student8")
    await phone.enter()
    await expect(phone.screens().first).to_be_visible(timeout=MEDIA_SOON)
    await fits(phone, "lesson")
    box = await phone.screens().first.bounding_box()
    assert box is not None
    assert box["width"] >= 300
    for name in ("Turn on microphone", "Turn on camera", "Raise hand", "Leave"):
        button = phone.button(name).first
        await expect(button).to_be_visible()
        at = await button.bounding_box()
        assert at is not None
        assert at["x"] >= 0, name
        assert at["x"] + at["width"] <= 360, name
        assert at["y"] + at["height"] <= 640, name


async def test_a_student_with_a_keyboard_alone(school: School) -> None:
    teacher, _ = await school.lesson("By keyboard")
    student = await school.person("student9", signed_in=False)
    keyboard = student.page.keyboard
    await student.goto("/login")
    await tab_to(student, student.page.get_by_role("textbox", name="Username", exact=True))
    await keyboard.type("student9")
    await tab_to(student, student.page.get_by_role("textbox", name="Password", exact=True))
    await keyboard.type(student.product.password)
    await keyboard.press("Enter")
    await expect(student.button("Sign out").first).to_be_visible(timeout=SOON)
    await tab_to(student, student.button("Ask to enter", student.lesson_row("By keyboard")))
    await keyboard.press("Enter")
    await expect(student.waits_for_approval()).to_be_visible(timeout=SOON)
    await tab_to(teacher, teacher.button("Admit", teacher.waiting("student9")))
    await teacher.page.keyboard.press("Enter")
    await expect(student.button("Leave").first).to_be_visible(timeout=SOON)
    await tab_to(student, student.button("Raise hand"))
    await keyboard.press("Enter")
    await expect(student.button("Lower hand").first).to_be_visible(timeout=SOON)
    await keyboard.press("Control+d")
    await expect(student.button("Turn off microphone")).to_be_visible(timeout=SOON)
    await expect(teacher.button("Mute", teacher.person("student9"))).to_be_visible(timeout=SOON)
    await keyboard.press("Control+d")
    await expect(student.button("Turn on microphone")).to_be_visible(timeout=SOON)


async def test_vietnamese_comes_first(school: School) -> None:
    visitor = await school.person("student1", signed_in=False)
    await visitor.page.goto(f"{school.product.url}/login?lang=vi")
    await expect(visitor.page.locator("html")).to_have_attribute("lang", "vi")
    body = await visitor.page.locator("body").inner_text()
    assert "Cuộc họp" not in body
