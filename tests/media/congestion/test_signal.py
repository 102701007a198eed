"""Signal bars and whose fault it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.congestion.signal import GOOD, RISE_SECONDS, Down, Signal, Steady, Up, judge


@pytest.mark.parametrize(
    ("down", "up", "publishers", "lateness", "signal"),
    [
        (Down(), Up(), 4, 0.0, GOOD),
        (None, None, 4, 0.0, Signal(0, "link_down")),
        (Down(loss=0.03), Up(), 4, 0.0, Signal(3, "link_down")),
        (Down(loss=0.08), None, 4, 0.0, Signal(2, "link_down")),
        (Down(limited=True), Up(), 4, 0.0, Signal(3, "link_down")),
        (Down(limited=True, reduced=True), Up(0.2), 4, 0.0, Signal(1, "link_up")),
        (Down(voice_only=True), Up(), 4, 0.0, Signal(1, "link_down")),
        (Down(rtt=1.0), Up(), 4, 0.0, Signal(2, "link_down")),
        (Down(), Up(0.2), 4, 0.0, Signal(1, "link_up")),
        (Down(), Up(), 1, 0.0, Signal(2, "publisher")),
        (Down(), Up(), 4, 0.3, Signal(2, "server")),
        (None, Up(), 4, 0.0, GOOD),
    ],
)
def test_bars(down, up, publishers, lateness, signal):
    assert judge(down, up, publishers, lateness) == signal


def test_bars_fall_at_once_and_rise_when_it_has_been_better_for_a_while():
    steady = Steady()
    weak = Signal(1, "link_down")
    assert steady.step(weak, 0.0) == weak
    assert steady.step(GOOD, 1.0) == weak
    assert steady.step(Signal(0, "link_up"), 2.0) == Signal(0, "link_up")
    assert steady.step(GOOD, 3.0).bars == 0
    assert steady.step(GOOD, 3.0 + RISE_SECONDS) == GOOD


@given(
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.floats(0, 1),
    st.floats(0, 10),
    st.floats(0, 1),
    st.integers(1, 4),
)
def test_full_bars_need_no_reason(limited, reduced, voice_only, loss, rtt, up, publishers):
    signal = judge(Down(limited, reduced, voice_only, loss, rtt), Up(up), publishers, 0.0)
    assert 1 <= signal.bars <= 4
    assert (signal.bars == 4) == (signal.reason == "")
