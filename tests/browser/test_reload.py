"""A page that is loaded again leaves no tile of its past behind."""

from playwright.async_api import expect

from tests.browser.pages import MEDIA_SOON, Person, School

PICTURES = """() => { const video = document.querySelector('video[aria-label^="Camera of "]')
                return video && video.videoWidth > 0 && video.getVideoPlaybackQuality().totalVideoFrames > 5 }"""


async def sees_camera(person: Person) -> None:
    await expect(person.cameras()).to_have_count(1, timeout=MEDIA_SOON)
    await person.page.wait_for_function(PICTURES, timeout=MEDIA_SOON)


async def test_a_reload_takes_the_old_camera_off_everybodys_screen(school: School) -> None:
    """Without waiting for the media worker to notice that nothing comes any more."""
    teacher, (student,) = await school.lesson("Reload with camera", "student5")
    await student.button("Turn on camera").click()
    await sees_camera(teacher)
    await student.page.reload(wait_until="commit")
    # As soon as the new page's socket is there, not after the patience that a lost network gets.
    await expect(teacher.cameras()).to_have_count(0, timeout=10_000)
    await student.enter()
    await expect(teacher.person("student5")).to_have_count(1)
    await student.button("Turn on camera").click()
    await sees_camera(teacher)
