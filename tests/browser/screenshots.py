"""Pictures of the product for the documents: `python -m tests.browser.screenshots`.

Writes docs/images/lesson.png and replay.png, and every page in every dress (desktop and phone, light and dark,
Vietnamese and English) to test-artifacts/screens/.
"""

import asyncio
import re
import tempfile
from pathlib import Path
from typing import Any

from playwright.async_api import expect

from tests.browser import pattern
from tests.browser.chromium import chromium
from tests.browser.pages import MEDIA_SOON, SOON, Person, School
from tests.browser.recordings import recording_row
from tests.product import ARTIFACTS, ROOT, Product

SLIDE = f"""<!doctype html><html lang="vi"><meta charset="utf-8"><title>{pattern.TITLE}</title><style>
body{{margin:0;height:100vh;box-sizing:border-box;padding:7vh 7vw;background:#fffdf7;color:#1d2733;
font:400 3.2vh 'Be Vietnam Pro','Noto Sans',sans-serif;display:grid;grid-template-columns:1fr 1fr;gap:4vw}}
h1{{grid-column:1/3;font-size:6vh;margin:0;font-weight:700}}p{{margin:0 0 2.4vh}}b{{color:#b3261e}}
svg{{width:100%;height:100%}}</style>
<h1>Hàm số bậc hai</h1><div><p>Dạng tổng quát: <b>y = ax² + bx + c</b>, a ≠ 0</p>
<p>Đỉnh của parabol: <b>x = −b / 2a</b></p><p>Trục đối xứng đi qua đỉnh.</p>
<p>Ví dụ: y = x² − 4x + 3 có đỉnh tại (2; −1), cắt trục hoành tại x = 1 và x = 3.</p></div>
<svg viewBox="-1 -2 6 6"><g stroke="#8a97a6" stroke-width=".03" fill="none"><path d="M-1 2H5M0 4V-2"/></g>
<path d="M2 2V3H0" stroke="#b3261e" stroke-width=".03" stroke-dasharray=".08" fill="none"/>
<g font-size=".26" fill="#51605b"><text x=".82" y="1.88">1</text><text x="2.92" y="1.88">3</text>
<text x="1.94" y="1.88">2</text><text x="-.34" y="3.08">−1</text><text x="4.8" y="1.86">x</text>
<text x=".12" y="-1.76">y</text></g>
<path d="M-.3 -1.3 Q2 7.3 4.3 -1.3" fill="none" stroke="#0b57d0" stroke-width=".08"/>
<circle cx="2" cy="3" r=".1" fill="#b3261e"/></svg>"""


CAMERA = """hue => {
    const original = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices)
    navigator.mediaDevices.getUserMedia = async wanted => {
        if (!wanted.video) return original(wanted)
        const canvas = Object.assign(document.createElement('canvas'), {width: 640, height: 360})
        const pen = canvas.getContext('2d')
        let turn = 0
        const draw = () => {
            turn += 0.06
            const wall = pen.createLinearGradient(0, 0, 640, 360)
            wall.addColorStop(0, `hsl(${hue} 34% 82%)`)
            wall.addColorStop(1, `hsl(${hue + 30} 30% 62%)`)
            pen.fillStyle = wall
            pen.fillRect(0, 0, 640, 360)
            const x = 320 + 8 * Math.sin(turn)
            pen.fillStyle = `hsl(${hue + 180} 38% 34%)`
            pen.beginPath(); pen.ellipse(x, 372, 150, 132, 0, 0, 7); pen.fill()
            pen.fillStyle = 'hsl(24 42% 70%)'
            pen.fillRect(x - 26, 210, 52, 50)
            pen.beginPath(); pen.ellipse(x, 165, 66, 80, 0, 0, 7); pen.fill()
            pen.fillStyle = 'hsl(20 30% 16%)'
            pen.beginPath(); pen.ellipse(x, 128, 74, 62, 0, Math.PI, 2 * Math.PI); pen.fill()
            pen.beginPath(); pen.arc(x - 24, 168, 5, 0, 7); pen.arc(x + 24, 168, 5, 0, 7); pen.fill()
            pen.strokeStyle = 'hsl(10 45% 42%)'; pen.lineWidth = 4
            pen.beginPath(); pen.arc(x, 186, 22, 0.4, Math.PI - 0.4); pen.stroke()
        }
        draw()
        setInterval(draw, 66)
        return canvas.captureStream(15)
    }
}"""
"""Takes a hue. A drawn person in place of the browser's test card."""


async def show_slide(school: School) -> None:
    """The pattern's tab shows a slide instead."""
    page = school.contexts[0].pages[0]
    await page.unroute(pattern.ADDRESS)

    async def answer(route: Any) -> None:
        await route.fulfill(body=SLIDE, content_type="text/html; charset=utf-8")

    await page.route(pattern.ADDRESS, answer)
    await page.goto(pattern.ADDRESS)


async def dresses(person: Person, path: str, name: str, directory: Path) -> None:
    """One page, by language and colour scheme."""
    for language in ("vi", "en"):
        for scheme in ("light", "dark"):
            await person.page.emulate_media(color_scheme=scheme)
            await person.page.goto(f"{person.product.url}{path}?lang={language}")
            await person.page.wait_for_load_state("networkidle")
            await person.page.screenshot(path=directory / f"{name}-{language}-{scheme}.png")


