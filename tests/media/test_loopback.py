"""Media through a real worker over real sockets, with the Python peer at both ends."""

import itertools
import random
import socket
import struct

import pytest

from media import control, inbound, keyframes, producer
from media.fanout.inlets import PythonInlet
from media.rtcp import compound, feedback, reports, transport_cc
from media.rtcp.reports import SenderInfo
from media.rtp import header
from media.stream import KEPT_TICKS
from tests.media.house import (
    House,
    audio_parameters,
    house,
    rtp,
    until,
    video_parameters,
    vp8_payload,
)
from tests.media.peer import Peer


def number_of(packet: bytes, skip: int = 0) -> int:
    """The picture number that ``vp8_payload`` wrote."""
    read = header.parse(packet)
    assert read is not None
    at = read.payload_start + skip + 10
    return int.from_bytes(packet[at : at + 4])


def picture(number: int, *, key: bool = False, ssrc: int = 1111, seq: int | None = None) -> bytes:
    seq = 100 + number if seq is None else seq
    return rtp(
        seq,
        vp8_payload(number, key),
        ssrc=ssrc,
        payload_type=96,
        timestamp=3000 * number,
        extensions={3: (seq & 0xFFFF).to_bytes(2)},
    )


def send_video(peer: Peer, numbers, *, keys=(), ssrc: int = 1111) -> None:
    for number in numbers:
        peer.send_rtp(picture(number, key=number in keys, ssrc=ssrc))


def collect(peer: Peer) -> list[bytes]:
    got: list[bytes] = []
    peer.on_rtp = lambda packet, _arrival: got.append(packet)
    return got


def numbers(got: list[bytes]) -> list[int]:
    return [number_of(packet) for packet in got]


async def lesson(home: House) -> tuple[Peer, Peer, list[bytes], control.RtpParameters]:
    """A teacher who shares ``screen``, a student who gets it as ``c``."""
    teacher = await home.join("t", "send")
    student = await home.join("s", "recv")
    await home.produce("t", "screen", "video", video_parameters())
    parameters = await home.consume("s", "c", "screen")
    return teacher, student, collect(student), parameters


def rtcp_parts(peer: Peer) -> list[compound.Part]:
    parts: list[compound.Part] = []
    peer.on_rtcp = lambda packet: parts.extend(compound.split(packet))
    return parts


def plis(parts: list[compound.Part]) -> int:
    return sum(part.type == compound.PSFB and part.subtype == feedback.PLI for part in parts)


@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
async def test_media_passes(tcp):
    async with house() as home:
        teacher = await home.join("t", "send", tcp=tcp)
        student = await home.join("s", "recv", tcp=tcp)
        await home.produce("t", "screen", "video", video_parameters())
        parameters = await home.consume("s", "c", "screen")
        got = collect(student)
        send_video(teacher, range(50), keys=(0,))
        await until(lambda: len(got) == 50)
        assert numbers(got) == list(range(50))
        first = header.parse(got[0])
        assert first is not None
        assert first.ssrc == parameters.encodings[0].ssrc
        assert first.payload_type == 101
        assert first.seq < 0x8000
        assert got[0][slice(*first.extensions[1])] == parameters.mid.encode()
        seqs = [header.parse(packet).seq for packet in got]
        assert seqs == list(range(seqs[0], seqs[0] + 50))
        assert student.counters.unprotect_failed == 0


async def test_delta_frames_wait_for_a_key_frame():
    async with house() as home:
        teacher, _, got, _ = await lesson(home)
        send_video(teacher, range(10), keys=(5,))
        await until(lambda: len(got) == 5)
        assert numbers(got) == [5, 6, 7, 8, 9]


async def test_a_consumer_resumed_before_its_transport_connects_starts_then():
    async with house() as home:
        teacher = await home.join("t", "send")
        await home.produce("t", "screen", "video", video_parameters())
        student = await home.open("s", "recv")
        await home.consume("s", "c", "screen")
        asked = rtcp_parts(teacher)
        await home.ask(control.ConnectTransport("s", student.dtls_parameters), control.Done)
        await student.connect()
        got = collect(student)
        await until(lambda: plis(asked))
        send_video(teacher, range(3), keys=(0,))
        await until(lambda: len(got) == 3)


