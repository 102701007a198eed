"""The recording: playable at once, seekable, the same pictures, sound in step."""

from pathlib import Path
from statistics import median

import pytest
from playwright.async_api import expect

from tests.browser import pattern
from tests.browser.pages import SOON, School
from tests.browser.recordings import (
    check_picture,
    decode,
    download_film,
    download_programme,
    recording_row,
    skews,
)


async def test_a_lesson_is_recorded_and_replayed(school: School, tmp_path: Path) -> None:
    title = "Recorded lesson"
    teacher, (student,) = await school.lesson(title, "student1", scripts=(pattern.CLOCK_TONE,))
    await teacher.button("Turn on microphone").click()
    await teacher.share()
    await student.sees_pattern(1)
    await teacher.button("Record").click()
    await expect(student.page.get_by_role("status").filter(has_text="Recording").first).to_be_visible(
        timeout=SOON
    )
    await student.sees_pattern(12)
    await teacher.end_lesson()
    row = await recording_row(teacher, title, seconds=2.0)

    # As staff see it.
    staff = await school.person("staff")
    await staff.goto(f"/recordings/{row['id']}")
    label = f"Recording of {title}"
    video = staff.page.locator(f'video[aria-label="{label}"]')
    await expect(video).to_be_visible(timeout=SOON)
    await expect(
        staff.page.get_by_role("button", name="Download")
        .or_(staff.page.get_by_role("link", name="Download"))
        .first
    ).to_be_visible()
    await video.evaluate("video => { video.muted = true; return video.play() }")
    readings = await staff.sees_recording(label, 4)
    assert pattern.figures(readings).in_order
    assert len(readings) > 10

    duration = await video.evaluate("video => video.duration")
    assert 8 < duration < 60, duration
    # A picture at any second; the counter says which one it is.
    seen = []
    for second in (int(duration) - 3, 2, int(duration) // 2):
        counter, milliseconds = await video.evaluate(
            """async (video, second) => {
                const reader = window.readPattern(video), began = performance.now()
                video.pause()
                const shown = new Promise(done => video.addEventListener('seeked', done, {once: true}))
                video.currentTime = second
                await shown
                for (let i = 0; i < 200; i++) {
                    const reading = reader.now()
                    if (reading) { reader.stop(); return [reading[0], performance.now() - began] }
                    await new Promise(done => setTimeout(done, 10))
                }
                throw new Error('no readable picture at second ' + second)
            }""",
            second,
        )
        seen.append((second, counter))
        print(f"seek to {second} s: picture after {milliseconds:.0f} ms")
    ordered = sorted(seen)
    assert [counter for _, counter in ordered] == sorted(counter for _, counter in ordered)

    tracks = check_picture(await download_programme(staff, title, tmp_path), seconds_at_least=8)
    late = skews(tracks)
    assert len(late) >= 5, f"beeps: {tracks.beeps}"
    print(f"sound after picture: {median(late):.0f} ms median, {min(late):.0f}…{max(late):.0f} ms")
    assert abs(median(late)) <= 80

    film = decode(await download_film(staff, row["id"], tmp_path))
    late = skews(film)
    assert len(late) >= 5, f"beeps of the film: {film.beeps}"
    print(f"film: sound after picture: {median(late):.0f} ms median, {min(late):.0f}…{max(late):.0f} ms")
    assert abs(median(late)) <= 80
    assert film.duration == pytest.approx(tracks.duration, abs=0.5)


async def test_students_see_a_recording_only_when_the_teacher_allows(school: School) -> None:
    title = "Not for everybody"
    teacher, (student,) = await school.lesson(title, "student2")
    await teacher.share()
    await teacher.button("Record").click()
    await student.sees_pattern(2)
    await teacher.end_lesson()
    row = await recording_row(teacher, title)
    for username in ("student2", "student41", "parent1", "support"):
        person = student if username == "student2" else await school.person(username)
        for path in (f"/api/recordings/{row['id']}", f"/api/recordings/{row['id']}/programme"):
            answer = await person.context.request.get(person.product.url + path)
            assert answer.status in (403, 404), f"{username} {path}: {answer.status}"
