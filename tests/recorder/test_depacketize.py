"""Packets to frames: whole, in order, and never a broken one."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recorder.depacketize import FrameAssembler, payload_format
from recorder.depacketize.opus import samples
from recorder.reorder import Reorder
from recorder.rtp import RtpPacket, parse_rtp, parse_sender_reports
from tests.recorder.kit import packetize
from tests.recorder.kit.material import VideoEncoder

CODECS = ("vp8", "vp9", "h264", "av1")
_material: dict[str, list[bytes]] = {}


def material(codec: str) -> list[bytes]:
    if codec not in _material:
        encoder = VideoEncoder(codec, 640, 384)
        frames = [encoder.frame(key=index % 15 == 0) for index in range(45)]
        _material[codec] = [frame for frame in frames if frame]
    return _material[codec]


def packets(codec: str) -> list[tuple[int, RtpPacket]]:
    """(frame index, packet)."""
    found = []
    sequence = 65_500
    for index, frame in enumerate(material(codec)):
        payloads = packetize.PACKETIZERS[codec](frame, index)
        for at, payload in enumerate(payloads):
            raw = packetize.rtp(
                payload, pt=101, seq=sequence, ts=index * 3600, ssrc=1, marker=at == len(payloads) - 1
            )
            sequence += 1
            packet = parse_rtp(raw)
            assert packet is not None
            assert packet.payload == payload
            found.append((index, packet))
    return found


def run(codec, script):
    """``script``: (arrival ms, packet)."""
    reorder, assembler = Reorder(), FrameAssembler(payload_format(codec))
    frames = []
    now = 0.0
    for now, packet in script:
        for ready, gap in reorder.push(packet, now):
            frames += assembler.push(ready, gap)
    for ready, gap in reorder.tick(now + 1000):
        frames += assembler.push(ready, gap)
    return frames, assembler


@pytest.mark.parametrize("codec", CODECS)
def test_every_frame_comes_out(codec):
    frames, _ = run(codec, [(0.0, packet) for _, packet in packets(codec)])
    assert [frame.timestamp // 3600 for frame in frames] == list(range(len(material(codec))))
    first = frames[0]
    assert first.key
    assert (first.width, first.height) == (640, 384)
    if codec in ("vp8", "vp9"):
        assert [frame.data for frame in frames] == material(codec)


@pytest.mark.parametrize("codec", CODECS)
@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), loss=st.floats(0, 0.2), shuffle=st.integers(0, 6))
def test_lossy_and_shuffled(codec, seed, loss, shuffle):
    chance = random.Random(seed)
    sent = packets(codec)
    lost = {i for i in range(len(sent)) if chance.random() < loss}
    order = sorted(
        (i for i in range(len(sent)) if i not in lost), key=lambda i: i + chance.uniform(0, shuffle)
    )
    order += [i for i in order if chance.random() < 0.02]
    # A packet is late by a place or a few, never by the waiting time.
    script = [(place * 10.0, sent[i][1]) for place, i in enumerate(order)]
    whole, _ = run(codec, [(0.0, packet) for _, packet in sent])
    frames, _ = run(codec, script)
    by_index = {frame.timestamp // 3600: frame for frame in whole}
    broken = {sent[i][0] for i in lost}
    got = [frame.timestamp // 3600 for frame in frames]
    assert got == sorted(set(got))
    assert not set(got) & broken
    usable = False
    for index, frame in by_index.items():
        if index in broken:
            usable = False
        if index in got:
            assert next(f for f in frames if f.timestamp // 3600 == index) == frame
            assert usable or frame.key, "a delta over a gap"
            usable = True
        elif usable and codec != "h264":
            assert index in broken or index > max(got, default=0) or not usable
            usable = False


@pytest.mark.parametrize("codec", CODECS)
@given(data=st.lists(st.tuples(st.binary(max_size=60), st.booleans(), st.integers(0, 3)), max_size=20))
def test_rubbish_payloads_are_dropped(codec, data):
    assembler = FrameAssembler(payload_format(codec))
    for sequence, (payload, marker, timestamp) in enumerate(data):
        assembler.push(RtpPacket(101, marker, sequence, timestamp, 1, payload), sequence == 0)


@pytest.mark.parametrize("codec", CODECS)
@settings(deadline=None)
@given(seed=st.integers(0, 100_000))
def test_mutated_packets_are_dropped_or_frames(codec, seed):
    chance = random.Random(seed)
    assembler = FrameAssembler(payload_format(codec))
    for _, packet in packets(codec):
        payload = bytearray(packet.payload)
        for _ in range(chance.randrange(3)):
            payload[chance.randrange(min(len(payload), 24))] = chance.randrange(256)
        if chance.random() < 0.1:
            del payload[chance.randrange(len(payload)) :]
        assembler.push(
            RtpPacket(101, packet.marker, packet.sequence, packet.timestamp, 1, bytes(payload)), False
        )


@given(st.binary(max_size=100))
def test_any_bytes_as_rtp_and_rtcp(data):
    packet = parse_rtp(data)
    assert packet is None or len(packet.payload) <= len(data)
    parse_sender_reports(data)
    assert 0 <= samples(data) <= 5760


def test_sequence_numbers_that_start_anew():
    sent = [packet for _, packet in packets("vp8")]
    frames, _ = run("vp8", [(0.0, packet) for packet in sent])
    moved = [
        RtpPacket(101, p.marker, (p.sequence + 30_000) & 0xFFFF, p.timestamp + 10_000_000, 1, p.payload)
        for p in sent
    ]
    twice, _ = run("vp8", [(0.0, packet) for packet in sent + moved])
    assert len(twice) == 2 * len(frames)


def test_resolution_may_change():
    encoder = VideoEncoder("vp8", 320, 192)
    frames = [encoder.frame(key=True)]
    encoder.resize(640, 480)
    frames.append(encoder.frame(key=True))
    assembler = FrameAssembler(payload_format("vp8"))
    sizes = []
    sequence = 0
    for index, frame in enumerate(frames):
        payloads = packetize.vp8(frame)
        for at, payload in enumerate(payloads):
            packet = RtpPacket(101, at == len(payloads) - 1, sequence, index, 1, payload)
            sizes += [(f.width, f.height) for f in assembler.push(packet, sequence == 0)]
            sequence += 1
    assert sizes == [(320, 192), (640, 480)]