async def test_a_subscribers_losses_are_repaired_on_the_rtx_stream():
    async with house() as home:
        teacher, student, got, parameters = await lesson(home)
        rng = random.Random(2)
        ssrc = parameters.encodings[0].ssrc
        rtx = parameters.encodings[0].rtx.ssrc
        dropped: list[int] = []

        def lose(packet: bytes) -> bool:
            read = header.parse(packet)
            if read is None or read.ssrc != ssrc or packet[1] & 0x7F > 120 or rng.random() > 0.2:
                return False
            dropped.append(read.seq)
            return True

        send_video(teacher, [0], keys=(0,))
        await until(lambda: len(got) == 1)
        student.lose_incoming = lose
        send_video(teacher, range(1, 300))
        await until(lambda: len(got) + len(dropped) == 300)
        student.lose_incoming = None
        assert len(dropped) > 30
        student.send_rtcp(feedback.build_nack(1, ssrc, dropped))
        await until(lambda: len(got) == 300)
        repaired = [packet for packet in got if header.parse(packet).ssrc == rtx]
        assert len(repaired) == len(dropped)
        assert sorted(
            number_of(packet, 2 if header.parse(packet).ssrc == rtx else 0) for packet in got
        ) == list(range(300))
        for packet in repaired:
            read = header.parse(packet)
            assert packet[1] & 0x7F == 102
            assert int.from_bytes(packet[read.payload_start : read.payload_start + 2]) in dropped
        assert (await home.stats())["media_sent_retransmitted_total"] == len(dropped)


async def test_a_publishers_losses_are_asked_for_and_repaired():
    async with house() as home:
        teacher, _, got, _ = await lesson(home)
        lost = {10, 11, 12, 40, 77}
        packets = {100 + n: picture(n, key=n == 0) for n in range(100)}
        rtx_seq = 5

        def answer(packet: bytes) -> None:
            nonlocal rtx_seq
            for part in compound.split(packet):
                if part.type == compound.RTPFB and part.subtype == feedback.NACK:
                    assert feedback.media_ssrc(part) == 1111
                    for seq in feedback.parse_nack(part):
                        read = header.parse(packets[seq])
                        payload = seq.to_bytes(2) + packets[seq][read.payload_start :]
                        teacher.send_rtp(
                            rtp(rtx_seq, payload, ssrc=2222, payload_type=97, timestamp=read.timestamp)
                        )
                        rtx_seq += 1

        teacher.on_rtcp = answer
        teacher.lose_outgoing = lambda packet: packet[1] & 0x7F == 96 and number_of(packet) in lost
        for packet in packets.values():
            teacher.send_rtp(packet)
        await until(lambda: len(got) == 100)
        assert sorted(numbers(got)) == list(range(100))
        first = header.parse(got[0]).seq
        assert all(header.parse(p).seq - first == number_of(p) for p in got), "in their places"
        stats = await home.stats()
        assert stats["media_rtx_repaired_total"] == len(lost)
        teacher.send_rtp(rtp(900, (150).to_bytes(2) + b"probe", ssrc=2222, payload_type=97))
        await until(lambda: home.count("rtx_useless") == 1)
        assert len(got) == 100, "a probe of what was not missing goes nowhere"


async def test_publishers_hear_of_every_arrival():
    async with house() as home:
        teacher, _, _got, _ = await lesson(home)
        parts = rtcp_parts(teacher)
        send_video(teacher, range(200), keys=(0,))
        found: set[int] = set()

        def all_told() -> bool:
            for part in parts:
                if part.type == compound.RTPFB and part.subtype == feedback.TRANSPORT_CC:
                    assert feedback.media_ssrc(part) in (1111, 2222)
                    found.update(n for n, at in transport_cc.parse(part).items() if at is not None)
            return found == set(range(100, 300))

        await until(all_told)
        await until(lambda: any(part.type == compound.RR for part in parts))
        block = next(b for part in parts if part.type == compound.RR for b in reports.parse_blocks(part))
        assert (block.ssrc, block.lost) == (1111, 0)


