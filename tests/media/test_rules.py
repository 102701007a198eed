"""Small pure rules: what to ask for again, how often key frames, who speaks, which layer."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from media import layers
from media.keyframes import (
    MOST_SUBSCRIBER_SECONDS,
    STEADY_SECONDS,
    Impatience,
    RequestBudget,
    RetransmissionBudget,
    SourceGate,
    SubscriberBudget,
)
from media.nack import MAX_MISSING, RETRIES, Missing
from media.rtcp.reports import SenderInfo, to_ntp
from media.speakers import Speakers


def test_missing_is_asked_at_once_then_by_round_trip_then_given_up():
    missing = Missing()
    assert missing.gap(10, 12, 0.0)
    assert missing.due(0.0) == ([10, 11, 12], False)
    assert missing.due(0.01) == ([], False)
    assert missing.arrived(11, 0.05)
    assert not missing.arrived(11, 0.05)
    now, asked = 0.0, 1
    while len(missing):
        now += 0.5
        wanted, gave_up = missing.due(now)
        asked += bool(wanted)
    assert gave_up
    assert asked == RETRIES
    assert missing.given_up == 2


def test_missing_learns_the_round_trip():
    missing = Missing()
    for index in range(100):
        missing.gap(index, index, float(index))
        missing.due(float(index))
        missing.arrived(index, index + 0.03)
    assert 0.028 < missing.rtt < 0.035


def test_too_much_missing_is_a_key_frame_instead():
    missing = Missing()
    assert missing.gap(0, MAX_MISSING - 1, 0.0)
    assert not missing.gap(1000, 1000, 0.0)
    assert len(missing) == 0


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 40)), max_size=200))
def test_missing_is_bounded_and_repaired_only_once(steps):
    missing = Missing()
    now, newest, repaired = 0.0, 0, 0
    for lose, by in steps:
        now += 0.01
        if lose and by:
            missing.gap(newest + 1, newest + by, now)
            newest += by
        else:
            repaired += missing.arrived(newest - by, now)
        missing.due(now)
        assert len(missing) <= MAX_MISSING
    assert repaired <= newest


@given(st.lists(st.floats(0.001, 0.4), max_size=200))
def test_a_source_is_asked_at_most_twice_a_second(waits):
    gate = SourceGate()
    now, sent = 0.0, []
    for wait in waits:
        now += wait
        if gate.ask(now) or gate.due(now):
            sent.append(now)
    assert all(b - a >= 0.5 for a, b in itertools.pairwise(sent))


def test_a_kept_request_is_sent_later_unless_a_key_frame_comes():
    gate = SourceGate()
    assert gate.ask(0.0)
    assert not gate.ask(0.1)
    assert not gate.due(0.4)
    assert gate.due(0.5)
    assert not gate.due(0.6)
    assert gate.due(1.5), "unanswered"
    gate.arrived(1.6)
    assert not gate.due(10.0)
    assert gate.ask(11.0)
    assert not gate.ask(11.2)
    gate.arrived(11.1)
    assert gate.due(11.6), "it began before it was wanted"
    gate.arrived(11.7)
    assert not gate.due(13.0)


def test_an_unanswered_request_is_repeated_ever_more_patiently():
    """Whoever waits for a picture must see it when a publisher is back after a minute."""
    gate = SourceGate()
    gate.ask(0.0)
    assert sum(gate.due(float(second)) for second in range(1, 6)) == 4
    assert [second for second in range(6, 60) if gate.due(float(second))] == list(range(8, 60, 4))
    gate.arrived(60.0)
    assert not gate.due(100.0)


def test_only_so_many_numbers_of_nacks_are_looked_at():
    budget = RequestBudget()
    looked = 0
    for step in range(1000):
        if budget.allows(step / 1000):
            budget.spend(1024)
            looked += 1024
    assert looked <= RequestBudget.MOST + RequestBudget.PER_SECOND + 1024
    assert not budget.allows(0.5), "time does not go back"
    assert budget.allows(3.0)


def test_a_subscriber_gets_one_key_frame_per_five_seconds():
    budget = SubscriberBudget()
    assert budget.ask(0.0)
    assert not any(budget.ask(0.1 * step) for step in range(1, 50))
    assert not budget.due(4.9)
    assert budget.due(5.0)
    assert not budget.due(10.0)
    budget.ask(6.0)
    budget.satisfied()
    assert not budget.due(20.0)


def test_who_only_waits_gets_no_key_frame_and_who_cannot_decode_does():
    impatience = Impatience()
    assert not impatience.is_all(1.0), "nothing waits"
    impatience.waits(10.0)
    assert impatience.is_all(12.0)
    assert not impatience.is_all(12.5), "again so soon: it cannot decode"
    impatience.waits(14.0)
    assert impatience.is_all(16.0)
    assert not impatience.is_all(19.1), "it came long ago"
    impatience.waits(20.0)
    impatience.lost()
    assert not impatience.is_all(22.0), "it may lack what was lost"


def test_who_starves_again_and_again_asks_more_and_more_rarely():
    budget, asked = SubscriberBudget(), []
    now = 0.0
    while now < 120:
        # Each key frame that comes is too much for the line, and thrown away three seconds later.
        if budget.due(now) or (not budget.wants and budget.starved(now)):
            asked.append(now)
            now += 3
        now += 0.5
    pauses = [b - a for a, b in itertools.pairwise(asked)]
    assert pauses[0] <= 10.5
    assert all(MOST_SUBSCRIBER_SECONDS <= pause <= MOST_SUBSCRIBER_SECONDS + 1 for pause in pauses[3:])
    budget.satisfied()
    now += MOST_SUBSCRIBER_SECONDS + STEADY_SECONDS
    assert not budget.due(now)
    assert budget.ask(now)
    assert not budget.ask(now + 4)
    assert budget.ask(now + 5)


def test_retransmissions_are_a_share_of_what_is_sent():
    budget = RetransmissionBudget()
    spent = 0
    while budget.allowance(0, spent):
        spent += 1200
    assert spent <= RetransmissionBudget.START + 1200
    assert budget.allowance(1_000_000, spent)
    while budget.allowance(1_000_000, spent):
        spent += 1200
    assert spent <= RetransmissionBudget.START + 250_000 + 2400


def test_speakers_are_told_on_change_at_most_twice_a_second():
    speakers = Speakers()
    told = []
    now = 0.0
    for step in range(200):
        now = step * 0.02
        speakers.note("loud", 20, now)
        speakers.note("quiet", 40, now)
        speakers.note("silent", 100, now)
        if (change := speakers.changed(now)) is not None:
            told.append((now, change))
    assert [tuple(p for p, _ in change) for _, change in told][-1] == ("loud", "quiet")
    assert all(b - a >= 0.5 for (a, _), (b, _) in itertools.pairwise(told))
    assert len(told) <= 3
    for step in range(100):
        later = now + step * 0.02
        speakers.note("silent", 100, later)
        if (change := speakers.changed(later)) is not None:
            told.append((later, change))
    assert told[-1][1] == ()


def test_a_short_click_is_not_speech_for_long():
    speakers = Speakers()
    speakers.note("a", 5, 0.0)
    for step in range(1, 200):
        speakers.note("a", 127, step * 0.02)
        speakers.changed(step * 0.02)
    assert speakers.changed(10.0) is None


def test_the_best_layer_is_the_highest_that_arrives():
    assert layers.best([0.0, 0.0, 0.0], 0.5) == 2
    assert layers.best([2.0, 2.0, 0.5], 2.0) == 1
    assert layers.best([2.0, None, None], 2.0) == 0
    assert layers.best([None, None], 2.0) is None
    assert layers.best([0.0], 1.5) is None


@given(
    st.integers(0, 0xFFFFFFFF), st.integers(0, 0xFFFFFFFF), st.integers(0, 0xFFFFFFFF), st.floats(0.02, 5.0)
)
def test_time_goes_on_over_a_switch(base_a, base_b, offset, elapsed):
    """Both streams count one time from bases of their own; after the switch it still is one time line."""
    ntp = to_ntp(1_800_000_000.0)
    last = (base_a + (10 * 90_000)) & 0xFFFFFFFF
    timestamp = (base_b + round((10 + elapsed) * 90_000)) & 0xFFFFFFFF
    before = layers.Clock(SenderInfo(1, ntp, base_a, 0, 0), last, 10.0)
    after = layers.Clock(SenderInfo(2, ntp, base_b, 0, 0), timestamp, 10.0 + elapsed)
    made = layers.timestamp_offset(before, offset, after, timestamp, 10.0 + elapsed, 90_000)
    went_out = (last + offset) & 0xFFFFFFFF
    goes_out = (timestamp + made) & 0xFFFFFFFF
    assert abs(((goes_out - went_out) & 0xFFFFFFFF) - round(elapsed * 90_000)) <= 2
    without = layers.timestamp_offset(
        before._replace(sender=None), offset, after, timestamp, 10.0 + elapsed, 90_000
    )
    assert abs(((timestamp + without - went_out) & 0xFFFFFFFF) - round(elapsed * 90_000)) <= 2


def test_time_never_goes_back():
    before = layers.Clock(None, 900_000, 10.0)
    after = layers.Clock(None, 5, 10.0)
    made = layers.timestamp_offset(before, 0, after, 5, 10.0, 90_000)
    assert (5 + made) & 0xFFFFFFFF == 903_000
