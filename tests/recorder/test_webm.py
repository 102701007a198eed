"""The writer and the scan: every file is readable, wherever it is cut off."""

import io
from pathlib import Path

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recorder import journal
from recorder.webm import ebml
from recorder.webm.head import HEAD_SIZE, build_head
from recorder.webm.scan import read_cluster, scan
from recorder.webm.tracks import Track
from recorder.webm.writer import Cue, WebmWriter
from tests.recorder.kit.material import tone_packets

TRACKS = (Track(1, "vp8", 640, 360), Track(2, "opus"))


def write(blocks, tracks=TRACKS):
    writer = WebmWriter(tracks, started_at=0)
    out = writer.head()
    for track, ms, data, key in blocks:
        out += writer.block(track, ms, data, key=key)
    return writer, out + writer.flush()


@given(st.integers(0, ebml.MAX_VINT), st.integers(1, 0xFFFFFF))
def test_headers_are_read_as_written(size, identifier):
    raw = identifier | 1 << 24
    header = ebml.read_header((raw | 0x10000000).to_bytes(4, "big") + ebml.vint(size))
    assert header.size == size


@given(st.binary(max_size=40))
def test_any_bytes_are_a_header_or_a_typed_error(data):
    try:
        header = ebml.read_header(data)
    except (ebml.Malformed, ebml.Truncated):
        return
    assert header.length <= len(data)


@given(st.sampled_from([0, *range(2, 300), 4000]))
def test_void_fills_exactly(size):
    assert len(ebml.void(size)) == size


def test_head_is_always_of_one_size():
    for duration, cues in ((None, None), (1, 5000), (10_800_000, 1 << 40)):
        size = None if cues is None else cues + 100
        head = build_head(TRACKS, started_at=5, duration=duration, cues_at=cues, file_size=size)
        assert len(head) == HEAD_SIZE


blocks = st.lists(
    st.tuples(
        st.sampled_from([1, 2]), st.integers(0, 700), st.binary(min_size=1, max_size=60), st.booleans()
    ),
    min_size=1,
    max_size=60,
)


@settings(max_examples=80, deadline=None)
@given(blocks, st.integers(0, 100_000), st.integers(0, 60), st.binary(max_size=30))
def test_cut_anywhere_it_goes_on_after_the_last_whole_cluster(steps, cut, known, rubbish):
    ms = 0
    script = []
    for track, step, data, key in steps:
        ms += step
        script.append((track, ms, data, key))
    writer, whole = write(script)
    cut = HEAD_SIZE + cut % (len(whole) - HEAD_SIZE + 1)
    torn = whole[:cut] + rubbish
    tail = scan(lambda at, n: torn[at : at + n], len(torn), writer.cues[:known], 1, False)
    if rubbish:
        assert tail.cut <= len(torn)
        return
    assert tail.cut <= cut
    # Nothing whole is given away: a further cluster would have been cut.
    full = scan(lambda at, n: whole[at : at + n], len(whole), [], 1, False)
    assert full.cut == len(whole)
    assert full.cues == writer.cues
    assert [cue for cue in writer.cues if cue.at < tail.cut] == tail.cues
    again = scan(lambda at, n: torn[at : at + n], tail.cut, tail.cues, 1, False)
    assert again.cut == tail.cut


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400), st.lists(st.integers(0, 10_000), max_size=3))
def test_scan_of_rubbish_ends(data, places):
    torn = bytes(HEAD_SIZE) + data
    tail = scan(lambda at, n: torn[at : at + n], len(torn), [Cue(1, 0, at) for at in places], 1, False)
    assert HEAD_SIZE <= tail.cut <= len(torn)


@given(st.binary(max_size=300))
def test_journal_of_rubbish_is_none_or_typed(data):
    begun = journal.encode_line(journal.Begun("r", "l", 1))
    assert journal.parse(begun + data).begun.recording == "r"
    with pytest.raises(journal.NoJournal):
        journal.parse(data.replace(b'"begun"', b""))