async def talk(teacher: Person, students: list[Person]) -> None:
    """What can be read beside the recording."""
    for person, text in (
        (students[1], "Thưa cô, vì sao đỉnh có hoành độ là −b / 2a ạ?"),
        (teacher, "Vì đồ thị đối xứng qua đường thẳng x = −b / 2a. Các em xem hình nhé."),
        (students[2], "Em hiểu rồi ạ. Vậy a < 0 thì đỉnh là điểm cao nhất?"),
        (teacher, "Đúng rồi."),
    ):
        await person.show_chat()
        await person.page.get_by_role("textbox", name="Message", exact=True).fill(text)
        await person.button("Send").click()
        await person.page.wait_for_timeout(1500)
    await teacher.button("Show people").click()


async def replay(teacher: Person, path: str, directory: Path) -> None:
    """The page of the recording, in the middle of the lesson, with its chat."""
    for name, width, height in (("replay", 1440, 900), ("replay-phone", 360, 740)):
        await teacher.page.set_viewport_size({"width": width, "height": height})
        for language, chat in (("en", "Chat"), ("vi", "Trò chuyện")):
            for scheme in ("dark", "light"):
                await teacher.page.emulate_media(color_scheme=scheme)
                await teacher.page.goto(f"{teacher.product.url}{path}?lang={language}&t=9")
                await teacher.page.get_by_role("button", name=re.compile(f"^{chat}")).click()
                await teacher.page.wait_for_timeout(1500)
                await teacher.page.screenshot(path=directory / f"{name}-{language}-{scheme}.png")
                if (name, language, scheme) == ("replay", "vi", "light"):
                    await teacher.page.screenshot(path=ROOT / "docs/images/replay.png")
    await teacher.page.set_viewport_size({"width": 1440, "height": 900})


async def take(school: School, directory: Path) -> None:
    title = "Toán: Parabol và đỉnh của nó"
    await show_slide(school)
    teacher, students = await school.lesson(title, "student1", "student2", "student3", width=1440, height=900)
    lesson = "/" + teacher.page.url.split("/", 3)[3].split("?")[0]
    await teacher.button("Turn on microphone").click()
    for hue, person in zip((205, 45, 150), (teacher, *students[:2]), strict=True):
        await person.page.evaluate(CAMERA, hue)
        await person.button("Turn on camera").click()
    await teacher.in_person_row("student1", "Allow to share screen")
    await students[0].share()
    await teacher.button("Record").click()
    await expect(teacher.screens().first).to_be_visible(timeout=MEDIA_SOON)
    await students[1].button("Raise hand").click()
    await students[2].button("Raise hand").click()
    late = await school.person("student4", width=360, height=740, has_touch=True, is_mobile=True)
    await late.ask_to_enter(title)
    stranger = await school.person("student41")
    await stranger.goto(lesson)
    await stranger.ask_again()
    await expect(teacher.waiting("student41")).to_be_visible(timeout=SOON)
    await talk(teacher, students)
    await teacher.page.wait_for_timeout(1500)

    (ROOT / "docs/images").mkdir(parents=True, exist_ok=True)
    # What was told for a few seconds is gone, the pointer is away from the picture, and it is sharp.
    await teacher.page.mouse.move(720, 5)
    await teacher.page.wait_for_timeout(8000)
    await teacher.page.screenshot(path=ROOT / "docs/images/lesson.png")
    await students[0].page.set_viewport_size({"width": 1440, "height": 900})
    for scheme in ("light", "dark"):
        for person, name in ((teacher, "teacher"), (students[0], "student"), (late, "phone-waiting")):
            await person.page.emulate_media(color_scheme=scheme)
            await person.page.wait_for_timeout(300)
            await person.page.screenshot(path=directory / f"lesson-{name}-{scheme}.png")
    await teacher.admit("student4")
    await late.enter()
    await expect(late.screens().first).to_be_visible(timeout=MEDIA_SOON)
    await late.page.wait_for_timeout(1000)
    await late.page.screenshot(path=directory / "lesson-phone.png")
    await teacher.end_lesson()
    await teacher.page.screenshot(path=directory / "ended-teacher.png")
    row = await recording_row(teacher, title)
    await replay(teacher, f"/recordings/{row['id']}", directory)
    for path, name in (("/", "lessons"), ("/recordings", "recordings")):
        await dresses(teacher, path, name, directory)
    phone = await school.person(
        "student5", signed_in=False, width=360, height=740, has_touch=True, is_mobile=True
    )
    await dresses(phone, "/login", "login-phone", directory)
    await phone.sign_in()
    await dresses(phone, "/", "lessons-phone", directory)


async def main() -> None:
    directory = ARTIFACTS / "screens"
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        product = Product(Path(temporary) / "product").start()
        try:
            async with chromium() as browser:
                school = await School.open(browser, product)
                try:
                    await take(school, directory)
                except BaseException:
                    await school.keep_evidence(lambda name: directory / name)
                    raise
                finally:
                    await school.close()
        finally:
            product.kill()


if __name__ == "__main__":
    asyncio.run(main())
