"""The main job: a teacher hosts, students are let in, screens and voices are relayed."""

import asyncio

from playwright.async_api import expect

from tests.browser import pattern
from tests.browser.pages import MEDIA_SOON, SOON, Person, School


def show(what: str, readings: list[pattern.Reading]) -> pattern.Figures:
    found = pattern.figures(readings)
    print(
        f"{what}: {found.distinct} pictures in {found.seconds:.1f} s ({found.per_second:.1f}/s),"
        f" glass to glass {found.median_latency:.0f} ms median, longest gap {found.longest_gap:.0f} ms"
    )
    return found


def must_flow(what: str, readings: list[pattern.Reading]) -> None:
    found = show(what, readings)
    assert found.in_order, f"{what}: pictures went backwards"
    assert found.per_second >= 5, f"{what}: {found}"
    assert found.median_latency < 2000, f"{what}: {found}"


async def test_screens_reach_everybody_in_order(school: School) -> None:
    teacher, (first, second) = await school.lesson("Screens in order", "student1", "student2")
    await teacher.share()
    seen = await asyncio.gather(first.sees_pattern(), second.sees_pattern())
    for student, readings in zip((first, second), seen, strict=True):
        must_flow(f"teacher's screen at {student.username}", readings)

    await teacher.button("Stop sharing").first.click()
    await expect(first.screens()).to_have_count(0, timeout=SOON)
    await expect(first.button("Share screen")).not_to_be_enabled()
    await teacher.in_person_row("student1", "Allow to share screen")
    await expect(first.button("Share screen")).to_be_enabled(timeout=SOON)
    await first.share()
    must_flow("student's screen at the teacher", await teacher.sees_pattern())


async def hears(person: Person) -> None:
    """Wait until sound that is not silence plays at the person's page."""
    await person.page.wait_for_function(
        """() => {
            const elements = [...document.querySelectorAll('audio, video')].filter(e => e.srcObject?.getAudioTracks().length)
            window.listening ??= new Map()
            for (const element of elements) {
                const track = element.srcObject.getAudioTracks()[0]
                if (window.listening.has(track)) continue
                const context = new AudioContext(), analyser = context.createAnalyser()
                context.createMediaStreamSource(new MediaStream([track])).connect(analyser)
                window.listening.set(track, analyser)
            }
            return [...window.listening.values()].some(analyser => {
                const samples = new Float32Array(analyser.fftSize)
                analyser.getFloatTimeDomainData(samples)
                return samples.some(sample => Math.abs(sample) > 0.05)
            })
        }""",
        timeout=MEDIA_SOON,
    )


async def test_voices_and_cameras_go_both_ways(school: School) -> None:
    teacher, (student,) = await school.lesson("Voices", "student3")
    await teacher.button("Turn on microphone").click()
    await expect(teacher.button("Turn off microphone")).to_be_visible(timeout=SOON)
    await hears(student)
    await student.button("Turn on microphone").click()
    await hears(teacher)
    await teacher.button("Turn on camera").click()
    await expect(student.cameras().first).to_be_visible(timeout=MEDIA_SOON)
    await student.page.wait_for_function(
        """() => { const video = document.querySelector('video[aria-label^="Camera of "]')
                  return video && video.videoWidth > 0 && video.getVideoPlaybackQuality().totalVideoFrames > 20 }""",
        timeout=MEDIA_SOON,
    )


async def test_hands_and_chat(school: School) -> None:
    teacher, (first, second) = await school.lesson("Hands and chat", "student4", "student5")
    await second.button("Raise hand").click()
    await expect(second.button("Lower hand").first).to_be_visible(timeout=SOON)
    await first.button("Raise hand").click()
    await expect(first.button("Lower hand").first).to_be_visible(timeout=SOON)
    await teacher.show_chat()
    await teacher.page.get_by_role("textbox", name="Message", exact=True).fill("Xin chào cả lớp <b>!</b>")
    await teacher.button("Send").click()
    await first.show_chat()
    await expect(first.region("Chat").get_by_text("Xin chào cả lớp <b>!</b>")).to_be_visible(timeout=SOON)
