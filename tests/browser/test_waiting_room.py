"""The waiting room: nobody loses a place, nobody leaves a ghost, nobody enters unasked."""

from playwright.async_api import expect

from tests.browser.pages import SOON, Person, School


async def knocking(school: School, title: str, username: str) -> tuple[Person, Person]:
    """A teacher in a running lesson and a student who waits."""
    teacher, _ = await school.lesson(title)
    student = await school.person(username)
    await student.ask_to_enter(title)
    await expect(student.waits_for_approval()).to_be_visible(timeout=SOON)
    await expect(teacher.waiting(username)).to_have_count(1, timeout=SOON)
    return teacher, student


async def test_asking_before_the_lesson_starts(school: School) -> None:
    teacher = await school.person("teacher")
    await teacher.new_lesson("Early bird")
    student = await school.person("student1")
    await student.ask_to_enter("Early bird")
    await expect(student.waits_for_approval()).to_be_visible(timeout=SOON)
    await teacher.start_lesson("Early bird")
    await teacher.admit("student1")
    await student.enter()


async def test_a_reload_keeps_the_place(school: School) -> None:
    teacher, student = await knocking(school, "Reload", "student1")
    await student.page.reload()
    await expect(student.waits_for_approval()).to_be_visible(timeout=SOON)
    await expect(teacher.waiting("student1")).to_have_count(1)
    await teacher.admit("student1")
    await student.enter()


async def test_a_second_tab_leaves_no_ghost(school: School) -> None:
    teacher, student = await knocking(school, "Second tab", "student2")
    lesson = student.page.url
    tab = await school.second_tab(student)
    await tab.page.goto(lesson)
    use_here = tab.button("Use here")
    await expect(tab.waits_for_approval().or_(use_here).first).to_be_visible(timeout=SOON)
    if await use_here.is_visible():
        await use_here.click()
        await expect(tab.waits_for_approval()).to_be_visible(timeout=SOON)
    await expect(teacher.waiting("student2")).to_have_count(1)
    await student.page.close()
    await expect(teacher.waiting("student2")).to_have_count(1)
    await teacher.admit("student2")
    await tab.enter()
    await expect(teacher.person("student2")).to_have_count(1, timeout=SOON)


async def test_a_lost_network_keeps_the_place(school: School) -> None:
    teacher, student = await knocking(school, "Lost network", "student3")
    await student.context.set_offline(True)
    await expect(teacher.waiting("student3").get_by_text("lost connection")).to_be_visible(timeout=30_000)
    await student.context.set_offline(False)
    await expect(teacher.waiting("student3").get_by_text("lost connection")).to_have_count(0, timeout=30_000)
    await expect(teacher.waiting("student3")).to_have_count(1)
    await teacher.admit("student3")
    await student.enter()
    await student.context.set_offline(True)
    await expect(teacher.person("student3").get_by_text("disconnected")).to_be_visible(timeout=30_000)
    await student.context.set_offline(False)
    await expect(teacher.person("student3").get_by_text("disconnected")).to_have_count(0, timeout=30_000)
    await expect(student.button("Leave").first).to_be_visible()
    await expect(teacher.waiting("student3")).to_have_count(0)


async def test_admit_all_leaves_other_classes_waiting(school: School) -> None:
    teacher, student = await knocking(school, "Whole class", "student1")
    stranger = await school.person("student41")
    await stranger.goto("/lessons/" + student.page.url.split("/lessons/")[1].split("?")[0])
    await stranger.ask_again()
    await expect(teacher.waiting("student41").get_by_text("Other class")).to_be_visible(timeout=SOON)
    await teacher.button("Admit all in class").click()
    await student.enter()
    await expect(teacher.waiting("student1")).to_have_count(0)
    await expect(teacher.waiting("student41")).to_have_count(1)
    await expect(stranger.waits_for_approval()).to_be_visible()
    body = await stranger.page.locator("body").inner_text()
    assert "Chat" not in body
    assert "People" not in body
    await teacher.admit("student41")
    await stranger.enter()


async def test_who_was_admitted_comes_back_and_who_was_removed_does_not(school: School) -> None:
    teacher, (student,) = await school.lesson("Comings and goings", "student4")
    lesson = student.page.url
    await student.page.reload()
    await student.enter()
    await student.button("Leave").first.click()
    await student.page.wait_for_url(lambda url: url != lesson)
    await student.page.goto(lesson)
    back = student.button("Come back")
    if await back.first.is_visible():
        await back.first.click()
    await student.enter()
    await expect(teacher.waiting("student4")).to_have_count(0)
    await teacher.in_person_row("student4", "Remove")
    await expect(student.page.get_by_text("You were removed from this lesson").first).to_be_visible(
        timeout=SOON
    )
    await student.page.reload()
    await expect(student.page.get_by_text("You were removed from this lesson").first).to_be_visible(
        timeout=SOON
    )
    await expect(teacher.waiting("student4")).to_have_count(0)


async def test_denied_sees_nothing_and_may_ask_again(school: School) -> None:
    teacher, student = await knocking(school, "Denied", "student5")
    await teacher.button("Deny", teacher.waiting("student5")).click()
    await expect(student.page.get_by_text("The teacher did not let you in").first).to_be_visible(timeout=SOON)
    await expect(student.region("People")).to_have_count(0)
    await student.button("Ask again").click()
    await expect(teacher.waiting("student5")).to_have_count(1, timeout=SOON)


async def test_the_newer_device_takes_over(school: School) -> None:
    teacher, (student,) = await school.lesson("Two devices", "student6")
    other = await school.person("student6")
    await other.page.goto(student.page.url)
    use_here = other.button("Use here")
    await expect(use_here.or_(other.button("Leave")).or_(other.button("Enter")).first).to_be_visible(
        timeout=SOON
    )
    if await use_here.is_visible():
        await use_here.click()
    await other.enter()
    await expect(student.page.get_by_text("opened on another device").first).to_be_visible(timeout=SOON)
    await expect(other.page.get_by_text("was in the lesson on another device").first).to_be_visible(
        timeout=SOON
    )
    await expect(teacher.person("student6")).to_have_count(1)


async def test_safe_mode_while_no_teacher_is_there(school: School) -> None:
    teacher, (student,) = await school.lesson("Safe mode", "student7")
    lesson = teacher.page.url
    await teacher.page.close()
    notice = student.page.get_by_text("The teacher lost the connection").first
    await expect(notice).to_be_visible(timeout=30_000)
    teacher.page = await teacher.context.new_page()
    await teacher.page.goto(lesson)
    await teacher.enter()
    await expect(notice).to_be_hidden(timeout=SOON)
