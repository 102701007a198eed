"""The connection test's page: what it says is what the network does."""

import re
from collections.abc import Callable
from pathlib import Path

from playwright.async_api import Locator, expect

from tests.browser.pages import SOON, Person, School
from tests.browser.test_reach import apart

TEST_MS = 60_000.0


def row(person: Person, name: str) -> Locator:
    return person.page.get_by_role("listitem").filter(has_text=name)


async def run(person: Person) -> Locator:
    """Runs the test to its end; the status with the verdict."""
    start = person.page.get_by_role("button", name=re.compile("^(Start the test|Test again)$"))
    await start.click()
    verdict = person.page.get_by_role("status").filter(has_text="The test is done")
    await expect(verdict).to_be_visible(timeout=TEST_MS)
    return verdict


async def test_an_open_network_and_devices_that_work(school: School) -> None:
    person = await school.person("parent1", width=360, height=740)
    await person.goto("/")
    await person.page.get_by_role("link", name="Connection test", exact=True).click()
    verdict = await run(person)
    await expect(verdict).to_contain_text("Your network is ready for lessons.")
    for name, said in (
        ("Browser", "can take part"),
        ("Live connection (WebSocket)", "Connected after"),
        ("Picture and sound over UDP", "the best way"),
        ("Picture and sound over TCP", "Open."),
        ("Relay server (TURN)", "no relay server"),
        ("Delay", "good"),
        ("Speed", "enough for picture and sound"),
        ("Microphone", "Your voice is heard"),
        ("Camera", "Your picture is seen"),
        ("Screen sharing", "can share its screen"),
    ):
        await expect(row(person, name).first).to_contain_text(said)
    await person.button("Play a sound").click()
    await person.button("I hear nothing").click()
    await expect(row(person, "Speakers")).to_contain_text("Turn up the volume")
    await person.button("Yes, I hear it").click()
    await expect(row(person, "Speakers")).to_contain_text("You hear the sound")
    wider = await person.page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
    assert not wider, "the page scrolls sideways at 360 px"

    await person.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await person.button("Copy the results").click()
    await expect(person.page.get_by_text("Copied.")).to_be_visible(timeout=SOON)
    text = await person.page.evaluate("navigator.clipboard.readText()")
    assert "✓ Picture and sound over UDP" in text
    assert "rtt " in text
    assert "Mozilla/5.0" in text
    assert text.count("✗") == 0


async def test_denied_devices_are_named(school: School) -> None:
    person = await school.person("student2")
    await person.context.clear_permissions()
    await person.goto("/self-test")
    await run(person)
    for name in ("Microphone", "Camera"):
        await expect(row(person, name).first).to_contain_text("cannot be used")
        await expect(row(person, name).first).to_contain_text("The browser blocks the")


async def test_what_a_network_blocks_is_named(tmp_path: Path, artifacts: Callable[[str], Path]) -> None:
    async with apart(tmp_path, artifacts, turn=True) as school:
        person = await school.students.person("student1")
        await person.goto("/self-test")
        port = str(school.product.media_port)
        relays = row(person, "Relay server (TURN)")

        await expect(await run(person)).to_contain_text("ready for lessons")
        await expect(relays.filter(has_text="Open.")).to_have_count(2)

        school.names.block("udp")
        await expect(await run(person)).to_contain_text("blocks UDP, so picture and sound go over TCP")
        udp = row(person, "Picture and sound over UDP")
        await expect(udp).to_contain_text("Your network blocks UDP.")
        await expect(udp).to_contain_text(f"port {port}")
        await expect(row(person, "Picture and sound over TCP")).to_contain_text("Open.")
        await expect(relays.filter(has_text="Open.")).to_have_count(1)
        await expect(relays.filter(has_text="does not answer")).to_have_count(1)

        school.names.block("tcp", f"{port}-{port}")
        await expect(await run(person)).to_contain_text("through a relay server")
        await expect(row(person, "Picture and sound over TCP")).to_contain_text(f"blocks TCP to port {port}")

        school.stop_turn()
        await expect(await run(person)).to_contain_text("you can enter a lesson, but see and hear nothing")