async def test_sender_reports_are_rewritten():
    async with house() as home:
        teacher, student, got, parameters = await lesson(home)
        parts = rtcp_parts(student)
        send_video(teacher, range(4), keys=(0,))
        await until(lambda: len(got) == 4)
        info = SenderInfo(1111, 0x1234_5678_0000_0001, 9000, 999, 999)
        teacher.send_rtcp(reports.build_sender(info))
        await until(lambda: any(part.type == compound.SDES for part in parts))
        told = reports.parse_sender(next(part for part in parts if part.type == compound.SR))
        payload = len(vp8_payload(0, key=True))
        assert told == SenderInfo(parameters.encodings[0].ssrc, info.ntp, 9000, 4, 4 * payload)


async def test_a_flood_of_sender_reports_is_not_passed_on():
    """Each would become one packet per subscriber."""
    async with house() as home:
        teacher, student, got, _ = await lesson(home)
        parts = rtcp_parts(student)
        send_video(teacher, range(4), keys=(0,))
        await until(lambda: len(got) == 4)
        clock = home.worker.clock
        started = clock()
        report = reports.build_sender(SenderInfo(1111, 1 << 40, 9000, 999, 999))
        for _ in range(20):
            teacher.send_rtcp(report * 30)
        await until(lambda: home.count("rtcp_received") >= 20)
        send_video(teacher, range(4, 6))
        await until(lambda: len(got) == 6)
        told = sum(part.type == compound.SR for part in parts)
        assert 1 <= told <= 2 + (clock() - started) / producer.REPORT_SECONDS


async def test_old_packets_are_let_go():
    async with house() as home:
        teacher, student, got, parameters = await lesson(home)
        send_video(teacher, range(20), keys=(0,))
        await until(lambda: len(got) == 20)
        seqs = [header.parse(packet).seq for packet in got]

        def ask(*wanted: int) -> None:
            student.send_rtcp(feedback.build_nack(1, parameters.encodings[0].ssrc, wanted))

        ask(seqs[5])
        await until(lambda: home.count("sent_retransmitted") == 1)
        (stream,) = home.worker.registry.transports["t"].producers["screen"].streams
        stream.refresh(home.worker.clock())
        for _ in range(KEPT_TICKS + 1):
            stream.tick_slowly()
        send_video(teacher, range(20, 22))
        await until(lambda: len(got) == 23)
        ask(seqs[6], header.parse(got[-1]).seq)
        await until(lambda: len(got) == 24)
        assert [number_of(packet, 2) for packet in (got[20], got[23])] == [5, 21]
        assert home.count("sent_retransmitted") == 2


async def test_a_storm_of_nacks_is_cut_off():
    async with house() as home:
        teacher, student, got, parameters = await lesson(home)
        send_video(teacher, range(4), keys=(0,))
        await until(lambda: len(got) == 4)
        # Of what was never sent: packets are numbered from anywhere.
        far = header.parse(got[0]).seq + 30_000
        storm = feedback.build_nack(1, parameters.encodings[0].ssrc, range(far, far + 1_000))
        clock = home.worker.clock
        started = clock()
        for _ in range(40):
            student.send_rtcp(storm)
        counters = home.worker.counters
        # A few suffice, and datagrams may be lost.
        await until(lambda: counters.nacks_ignored)
        seconds = clock() - started
        most = keyframes.RequestBudget.MOST + 1000 + seconds * keyframes.RequestBudget.PER_SECOND
        assert counters.nacks_received <= most
        assert counters.nacks_ignored > 0
        send_video(teacher, range(4, 6))
        await until(lambda: len(got) == 6)


