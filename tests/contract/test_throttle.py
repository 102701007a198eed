"""Both back-ends of the throttle, held to one suite, in simulated time."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from classroom.stores.throttle import (
    ACCOUNT_MEMORY_MS,
    ADDRESS_EVERY_MS,
    ADDRESS_FAILURES,
    FREE_FAILURES,
    LONGEST_DELAY_MS,
    LocalThrottle,
    Throttle,
)
from classroom.stores.throttle_redis import RedisThrottle

NOW = 1_800_000_000_000


@pytest.fixture(params=["local", "redis"])
async def throttle(request: pytest.FixtureRequest) -> AsyncIterator[Throttle]:
    made: Throttle = (
        LocalThrottle() if request.param == "local" else RedisThrottle(request.getfixturevalue("redis_url"))
    )
    yield made
    await made.close()


async def fail(throttle: Throttle, username: str, address: str, now: int) -> int | None:
    wait = await throttle.try_later(username, address, now)
    if wait is None:
        await throttle.failed(username, address, now)
    return wait


async def test_ten_failures_are_free_then_delays_grow_to_a_quarter_of_an_hour(throttle: Throttle) -> None:
    now, delays = NOW, []
    for number in range(FREE_FAILURES + 14):
        assert await fail(throttle, "an", f"10.0.{number}.1", now) is None
        wait = await throttle.try_later("an", "10.1.0.1", now)
        if wait is None:
            await throttle.abandoned("an", "10.1.0.1", now)
        delays.append(wait or 0)
        now += wait or 0
    assert delays[: FREE_FAILURES - 1] == [0] * (FREE_FAILURES - 1)
    assert delays[FREE_FAILURES - 1 : FREE_FAILURES + 3] == [1_000, 2_000, 4_000, 8_000]
    assert delays[-1] == LONGEST_DELAY_MS


async def test_success_forgets_the_failures(throttle: Throttle) -> None:
    for _ in range(FREE_FAILURES - 1):
        await fail(throttle, "an", "10.0.0.1", NOW)
    assert await throttle.try_later("an", "10.0.0.1", NOW) is None
    await throttle.succeeded("an", "10.0.0.1", NOW)
    for _ in range(FREE_FAILURES):
        assert await fail(throttle, "an", "10.0.0.1", NOW) is None
    assert await fail(throttle, "an", "10.0.0.1", NOW) == 1_000


async def test_usernames_are_compared_as_accounts_are(throttle: Throttle) -> None:
    for username in ["Hà", "HÀ", "ha\u0300", " hà "] * 3:
        await fail(throttle, username, "10.0.0.1", NOW)
    assert await throttle.try_later("hà", "10.9.9.9", NOW) is not None


async def test_tries_at_the_same_time_are_not_free(throttle: Throttle) -> None:
    answers = await asyncio.gather(
        *(throttle.try_later("an", f"10.0.{number}.1", NOW) for number in range(100))
    )
    assert sum(answer is None for answer in answers) == FREE_FAILURES


async def test_what_was_abandoned_costs_nothing(throttle: Throttle) -> None:
    for _ in range(50):
        assert await throttle.try_later("an", "10.0.0.1", NOW) is None
        await throttle.abandoned("an", "10.0.0.1", NOW)


async def test_a_school_behind_one_address_gets_in(throttle: Throttle) -> None:
    """A thousand sign-ins in a minute, every fifth mistyped once."""
    for number in range(1000):
        username, now = f"student{number}", NOW + number * 60
        if number % 5 == 0:
            assert await fail(throttle, username, "203.0.113.7", now) is None
        assert await throttle.try_later(username, "203.0.113.7", now) is None
        await throttle.succeeded(username, "203.0.113.7", now)


async def test_guessing_over_many_accounts_is_held_at_the_address(throttle: Throttle) -> None:
    for number in range(ADDRESS_FAILURES):
        assert await fail(throttle, f"student{number}", "203.0.113.7", NOW) is None
    wait = await throttle.try_later("teacher", "203.0.113.7", NOW)
    assert wait == ADDRESS_EVERY_MS
    assert await throttle.try_later("teacher", "203.0.113.8", NOW) is None
    assert await throttle.try_later("admin", "203.0.113.7", NOW + wait) is None


async def test_an_ipv6_household_is_one_address(throttle: Throttle) -> None:
    for number in range(ADDRESS_FAILURES):
        await fail(throttle, f"student{number}", f"2001:db8:1:2::{number:x}", NOW)
    assert await throttle.try_later("teacher", "2001:db8:1:2:ffff::1", NOW) is not None
    assert await throttle.try_later("teacher", "2001:db8:1:3::1", NOW) is None


async def test_failures_are_forgotten_after_a_day(throttle: Throttle) -> None:
    for _ in range(FREE_FAILURES):
        await fail(throttle, "an", "10.0.0.1", NOW)
    later = NOW + ACCOUNT_MEMORY_MS + 1
    for _ in range(FREE_FAILURES):
        assert await fail(throttle, "an", "10.0.0.1", later) is None


@pytest.mark.parametrize("username", ["", "\0", "x" * 100_000, "\ud800", "日本" * 50])
@pytest.mark.parametrize("address", ["", "not an address", "fe80::1%eth0", "::ffff:10.0.0.1"])
async def test_anything_may_be_typed(throttle: Throttle, username: str, address: str) -> None:
    assert await fail(throttle, username, address, NOW) is None
