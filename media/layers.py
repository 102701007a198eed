"""Simulcast: which encoding a subscriber gets, and how the numbers go on when that changes. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

from media.rtcp.reports import SenderInfo

STOPPED_SECONDS = 1.0
_FRAME = 3000
"""One picture at 30 per second, in 90 kHz ticks."""


class Clock(NamedTuple):
    """What relates a stream's timestamps to time: its last sender report, and its newest packet."""

    sender: SenderInfo | None
    timestamp: int
    arrived_at: float


def best(last_packet_at: Sequence[float | None], now: float) -> int | None:
    """The highest encoding (they are ordered from lowest) that is arriving."""
    for index in range(len(last_packet_at) - 1, -1, -1):
        if is_arriving(last_packet_at[index], now):
            return index
    return None


def is_arriving(last_packet_at: float | None, now: float) -> bool:
    return last_packet_at is not None and now - last_packet_at <= STOPPED_SECONDS


BASE_WIDTH = 640
"""What cameras are captured at; encodings are this, halved and halved again."""
_ENOUGH = 0.75


def fitting(width: int, count: int) -> int:
    """The lowest of ``count`` encodings that fills ``width`` device pixels well enough."""
    for index in range(count - 1):
        if BASE_WIDTH / 2 ** (count - 1 - index) >= _ENOUGH * width:
            return index
    return count - 1


def timestamp_offset(
    before: Clock, offset_before: int, after: Clock, timestamp: int, now: float, clock_rate: int
) -> int:
    """What to add to ``timestamp`` (of ``after``) so that the outgoing time line goes on from ``before``'s.

    By sender reports when both streams have one, else by arrival; always later than what went out.
    """
    if before.sender is not None and after.sender is not None:
        ahead = _signed(timestamp - after.sender.rtp_timestamp)
        seconds = (after.sender.ntp - before.sender.ntp) / (1 << 32) + ahead / clock_rate
        equivalent = before.sender.rtp_timestamp + round(seconds * clock_rate)
    else:
        equivalent = before.timestamp + round((now - before.arrived_at) * clock_rate)
    if not 0 < _signed(equivalent - before.timestamp) < 600 * clock_rate:
        equivalent = before.timestamp + _FRAME
    return (equivalent + offset_before - timestamp) & 0xFFFFFFFF


def _signed(difference: int) -> int:
    return ((difference + 0x80000000) & 0xFFFFFFFF) - 0x80000000
