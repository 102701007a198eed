"""kill -9 of each role in mid-lesson: the lesson goes on and nobody is asked again."""

from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.browser import pattern
from tests.browser.pages import SOON, School
from tests.browser.recordings import check_picture, download_programme
from tests.product import Product


@pytest.mark.parametrize("role", ["media", "gateway", "recorder"])
async def test_the_lesson_outlives_a_killed_role(
    own_school: School, own_product: Product, role: str, tmp_path: Path
) -> None:
    teacher, (student,) = await own_school.lesson(f"Killed {role}", "student1")
    await teacher.share()
    before = await student.sees_pattern(2)
    await teacher.button("Record").click()
    await expect(teacher.page.get_by_role("status").filter(has_text="Recording").first).to_be_visible(
        timeout=SOON
    )
    await pattern.watch(student.page, 'video[aria-label^="Screen of "]', 4)

    own_product.kill_role(role)

    await student.first_picture('video[aria-label^="Screen of "]', 45_000)
    after = await student.sees_pattern(5)
    found = pattern.figures(after)
    assert after[0].counter > before[-1].counter
    assert found.in_order
    assert found.per_second >= 5, found
    away = (after[0].seen - before[-1].seen) / 1000
    print(
        f"{role} killed: picture was back, {found.per_second:.1f}/s; {away:.1f} s with all waiting of the test"
    )
    await expect(student.button("Leave").first).to_be_visible()
    await expect(teacher.waiting("student1")).to_have_count(0)
    await expect(teacher.page.get_by_role("status").filter(has_text="Recording").first).to_be_visible(
        timeout=SOON
    )

    await teacher.end_lesson()
    path = await download_programme(teacher, f"Killed {role}", tmp_path)
    check_picture(path, longest_gap=2.0 if role == "recorder" else 8.0, seconds_at_least=6.0)