async def test_made_up_ssrcs_leave_nothing_behind():
    """An admitted participant invents SSRCs, in RTP and RTCP; what is kept of them is bounded."""
    async with house() as home:
        teacher, _, got, _ = await lesson(home)
        send_video(teacher, range(4), keys=(0,))
        await until(lambda: len(got) == 4)
        for index in range(700):
            teacher.send_rtcp(reports.build_receiver(0x5000_0000 + index, []))
            teacher.send_rtp(picture(5, ssrc=0x6000_0000 + index))
            if index % 50 == 49:
                await until(
                    lambda n=index: (
                        home.count("rtcp_received") + home.count("dropped_unrouted") >= 2 * (n + 1)
                    )
                )
        inlet = home.worker.registry.transports["t"].inlet
        if isinstance(inlet, PythonInlet):
            assert len(inlet._inbound) <= inbound.MAX_SSRCS
        send_video(teacher, range(4, 6))
        await until(lambda: len(got) == 6)


async def test_what_a_closed_producer_sent_stays_refused():
    """Its mid may be another's now: a recorded datagram must not come alive in it."""
    async with house() as home:
        teacher, _student, got, _ = await lesson(home)
        sent: list[bytes] = []
        send_raw = teacher._send_raw
        teacher._send_raw = lambda data: (sent.append(data), send_raw(data))
        send_video(teacher, range(3), keys=(0,))
        await until(lambda: len(got) == 3)
        teacher._send_raw = send_raw
        await home.ask(control.CloseProducer("screen"), control.Done)
        await home.produce("t", "second", "video", video_parameters())
        await home.consume("s", "c2", "second")
        before = home.count("dropped_replayed")
        for data in sent:
            teacher.send_datagram(data)
        await until(lambda: home.count("dropped_replayed") == before + 3)
        send_video(teacher, range(3, 5), keys=(3,))
        await until(lambda: len(got) == 5)


async def test_a_dead_tcp_connection_goes_with_its_consent():
    """A peer whose network vanished says nothing: its connection must not count against its school for ever."""
    ahead = 0.0

    async with house() as home:
        clock = home.worker.clock
        later = lambda: clock() + ahead  # noqa: E731
        home.worker.clock = home.worker.network.clock = later
        student = await home.join("s", "recv", tcp=True)
        listener = home.worker.network._tcp
        assert listener.connections == 1
        student.stop_checks()
        ahead = 31.0
        await until(lambda: listener.connections == 0)
        assert not home.worker.registry.transports["s"].is_connected


async def test_key_frames_are_asked_at_most_so_often():
    async with house() as home:
        teacher, student, got, parameters = await lesson(home)
        parts = rtcp_parts(teacher)
        await until(lambda: home.worker.counters.plis_sent == 1)
        send_video(teacher, range(2), keys=(0,))
        await until(lambda: len(got) == 2)
        for _ in range(50):
            student.send_rtcp(feedback.build_pli(1, parameters.encodings[0].ssrc))
        await until(lambda: home.worker.counters.plis_received == 50)
        await until(lambda: home.worker.counters.plis_sent == 2)
        send_video(teacher, [2], keys=(2,))
        await until(lambda: len(got) == 3)
        assert plis(parts) <= 2


async def test_pause_and_resume_of_a_consumer():
    async with house() as home:
        teacher, _, got, _ = await lesson(home)
        send_video(teacher, range(5), keys=(0,))
        await until(lambda: len(got) == 5)
        await home.ask(control.PauseConsumer("c"), control.Done)
        send_video(teacher, range(5, 10), keys=(7,))
        await until(lambda: home.count("rtp_received") == 10)
        parts = rtcp_parts(teacher)
        await home.ask(control.ResumeConsumer("c"), control.Done)
        send_video(teacher, range(10, 12))
        await until(lambda: plis(parts))
        send_video(teacher, range(12, 15), keys=(12,))
        await until(lambda: len(got) == 8)
        assert numbers(got) == [0, 1, 2, 3, 4, 12, 13, 14]
        seqs = [header.parse(packet).seq for packet in got]
        assert seqs == list(range(seqs[0], seqs[0] + 8)), "no gap that the subscriber would ask for"


