"""People at their browsers. Pages are driven by role and English accessible name only, as a person
with a screen reader would: names are those that users and documents rely on."""

import contextlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from playwright.async_api import Browser, BrowserContext, Locator, Page, expect
from playwright.async_api import TimeoutError as PlaywrightTimeout

from tests.browser import pattern
from tests.browser.chromium import in_time
from tests.product import Product

SOON = 20_000.0
"""Milliseconds within which a page must show what has happened (generous: a busy machine is slow, and waiting costs nothing when it is not)."""
MEDIA_SOON = 30_000.0


def word(text: str) -> re.Pattern[str]:
    """student4 is not student41. (What stands beside it in a row follows without a space.)"""
    return re.compile(rf"{re.escape(text)}(?!\d)")


class Person:
    """One account at one browser context."""

    def __init__(self, username: str, context: BrowserContext, page: Page, product: Product) -> None:
        self.username = username
        self.context = context
        self.page = page
        self.product = product
        self.console: list[str] = []
        page.on("console", lambda message: self.console.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: self.console.append(f"pageerror: {error}"))

    async def keep_evidence(self, artifacts: Callable[[str], Path]) -> None:
        await self.page.screenshot(path=artifacts("png"), timeout=5000)
        seen = await self.page.locator("body").aria_snapshot(timeout=5000)
        artifacts("aria.yml").write_text(seen, "utf-8")
        print(seen[:1500])
        await self.context.tracing.stop(path=artifacts("trace.zip"))

    # --- finding ----------------------------------------------------------------------------------

    def button(self, name: str, within: Locator | None = None) -> Locator:
        return (within or self.page).get_by_role("button", name=name, exact=True)

    def region(self, name: str) -> Locator:
        return self.page.get_by_role("region", name=name, exact=True)

    def waiting(self, text: str) -> Locator:
        """A person in the teacher's waiting room, by any text of the row."""
        return self.region("Waiting room").get_by_role("listitem").filter(has_text=word(text))

    def person(self, text: str) -> Locator:
        """A person's row in the list of people."""
        return self.region("People").get_by_role("listitem").filter(has_text=word(text))

    def screens(self) -> Locator:
        return self.page.locator('video[aria-label^="Screen of "]')

    def cameras(self) -> Locator:
        return self.page.locator('video[aria-label^="Camera of "]')

    def waits_for_approval(self) -> Locator:
        return self.page.get_by_role("status").filter(has_text="Waiting for the teacher's approval")

    # --- doing ------------------------------------------------------------------------------------

    async def goto(self, path: str) -> None:
        separator = "&" if "?" in path else "?"
        await self.page.goto(f"{self.product.url}{path}{separator}lang=en")

    async def sign_in(self, password: str | None = None) -> None:
        await self.goto("/login")
        await self.page.get_by_role("textbox", name="Username", exact=True).fill(self.username)
        await self.page.get_by_role("textbox", name="Password", exact=True).fill(
            self.product.password if password is None else password
        )
        await self.button("Sign in").click()
        await expect(self.button("Sign out").first).to_be_visible(timeout=SOON)

    async def new_lesson(self, title: str, class_name: str = "10A1") -> None:
        await self.goto("/")
        await self.button("New lesson").click()
        await self.page.get_by_role("textbox", name="Title", exact=True).fill(title)
        await self.choose("Class", class_name)
        await self.button("Create").click()
        await expect(self.lesson_row(title)).to_be_visible(timeout=SOON)

    async def choose(self, label: str, option: str) -> None:
        """A combobox may be a native select, or a button or field with a list of options."""
        box = self.page.get_by_role("combobox", name=label).first
        tag = await box.evaluate("element => element.tagName")
        if tag == "SELECT":
            await box.select_option(label=option)
            return
        if option in (await box.inner_text() or "") or (tag == "INPUT" and await box.input_value() == option):
            return
        if tag == "INPUT":
            await box.fill(option)
        else:
            await box.click()
        await self.page.get_by_role("option", name=re.compile(re.escape(option))).first.click()

    def lesson_row(self, title: str) -> Locator:
        """The smallest row-like thing of the day's list that carries the title."""
        return self.page.locator("li, tr, article, [role=row], [role=listitem]").filter(has_text=title).last

    async def start_lesson(self, title: str) -> str:
        """Returns the lesson's path."""
        await self.goto("/")
        await self.button("Start lesson", self.lesson_row(title)).click()
        await self.page.wait_for_url(re.compile(r"/lessons/[^/?]+"), timeout=SOON)
        await self.enter()
        return "/" + self.page.url.split("/", 3)[3].split("?")[0]

    async def enter(self) -> None:
        """Pass the pre-join view, if there is one, and be inside."""
        inside = self.button("Leave").first
        # Disabled while the answer is on its way: then it goes by itself.
        join = self.page.get_by_role("button", name="Enter", exact=True, disabled=False).first
        await expect(inside.or_(join).first).to_be_visible(timeout=MEDIA_SOON)
        if not await inside.is_visible():
            with contextlib.suppress(PlaywrightTimeout):
                await join.click(timeout=1000)
        await expect(inside).to_be_visible(timeout=SOON)
        await self.acknowledge_recording()

    async def acknowledge_recording(self) -> None:
        """Say to know that the lesson is recorded, where the page asks for it."""
        understood = self.button("I understand")
        if await understood.is_visible():
            await understood.click()
            await expect(understood).to_have_count(0, timeout=SOON)

    async def ask_to_enter(self, title: str) -> None:
        await self.goto("/")
        await self.button("Ask to enter", self.lesson_row(title)).click()
        await self.ask_again()

    async def ask_again(self) -> None:
        """On the lesson's page: ask, where one was not brought here by asking."""
        ask = self.page.get_by_role("button", name="Ask to enter", exact=True, disabled=False).first
        waiting = self.waits_for_approval().first
        inside = self.button("Leave").first
        await self.page.wait_for_url(re.compile(r"/lessons/[^/?]+"), timeout=SOON)
        await expect(waiting.or_(ask).or_(inside).first).to_be_visible(timeout=SOON)
        for _ in range(int(SOON / 1000)):
            if await waiting.or_(inside).first.is_visible():
                break
            # Gone while we reach for it (the page asked by itself), or a busy machine: look again.
            with contextlib.suppress(PlaywrightTimeout):
                await ask.click(timeout=1000)
        await expect(waiting.or_(inside).first).to_be_visible(timeout=SOON)

    async def admit(self, text: str) -> None:
        await self.button("Admit", self.waiting(text)).click(timeout=SOON)
        await expect(self.waiting(text)).to_have_count(0, timeout=SOON)

    async def share(self) -> None:
        await self.button("Share screen").click()
        await expect(self.button("Stop sharing").first).to_be_visible(timeout=SOON)

    async def in_person_row(self, text: str, action: str) -> None:
        """Press one of the actions of a person's row; some are behind a menu of the row."""
        row = self.person(text)
        await expect(row).to_be_visible(timeout=SOON)
        await row.hover()
        direct = self.button(action, row)
        if await direct.first.is_visible():
            await direct.first.click()
        else:
            await row.get_by_role("button").last.click()
            item = self.page.get_by_role("menuitem", name=action, exact=True)
            await item.or_(self.button(action)).first.click(timeout=SOON)
        if action == "Remove":
            await self.confirm(action)

    async def confirm(self, action: str) -> None:
        """The page asks back before it acts: say yes."""
        dialog = self.page.get_by_role("alertdialog").or_(self.page.get_by_role("dialog"))
        await self.button(action, dialog).first.click(timeout=SOON)

    async def show_chat(self) -> None:
        if not await self.region("Chat").is_visible():
            await self.button("Show chat").click()
        await expect(self.region("Chat")).to_be_visible(timeout=SOON)

    async def end_lesson(self) -> None:
        await self.button("End lesson for all").first.click()
        await self.confirm("End lesson for all")
        await expect(self.button("Share screen")).to_have_count(0, timeout=SOON)

    async def sees_pattern(self, seconds: float = 6.0, whose: str = "") -> list[pattern.Reading]:
        """Readings of the screen shown, from its first readable picture on."""
        selector = f'video[aria-label^="Screen of {whose}"]'
        await expect(self.page.locator(selector).first).to_be_visible(timeout=MEDIA_SOON)
        await self.first_picture(selector)
        return await pattern.watch(self.page, selector, seconds)

    async def sees_recording(self, label: str, seconds: float) -> list[pattern.Reading]:
        selector = f'video[aria-label="{label}"]'
        await self.first_picture(selector)
        return await pattern.watch(self.page, selector, seconds)

    async def first_picture(self, selector: str, milliseconds: float = MEDIA_SOON) -> None:
        """Wait until the pattern is read once in the video and, if it was seen before, has moved on."""
        await self.page.evaluate(pattern.READER)
        await self.page.wait_for_function(
            """selector => {
                const video = document.querySelector(selector)
                if (!video) return false
                if (!video.firstReader) { video.firstReader = window.readPattern(video); return false }
                if (video.firstReader.readings.length < 2) return false
                video.firstReader.stop()
                delete video.firstReader
                return true
            }""",
            arg=selector,
            timeout=milliseconds,
        )


