"""Where files end, and what goes on behind it."""

from hypothesis import given
from hypothesis import strategies as st

from media.tap import RTP, TapFrame
from recorder import resume, taps
from recorder.clock import SenderClock
from recorder.resume import Gate, Origin
from recorder.taps import Unclaimed
from recorder.track import TrackReceiver
from recorder.webm.head import HEAD_SIZE
from recorder.webm.scan import scan
from recorder.webm.tracks import Track
from recorder.webm.writer import WebmWriter
from tests.recorder.kit.sender import VideoTrack

word = st.integers(0, (1 << 32) - 1)


@given(st.integers(1, 126), st.builds(Origin, word, word, st.integers(0, 1 << 40)), st.binary(max_size=40))
def test_written_and_read(track, origin, rubbish):
    assert resume.decode(resume.encode(track, origin)) == (track, origin)
    assert resume.decode(rubbish) is None


@given(word, st.integers(-(1 << 31), (1 << 31) - 1))
def test_later_and_earlier_over_the_wrap(timestamp, step):
    assert resume.after((timestamp + step) & 0xFFFFFFFF, timestamp) == step


@given(word, st.lists(st.integers(-100, 100), max_size=8), st.integers(-100, 100))
def test_only_ends_that_come_again_are_gone_on_from(base, ends, first):
    origins = [Origin(1, (base + 9000 * end) & 0xFFFFFFFF, end) for end in ends]
    strangers = [Origin(2, base, 0), None]
    found = resume.reached([*origins, *strangers], 1, (base + 9000 * first) & 0xFFFFFFFF, 90_000)
    assert [origin.ms for origin in found] == sorted(end for end in ends if end >= first)


def test_gate():
    end = Origin(1, 1000, 10)
    early, same, later = (Origin(1, stamp, 0) for stamp in (999, 1000, 1001))
    gate = Gate(end)
    assert not gate.passes(early, [end], key=True)
    assert not gate.passes(same, [end], key=True)
    assert gate.passes(later, [end], key=False)
    assert not Gate(end).passes(later, [], key=False), "something is missing between"
    assert Gate(end).passes(later, [], key=True)
    assert Gate(end).passes(Origin(2, 0, 0), [], key=True), "another stream"
    assert not Gate(None).passes(later, [], key=False)


def test_a_file_tells_what_it_ends_with_wherever_it_is_cut():
    writer = WebmWriter([Track(1, "vp8", 8, 8), Track(2, "opus")], started_at=0)
    data = bytearray(writer.head())
    for index in range(60):
        picture = Origin(7, index * 3000, index * 33)
        data += writer.block(1, index * 33, bytes(90), key=index % 20 == 0, origin=picture)
        data += writer.block(2, index * 33, b"xyz", key=True, origin=Origin(8, index, index * 33))
    data += writer.flush()
    for size in range(len(data), HEAD_SIZE + 3000, -97):
        tail = scan(lambda at, n, size=size: bytes(data[at : min(at + n, size)]), size, [], 1, False)
        assert tail.origins[1].ms == tail.ends[1]
        assert tail.origins[2].ms == tail.ends[2]


class Shown:
    def __init__(self):
        self.stamps = []

    def picture(self, time, frame):
        self.stamps.append((frame.timestamp, round(time)))

    def sound(self, start, packet, timestamp):
        raise AssertionError


@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 40))
def test_pictures_go_on_behind_the_earliest_end(begin, one, two):
    """Packets from frame ``begin`` on come again; files end with frames ``one`` and ``two``."""
    track = VideoTrack(1)
    stamps = [track.timestamp(40 * index) for index in range(45)]
    packets = [track.wrap(b"\x11" + bytes(2000), 40 * index) for index in range(45)]
    shown = Shown()
    ends = [Origin(track.ssrc, stamps[end], 40 * end + 500) for end in (one, two)]
    receiver = TrackReceiver("vp8", 101, 90_000, SenderClock(), shown, ends)
    for index in range(begin, 45):
        for packet in packets[index]:
            receiver.rtp(packet, 40.0 * index + 503)
    reached = [end for end in (one, two) if end >= begin]
    expected = range(min(reached) + 1, 45) if reached else range(0)
    assert [stamp for stamp, _ in shown.stamps] == [stamps[index] for index in expected]
    assert all(abs(at - 40 * index - 500) <= 4 for (_, at), index in zip(shown.stamps, expected, strict=True))


def test_frames_of_taps_nobody_knows_yet_wait_a_bounded_time_and_size(monkeypatch):
    unclaimed = Unclaimed()
    for index in range(6):
        unclaimed.add(TapFrame(RTP, index % 2, index, bytes(100)), float(index))
    assert [frame.arrival for frame in unclaimed.take(1)] == [1, 3, 5]
    assert unclaimed.take(1) == []
    unclaimed.tidy(taps.UNCLAIMED_S + 3)
    assert [frame.arrival for frame in unclaimed.take(0)] == [4]
    monkeypatch.setattr(taps, "UNCLAIMED_BYTES", 1000)
    for index in range(100):
        unclaimed.add(TapFrame(RTP, 1, index, bytes(100)), 20.0)
    assert [frame.arrival for frame in unclaimed.take(1)] == list(range(90, 100))