async def test_pause_and_resume_of_a_producer():
    async with house() as home:
        teacher, _, got, _ = await lesson(home)
        parts = rtcp_parts(teacher)
        send_video(teacher, range(5), keys=(0,))
        await until(lambda: len(got) == 5)
        await home.ask(control.PauseProducer("screen"), control.Done)
        send_video(teacher, range(5, 10), keys=(7,))
        await until(lambda: home.count("rtp_received") == 10)
        told = lambda: {  # noqa: E731
            n
            for part in parts
            if part.type == compound.RTPFB and part.subtype == feedback.TRANSPORT_CC
            for n in transport_cc.parse(part)
        }
        await until(lambda: 109 in told())
        await home.ask(control.ResumeProducer("screen"), control.Done)
        send_video(teacher, range(10, 13), keys=(11,))
        await until(lambda: len(got) == 7)
        assert numbers(got) == [0, 1, 2, 3, 4, 11, 12]
        seqs = [header.parse(packet).seq for packet in got]
        assert seqs == list(range(seqs[0], seqs[0] + 7))


def voice(seq: int, level: int) -> bytes:
    return rtp(
        seq,
        b"opus" * 10,
        ssrc=3333,
        payload_type=111,
        timestamp=960 * seq,
        extensions={1: bytes((level,)), 3: seq.to_bytes(2)},
    )


async def test_voices_pass_and_speakers_are_told():
    async with house() as home:
        teacher = await home.join("t", "send")
        student = await home.join("s", "recv")
        await home.produce("t", "voice", "audio", audio_parameters())
        await home.consume("s", "c", "voice")
        got = collect(student)
        teacher.send_rtp(voice(0, 0x80 | 20))
        await until(lambda: got)
        read = header.parse(got[0])
        assert read.payload_type == 100
        assert got[0][slice(*read.extensions[10])] == bytes((0x80 | 20,))
        changes = lambda: [n.speakers for n in home.notices if isinstance(n, control.SpeakersChanged)]  # noqa: E731
        seqs = itertools.count(1)

        def speak() -> bool:
            teacher.send_rtp(voice(next(seqs), 0x80 | 20))
            return bool(changes())

        await until(speak)
        ((producer, level),) = changes()[0]
        assert producer == "voice"
        assert 20 <= level <= 30
        await until(lambda: changes()[-1] == ())


async def test_an_empty_audio_level_is_no_defect():
    """Two-byte extensions may be empty, at the very end of a packet."""
    async with house() as home:
        teacher = await home.join("t", "send")
        await home.produce("t", "voice", "audio", audio_parameters())
        head = struct.pack("!BBHII", 0x90, 111, 7, 960, 3333)
        teacher.send_rtp(head + struct.pack("!HH", 0x1000, 1) + bytes((0, 0, 1, 0)))
        await until(lambda: home.count("rtp_received") == 1)
        assert home.worker.counters.errors == 0


def simulcast() -> control.RtpParameters:
    import msgspec

    from media.parameters import RtpEncoding

    return msgspec.structs.replace(
        video_parameters(), encodings=(RtpEncoding(rid="r0"), RtpEncoding(rid="r1"))
    )


def layer_packet(rid: str, number: int, *, key: bool = False, base: int = 0) -> bytes:
    seq = base + number
    return rtp(
        seq,
        vp8_payload(number, key),
        ssrc=7000 + int(rid[1]),
        payload_type=96,
        timestamp=base + 3000 * number,
        extensions={4: b"0", 10: rid.encode()},
    )