class School:
    """All people of a test, and the tab with the pattern that ``Share screen`` picks."""

    def __init__(self, browser: Browser, product: Product) -> None:
        self.browser = browser
        self.product = product
        self.people: list[Person] = []
        self.contexts: list[BrowserContext] = []

    @classmethod
    async def open(cls, browser: Browser, product: Product) -> Self:
        school = cls(browser, product)
        context = await browser.new_context(viewport={"width": 1280, "height": 720})
        school.contexts.append(context)
        await pattern.open_pattern(context)
        return school

    async def person(
        self,
        username: str,
        *,
        signed_in: bool = True,
        width: int = 1280,
        height: int = 800,
        scripts: tuple[str, ...] = (),
        **context_options: Any,
    ) -> Person:
        context = await self.browser.new_context(
            viewport={"width": width, "height": height},
            locale="en-US",
            permissions=["microphone", "camera"],
            ignore_https_errors=True,
            **context_options,
        )
        context.set_default_timeout(SOON)
        self.contexts.append(context)
        await context.tracing.start(screenshots=False, snapshots=True)
        for script in scripts:
            await context.add_init_script(script)
        person = Person(username, context, await context.new_page(), self.product)
        self.people.append(person)
        if signed_in:
            await person.sign_in()
        return person

    async def lesson(self, title: str, *students: str, **teacher_options: Any) -> tuple[Person, list[Person]]:
        """A running lesson with a teacher and students who were let in."""
        teacher = await self.person("teacher", **teacher_options)
        await teacher.new_lesson(title)
        await teacher.start_lesson(title)
        people = []
        for username in students:
            student = await self.person(username)
            await student.ask_to_enter(title)
            await teacher.admit(username)
            await student.enter()
            people.append(student)
        return teacher, people

    async def second_tab(self, person: Person) -> Person:
        """The same account and cookies in a second tab."""
        other = Person(person.username, person.context, await person.context.new_page(), self.product)
        self.people.append(other)
        return other

    async def keep_evidence(self, artifacts: Callable[[str], Path]) -> None:
        """Files of what everybody saw; the most telling of it is printed, for who has the output only."""
        for number, person in enumerate(self.people):
            stem = f"{number}-{person.username}"
            artifacts(f"{stem}.console.txt").write_text("\n".join(person.console), "utf-8")
            print(f"--- {stem} at {person.page.url}", *person.console[-15:], sep="\n")
            if not await in_time(person.keep_evidence(lambda name, stem=stem: artifacts(f"{stem}.{name}"))):
                print("the page did not answer")

    async def close(self) -> None:
        for context in self.contexts:
            if not await in_time(context.close()):
                # The rest would not answer either; the browser's own end comes next.
                return
