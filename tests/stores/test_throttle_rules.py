"""Properties of the throttle over random histories, in simulated time."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from classroom.stores.throttle import (
    ADDRESS_DEBT_MS,
    ADDRESS_EVERY_MS,
    ADDRESS_FAILURES,
    FREE_FAILURES,
    LONGEST_DELAY_MS,
    Failures,
    LocalThrottle,
    address_key,
    charge,
    charge_address,
    delay_after,
    take_back,
    wait_for_account,
    wait_for_address,
)

pauses = st.lists(st.integers(0, 2 * LONGEST_DELAY_MS), max_size=60)


@given(st.integers(0, 10_000))
def test_delays_only_grow_up_to_their_bound(count: int) -> None:
    assert 0 <= delay_after(count) <= delay_after(count + 1) <= LONGEST_DELAY_MS


@given(pauses)
def test_waiting_as_told_always_opens(waits: list[int]) -> None:
    failures, now = Failures(), 0
    for pause in waits:
        now += pause
        now += wait_for_account(failures, now)
        assert wait_for_account(failures, now) == 0
        failures = charge(failures, now)
        assert wait_for_account(failures, now) <= LONGEST_DELAY_MS


@given(st.integers(0, 200), st.integers(0, 10**13))
def test_what_was_taken_back_leaves_the_account_open(count: int, now: int) -> None:
    failures = charge(Failures(count=count, last_at=now), now)
    assert take_back(failures).count == count
    assert wait_for_account(take_back(failures), now) == 0


@given(st.lists(st.integers(0, 5_000), max_size=1_000))
def test_an_address_fails_no_more_than_its_rate(waits: list[int]) -> None:
    paid_at, start, now, failed = 0, 10**12, 10**12, 0
    for pause in waits:
        now += pause
        if wait_for_address(paid_at, now) == 0:
            paid_at = charge_address(paid_at, now)
            failed += 1
        assert failed <= ADDRESS_FAILURES + (now - start) / ADDRESS_EVERY_MS
        assert paid_at - now <= ADDRESS_DEBT_MS
        assert wait_for_address(paid_at, now) <= ADDRESS_EVERY_MS


@given(
    st.lists(
        st.tuples(st.sampled_from("abcdef"), st.booleans(), st.booleans(), st.integers(0, 3_000)), max_size=80
    )
)
def test_memory_is_bounded_and_answers_are_sane(history: list[tuple[str, bool, bool, int]]) -> None:
    async def run() -> None:
        throttle, now = LocalThrottle(entries_bound=4), 0
        for username, good, busy, pause in history:
            now += pause
            wait = await throttle.try_later(username, f"10.0.0.{ord(username)}", now)
            assert wait is None or 0 < wait <= LONGEST_DELAY_MS
            if wait is None and busy:
                await throttle.abandoned(username, "10.0.0.1", now)
            elif wait is None and good:
                await throttle.succeeded(username, "10.0.0.1", now)
                assert await throttle.try_later(username, "10.9.9.9", now) is None
                await throttle.abandoned(username, "10.9.9.9", now)
            elif wait is None:
                await throttle.failed(username, f"10.0.0.{ord(username)}", now)
            assert len(throttle) <= 8
        await throttle.close()
        assert len(throttle) == 0

    asyncio.run(run())


@given(st.text(max_size=60))
def test_any_text_is_an_address(text: str) -> None:
    assert len(address_key(text)) <= 45


def test_at_most_ten_free_failures() -> None:
    failures = Failures()
    for _ in range(FREE_FAILURES):
        assert wait_for_account(failures, 0) == 0
        failures = charge(failures, 0)
    assert wait_for_account(failures, 0) > 0