async def test_simulcast_goes_by_mid_and_rid_and_falls_back():
    """Encodings have no SSRC beforehand; the highest that arrives is taken, at key frames, without a jump."""
    async with house() as home:
        teacher = await home.join("t", "send")
        student = await home.join("s", "recv")
        await home.produce("t", "camera", "video", simulcast())
        await home.consume("s", "c", "camera")
        got = collect(student)
        # What waits in a pacer is thrown away at a switch: until the line is taken for a good one it is paced.
        links = home.worker._rhythm._downlinks
        student_line = home.worker.registry.transports["s"]
        await until(lambda: (link := links.get(student_line)) is not None and not link.policy.is_held)
        for number in range(5):
            teacher.send_rtp(layer_packet("r0", number, key=number == 0))
        await until(lambda: len(got) == 5)
        asked = rtcp_parts(teacher)
        for number in range(5, 7):
            teacher.send_rtp(layer_packet("r0", number))
            teacher.send_rtp(layer_packet("r1", number, base=30_000))
        await until(lambda: any(feedback.media_ssrc(part) == 7001 for part in asked))
        for number in range(7, 10):
            teacher.send_rtp(layer_packet("r0", number))
            teacher.send_rtp(layer_packet("r1", number, key=number == 7, base=30_000))
        await until(lambda: len(got) == 11)
        assert numbers(got) == [*range(8), 7, 8, 9]
        reads = [header.parse(packet) for packet in got]
        assert len({read.ssrc for read in reads}) == 1
        assert [read.seq - reads[0].seq for read in reads] == list(range(11))
        stamps = [read.timestamp for read in reads]
        assert all(a < b for a, b in itertools.pairwise(stamps))
        pictures = [
            (packet[read.payload_start + 2] & 0x7F) << 8 | packet[read.payload_start + 3]
            for packet, read in zip(got, reads, strict=True)
        ]
        assert [p - pictures[0] for p in pictures] == list(range(11))
        parts = rtcp_parts(teacher)
        # The upper one stops: subscribers come back to the lower, which is asked for a key frame.
        sent = 10

        def go_on() -> bool:
            nonlocal sent
            asked = any(part.type == compound.PSFB and feedback.media_ssrc(part) == 7000 for part in parts)
            teacher.send_rtp(layer_packet("r0", sent, key=asked))
            sent += 1
            return len(got) > 13

        await until(go_on)
        seqs = [header.parse(packet).seq for packet in got]
        assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))
        stamps = [header.parse(packet).timestamp for packet in got]
        assert all(a < b for a, b in itertools.pairwise(stamps))


async def test_ice_restart_moves_to_a_new_address():
    async with house() as home:
        teacher, student, got, _ = await lesson(home)
        send_video(teacher, range(3), keys=(0,))
        await until(lambda: len(got) == 3)
        restarted = await home.ask(control.RestartIce("s"), control.IceRestarted)
        old = student.local_port
        student.restart_ice(restarted.ice_parameters)
        student.move()
        assert student.local_port != old
        await until(student.answered.is_set)
        send_video(teacher, range(3, 6))
        await until(lambda: len(got) == 6)
        assert student.counters.unprotect_failed == 0
        assert [n for n in home.notices if isinstance(n, control.TransportChanged)][-1].state == "connected"


async def test_an_address_change_without_a_restart_is_followed():
    async with house() as home:
        teacher, student, got, _ = await lesson(home)
        send_video(teacher, range(3), keys=(0,))
        await until(lambda: len(got) == 3)
        answered = student.counters.checks_answered
        student.move()
        await until(lambda: student.counters.checks_answered > answered)
        send_video(teacher, range(3, 6))
        await until(lambda: len(got) == 6)


