"""A page of small text, and how much of it can still be read in a picture: tesseract, and the edit distance."""

import os
import random
import shutil
import subprocess
from typing import Any

import numpy
from numpy.typing import NDArray
from playwright.async_api import Browser, Page, Route

from tests.browser import pattern

LINE = 18
"""Height of a line in px: a scroll by a multiple of it cuts no line."""
_TEXT = (
    "the teacher explains how light bends in water while students measure angles and write numbers into tables "
    "before lunch because results matter more than speed and every answer needs a reason that others can follow "
    "plants turn sunlight into sugar rivers carry sand and stones to the sea maps show heights by lines"
)


def page(paragraphs: int = 400, seed: int = 7, *, caret: bool = False) -> str:
    """12 px text in one column, with the title by which ``Share screen`` picks the tab. ``caret``: one blinks, twice a
    second, as in an editor."""
    chosen = random.Random(seed)

    words_of = _TEXT.split()

    def sentence() -> str:
        words = [chosen.choice(words_of) for _ in range(chosen.randint(6, 16))]
        return " ".join(words).capitalize() + "."

    text = "".join(f"<p>{' '.join(sentence() for _ in range(5))}</p>" for _ in range(paragraphs))
    style = (
        f"body{{margin:0 auto;width:1100px;font:12px/{LINE}px 'Noto Sans',sans-serif;color:#222;background:#fff}}"
        f"p{{margin:0 0 {LINE}px}}"
    )
    blinking = (
        "<i id=caret style='position:fixed;left:50%;top:40%;width:2px;height:18px;background:#000'></i>"
        "<script>setInterval(() => { caret.hidden = !caret.hidden }, 500)</script>"
    )
    return (
        f"<!doctype html><html><head><meta charset=utf-8><title>{pattern.TITLE}</title>"
        f"<style>{style}</style></head><body>{text}{blinking if caret else ''}</body></html>"
    )


SCROLL = """pixels => {
    scrollBy(0, pixels)
    return new Promise(done => requestAnimationFrame(() => done(performance.timeOrigin + performance.now())))
}"""
"""Returns when the page was drawn so, in ms since the epoch."""


async def open_text(browser: Browser, width: int, height: int, *, caret: bool = False) -> Page:
    """A tab with the text, which ``Share screen`` picks."""
    context = await browser.new_context(viewport={"width": width, "height": height})
    tab = await context.new_page()

    async def answer(route: Route) -> None:
        await route.fulfill(body=page(caret=caret), content_type="text/html; charset=utf-8")

    await tab.route(pattern.ADDRESS, answer)
    await tab.goto(pattern.ADDRESS)
    return tab


VISIBLE = """() => {
    const words = [], range = document.createRange()
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        const box = node.parentElement.getBoundingClientRect()
        if (box.bottom < 0 || box.top > innerHeight) continue
        for (const match of node.data.matchAll(/\\S+/g)) {
            range.setStart(node, match.index)
            range.setEnd(node, match.index + match[0].length)
            const at = range.getBoundingClientRect()
            if (at.top >= 0 && at.bottom <= innerHeight) words.push(match[0])
        }
    }
    return words.join(' ')
}"""
"""The words in view, in a page's own eyes."""

SHOWN = """async at => {
    await new Promise(done => setTimeout(done, at - performance.timeOrigin - performance.now()))
    const video = document.querySelector('video[aria-label^="Screen of "]')
    const still = document.querySelector('canvas.still:not([hidden])')
    const canvas = document.createElement('canvas'), pen = canvas.getContext('2d')
    canvas.width = still?.width ?? video.videoWidth
    canvas.height = still?.height ?? video.videoHeight
    pen.drawImage(video, 0, 0, canvas.width, canvas.height)
    if (still) pen.drawImage(still, 0, 0)
    // Twice as large: the reader was trained on larger letters than these.
    const large = document.createElement('canvas'), wide = large.getContext('2d')
    large.width = 2 * canvas.width
    large.height = 2 * canvas.height
    wide.imageSmoothingQuality = 'high'
    wide.drawImage(canvas, 0, 0, large.width, large.height)
    return {png: large.toDataURL('image/png').split(',')[1], still: Boolean(still), width: canvas.width}
}"""
"""What a viewer's page shows of the screen at a time (ms since the epoch), at its natural size and twice as
large: the still upon the video."""


def read(png: bytes) -> str:
    assert shutil.which("tesseract"), "this test needs tesseract: apt-get install tesseract-ocr"
    done = subprocess.run(
        ["tesseract", "-", "-", "--psm", "6", "--dpi", "200"],
        input=png,
        capture_output=True,
        check=True,
        env={**os.environ, "OMP_THREAD_LIMIT": "1"},
    )
    return " ".join(done.stdout.decode().split())


def distance(first: str, second: str) -> int:
    """Levenshtein: characters to insert, delete or replace."""
    letters: NDArray[Any] = numpy.frombuffer(second.encode("utf-32-le"), dtype=numpy.uint32)
    steps = numpy.arange(len(second) + 1)
    row = steps.copy()
    for number, letter in enumerate(first, 1):
        best = numpy.minimum(row[1:] + 1, row[:-1] + (letters != ord(letter)))
        row = numpy.minimum.accumulate(numpy.concatenate(([number], best)) - steps) + steps
    return int(row[-1])


def legible(png: bytes, truth: str) -> float:
    """The share of the characters that is read."""
    return 1 - distance(truth, read(png)) / len(truth)
