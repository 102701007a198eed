"""Properties of the numbers that leave a fanout, over real SRTP: whatever comes in, the receiver opens every packet,
no number comes twice, and each packet stands where its incoming number says."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from media.fanout.choose import IMPLEMENTATIONS
from media.rtp import header
from tests.media.house import until
from tests.media.switchboard import Switchboard, frame, picture_of, switchboard, vp8

each = pytest.mark.parametrize("make", IMPLEMENTATIONS.values(), ids=list(IMPLEMENTATIONS))
TRIES = settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

steps = st.lists(
    st.one_of(
        st.just(1),
        st.just(1),
        st.integers(2, 6),
        st.integers(-40, -1),
        st.integers(15_000, 28_000),
    ),
    min_size=20,
    max_size=120,
)
"""From one packet to the next: in order, a loss, reordering, a jump."""


def order(moves: list[int], first: int) -> list[int]:
    """Unwrapped numbers, each once, none behind ``first``."""
    newest, found = first, [first]
    for move in moves:
        number = newest + move
        if number > first and number not in found:
            found.append(number)
            newest = max(newest, number)
    return found


def unwrapped(packets: list[bytes], first: int) -> list[int]:
    """As libsrtp at the receiver reads the numbers."""
    highest, found = first, []
    for packet in packets:
        read = header.parse(packet)
        assert read is not None
        number = highest + ((read.seq - highest + 0x8000) & 0xFFFF) - 0x8000
        highest = max(highest, number)
        found.append(number)
    return found


async def send_all(board: Switchboard, publisher, end, numbers: list[int]) -> None:
    """Few enough at a time that no socket overflows."""
    before = board.count("rtp_received")
    for index, number in enumerate(numbers):
        publisher.send(frame(number, 0, vp8(index & 0x7FFF, key=index == 0), index.to_bytes(4)))
    await until(lambda: board.count("rtp_received") >= before + len(numbers))
    await board.settle()
    end.pull()


@each
@given(moves=steps, first=st.integers(0, 0xFFFF), start=st.sampled_from((1, 0x7000, 0x7FFF)))
@TRIES
async def test_every_packet_opens_and_stands_in_its_place(make, moves, first, start):
    async with switchboard(make) as board:
        publisher, source, _ = board.publish()
        end = board.end()
        leg, _ = board.leg(end, start=start)
        leg.follow(source)
        await board.settle()
        numbers = order(moves, first)
        await send_all(board, publisher, end, numbers)
        outs = unwrapped(end.rtp, start)
        assert len(set(outs)) == len(outs)
        by_index = dict(zip((picture_of(packet)[1] for packet in end.rtp), outs, strict=True))
        assert by_index == {index: start + number - first for index, number in enumerate(numbers)}


@each
async def test_roll_over_counters_go_on_over_many_wraps(make):
    """Some two million numbers: thirty times round the circle, a loss at every step."""
    async with switchboard(make) as board:
        publisher, source, _ = board.publish()
        end = board.end()
        leg, _ = board.leg(end, start=0x7FFF)
        leg.follow(source)
        await board.settle()
        numbers = [5 + 20_011 * n for n in range(100)]
        for at in range(0, len(numbers), 25):
            await send_all(board, publisher, end, numbers[at : at + 25])
        assert unwrapped(end.rtp, 0x7FFF) == [0x7FFF + 20_011 * n for n in range(100)]


@each
async def test_after_a_long_pause_of_the_source_the_numbers_go_on(make):
    """A hole of half the circle would make libsrtp take what comes after it for old."""
    async with switchboard(make) as board:
        publisher, source, _ = board.publish()
        end = board.end()
        leg, _ = board.leg(end)
        leg.follow(source)
        await board.settle()
        await send_all(board, publisher, end, [1000, 1001])
        source.pause(True)
        await board.settle()
        await send_all(board, publisher, end, [1002 + 15_000 * n for n in range(4)])
        source.pause(False)
        await board.settle()
        await send_all(board, publisher, end, [46_003, 46_004])
        assert len(end.rtp) == 4
        assert unwrapped(end.rtp, 100) == [100, 101, 102, 103]


@each
async def test_feedback_that_claims_too_much_is_not_believed(make):
    """Forty bytes may say something of 65,535 packets, thirty times in one compound."""
    part = bytes((0x8F, 205, 0, 8)) + bytes(8) + b"\0\0\xff\xff" + bytes(4) + b"\x1f\xff" * 8
    part += bytes(36 - len(part))
    async with switchboard(make) as board:
        publisher, source, _ = board.publish()
        end = board.end()
        leg, _ = board.leg(end)
        leg.follow(source)
        await board.settle()
        await send_all(board, publisher, end, [1, 2, 3])
        for _ in range(50):
            end.send(part * 30)
        await until(lambda: board.count("rtcp_received") == 50)
        board.fanout.ask_digests()
        await board.settle()
        board.fanout.tick(0.0)
        assert board.fanout.digests() == []