def test_unfinished_and_finished_files_decode():
    packets = tone_packets(500)
    script = [(2, i * 20, packet, True) for i, packet in enumerate(packets)]
    writer, out = write(script, (Track(2, "opus"),))
    with av.open(io.BytesIO(out[:-7])) as container:
        assert sum(frame.samples for frame in container.decode(audio=0)) > 470 * 960
    tail, head = writer.finish(10_000)
    whole = head + out[HEAD_SIZE:] + tail
    with av.open(io.BytesIO(whole)) as container:
        assert container.duration == 10_000_000
        container.seek(7_000_000)
        frame = next(container.decode(audio=0))
        assert 6.0 <= float(frame.pts * frame.time_base) <= 7.03


class Counting(io.FileIO):
    """Counts what a reader reads."""

    taken = 0

    def readinto(self, buffer):
        count = super().readinto(buffer)
        self.taken += count or 0
        return count

    def read(self, size=-1):
        data = super().read(size)
        self.taken += len(data)
        return data


def test_three_hours_close_without_reading_and_seek(tmp_path: Path):
    """A synthetic recording: closing appends cues and replaces the head; seeking reads a little."""
    packets = tone_packets(500)
    picture = bytes.fromhex("f0c2009d012a0005d002") + bytes(900)
    writer = WebmWriter(TRACKS, started_at=0)
    path = tmp_path / "long.webm"
    hours = 3 * 3600 * 1000
    with path.open("wb") as file:
        file.write(writer.head())
        for index in range(hours // 20):
            ms = index * 20
            if ms % 10_000 == 0:
                file.write(writer.block(1, ms, picture, key=True))
            file.write(writer.block(2, ms, packets[index % 500], key=True))
        size = file.tell()
        tail, head = writer.finish(hours)
        file.write(tail)
        assert len(tail) < 60_000
        file.seek(0)
        file.write(head)
    assert path.stat().st_size - size == len(tail)
    with Counting(path) as raw, av.open(raw) as container:
        assert container.duration == hours * 1000
        before = raw.taken
        video = next(s for s in container.streams if s.type == "video")
        for second in (10_000, 5_000, 1, 7_777):
            container.seek(second * 1_000_000)
            packet = next(p for p in container.demux(video))
            assert second - 10 <= float(packet.pts * packet.time_base) <= second
        assert raw.taken - before < 3_000_000
    # Taking it up again reads one cluster, not the file.
    read = 0
    data = path.read_bytes()[:size]

    def read_at(at: int, length: int) -> bytes:
        nonlocal read
        read += length
        return data[at : at + length]

    tail_found = scan(read_at, size, writer.cues, 1, False, synced=size - 100_000)
    assert abs(tail_found.cut - size) < 20_000
    assert read < 1_000_000


@given(st.data())
@settings(max_examples=60)
def test_what_a_power_loss_has_torn_ends_the_file_in_front_of_it(data):
    """Zeros in the middle of a frame leave a cluster of the right shape: its checksum tells."""
    frame = bytes(range(1, 256)) * 20
    writer, out = write([(1, index * 600, frame, index % 3 == 0) for index in range(9)])
    starts = [HEAD_SIZE]
    while starts[-1] < len(out):
        cluster = read_cluster(lambda at, size: out[at : at + size], starts[-1], len(out))
        starts.append(starts[-1] + cluster.length)
    torn = data.draw(st.integers(3, len(starts) - 2))
    synced = data.draw(st.integers(0, torn))
    at = data.draw(st.integers(starts[torn] + 40, starts[torn + 1] - 1))
    broken = bytearray(out)
    broken[at : at + 512] = bytes(len(broken[at : at + 512]))
    found = scan(
        lambda at, size: bytes(broken[at : at + size]), len(broken), writer.cues, 1, False, starts[synced]
    )
    assert found.cut == starts[torn]