async def test_consent_expires_with_time_and_returns(monkeypatch):
    """Time is the test's: 31 seconds pass at once. (The native fanout answers checks by the machine's clock.)"""
    monkeypatch.setenv("CLASSROOM_FANOUT", "python")
    ahead = 0.0

    async with house() as home:
        clock = home.worker.clock
        later = lambda: clock() + ahead  # noqa: E731
        home.worker.clock = home.worker.network.clock = later
        object.__setattr__(home.worker._operations._around, "clock", later)
        teacher, student, got, _ = await lesson(home)
        student.stop_checks()
        send_video(teacher, range(2), keys=(0,))
        await until(lambda: len(got) == 2)
        ahead = 31.0
        teacher.check()
        await until(lambda: not home.worker.registry.transports["s"].is_connected)
        state = next(
            n
            for n in reversed(home.notices)
            if isinstance(n, control.TransportChanged) and n.transport == "s"
        )
        assert (state.state, state.peer, state.router) == ("disconnected", "peer s", "r")
        student.check()
        await until(lambda: home.worker.registry.transports["s"].is_connected)
        send_video(teacher, range(2, 5), keys=(3,))
        await until(lambda: len(got) == 4)
        assert numbers(got) == [0, 1, 3, 4]


async def test_nothing_but_stun_from_unknown_addresses():
    async with house() as home:
        teacher, _, got, _ = await lesson(home)
        stranger = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with stranger:
            hello = bytes((22, 0xFE, 0xFD)) + bytes(8) + (4).to_bytes(2) + bytes(4)
            for data in (hello, picture(1, key=True), bytes((0x80, 200)) + bytes(30), b"\xff" * 40):
                stranger.sendto(data, ("127.0.0.1", home.worker.port))
            await until(lambda: home.count("dropped_unvalidated") == 4)
        send_video(teacher, range(2), keys=(0,))
        await until(lambda: len(got) == 2)


async def test_ten_thousand_malformed_datagrams_close_nothing():
    """From strangers and from the participants' own addresses."""
    async with house() as home:
        teacher, student, got, _ = await lesson(home)
        rng = random.Random(11)
        stranger = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        protected = bytes((0x90, 96)) + bytes(60)
        check = bytes.fromhex("000100002112a442") + bytes(12)
        sent = 0
        before = home.count("udp_received")
        with stranger:
            stranger.connect(("127.0.0.1", home.worker.port))
            while sent < 10_000:
                for _ in range(200):
                    data = bytearray(rng.choice((protected, check, rng.randbytes(rng.randrange(1, 1500)))))
                    for _ in range(rng.randrange(4)):
                        data[rng.randrange(len(data))] = rng.randrange(256)
                    who = rng.choice((stranger.send, teacher.send_datagram, student.send_datagram))
                    who(bytes(data))
                    sent += 1
                await until(lambda: home.count("udp_received") - before >= sent)  # noqa: B023
        assert home.worker.counters.errors == 0
        assert all(t.is_connected for t in home.worker.registry.transports.values())
        send_video(teacher, range(3), keys=(0,))
        await until(lambda: len(got) == 3)


async def test_malformed_plain_packets_of_a_participant_change_nothing():
    """Authentic, but nonsense inside: RTP and RTCP."""
    async with house() as home:
        teacher, student, got, parameters = await lesson(home)
        rng = random.Random(12)
        ssrc = parameters.encodings[0].ssrc
        send_video(teacher, [0], keys=(0,))
        await until(lambda: len(got) == 1)
        for round_number in range(400):
            kind = rng.choice((200, 201, 202, 203, 205, 206, 207))
            body = struct.pack("!II", 1, rng.choice((ssrc, 1111, 5))) + rng.randbytes(4 * rng.randrange(20))
            packet = compound.build(kind, rng.randrange(32), body)
            (teacher if round_number % 2 else student).send_rtcp(packet)
        for number in range(200):
            junk = rtp(
                20_000 + number,
                rng.randbytes(rng.randrange(40)),
                ssrc=rng.choice((2222, 1111, 9, rng.getrandbits(32))),
                payload_type=rng.choice((96, 97, 3, 127)),
                extensions={rng.randrange(1, 15): rng.randbytes(rng.randrange(1, 16)) for _ in range(3)},
            )
            teacher.send_rtp(junk)
        received = lambda: home.count("rtcp_received") + home.count("udp_received")  # noqa: E731
        await until(lambda: received() > 600)
        assert home.worker.counters.errors == 0
        assert all(t.is_connected for t in home.worker.registry.transports.values())
