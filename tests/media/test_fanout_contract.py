"""What every fanout must do, on the wire. A new implementation joins ``FANOUTS`` and nothing else here changes."""

import itertools
import os
import random
import struct

import pytest

from media import srtp, stun
from media.fanout import batch
from media.fanout.choose import IMPLEMENTATIONS
from media.fanout.port import ALL_LAYERS, COUNTERS
from media.fanout.python import PythonFanout
from media.rtcp import compound, feedback, reports, transport_cc
from media.rtcp.reports import ReportBlock, SenderInfo
from media.rtp import header
from tests.media.house import until
from tests.media.switchboard import VOICE, Switchboard, element, frame, picture_of, switchboard, vp8


def unsegmented(sock, clock):
    fanout = PythonFanout(sock, clock)
    if isinstance(fanout._batch, batch.MmsgBatch):
        fanout._batch._segmenter = None
    return fanout


def one_by_one(sock, clock):
    fanout = PythonFanout(sock, clock)
    fanout.use_batch(batch.LoopBatch(sock))
    return fanout


FANOUTS = {
    **IMPLEMENTATIONS,
    "python, unsegmented": unsegmented,
    "python, one by one": one_by_one,
}
each = pytest.mark.parametrize("make", FANOUTS.values(), ids=list(FANOUTS))


def video(number: int, *, key: bool = False, **more) -> bytes:
    return frame(1000 + number, 3000 * number, vp8(number, key=key, **more), bytes(50))


async def followed(board: Switchboard, **more):
    """A publisher, and a subscriber that follows it from its first key frame on."""
    publisher, source, heard = board.publish()
    subscriber = board.end()
    leg, told = board.leg(subscriber, **more)
    leg.follow(source)
    await board.settle()
    return publisher, source, heard, subscriber, leg, told


@each
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_every_leg_gets_its_own_numbers(make, host):
    async with switchboard(make, host) as board:
        publisher, source, heard = board.publish()
        ends = [board.end() for _ in range(3)]
        for index, end in enumerate(ends):
            leg, _ = board.leg(end, ssrc=500 + index, start=10 * index + 1, mid=f"000{index}")
            leg.follow(source)
        await board.settle()
        for number in range(5):
            publisher.send(video(number, key=number == 1))
        for index, end in enumerate(ends):
            got = await end.come(4)
            reads = [header.parse(packet) for packet in got]
            assert [(r.ssrc, r.seq, r.payload_type) for r in reads] == [
                (500 + index, 10 * index + 1 + n, 101) for n in range(4)
            ]
            assert [r.timestamp for r in reads] == [3000, 6000, 9000, 12000]
            assert [element(packet, 1) for packet in got] == [b"000%d" % index] * 4
            assert [int.from_bytes(element(packet, 5)) for packet in got] == [0, 1, 2, 3]
            assert [picture_of(packet)[1] for packet in got] == [1, 2, 3, 4]
        await until(lambda: heard.key_frames)
        assert heard.key_frames == 1
        assert board.count("sent_packets") >= 12
        assert set(board.fanout.counters()) == set(COUNTERS)


@each
@pytest.mark.parametrize("profile", [srtp.AEAD_AES_128_GCM, srtp.AES128_CM_SHA1_80])
@pytest.mark.parametrize("stream", [False, True], ids=["udp", "tcp"])
async def test_profiles_and_ways(make, profile, stream):
    async with switchboard(make) as board:
        publisher, source, _ = board.publish()
        end = board.end(profile, stream=stream)
        leg, _ = board.leg(end)
        leg.follow(source)
        await board.settle()
        for number in range(20):
            publisher.send(video(number, key=number == 0))
        got = await end.come(20)
        assert [picture_of(packet)[1] for packet in got] == list(range(20))


@each
async def test_extensions_in_both_forms_are_kept(make):
    async with switchboard(make) as board:
        publisher, _, _, end, _, _ = await followed(board)
        long = os.urandom(40)
        two_byte = bytes((8, 40)) + long + bytes((3, 2)) + b"\0\7"
        two_byte += bytes(-len(two_byte) % 4)
        head = struct.pack("!BBHII", 0x90, 0xE0, 1000, 3000, 1111)
        publisher.send(head + struct.pack("!HH", 0x1000, len(two_byte) // 4) + two_byte + vp8(1, key=True))
        publisher.send(frame(1001, 6000, vp8(2), extensions={8: b"dd", 4: b"0"}))
        first, second = await end.come(2)
        assert element(first, 8) == long
        assert element(first, 1) == b"0007"
        assert int.from_bytes(element(first, 5)) == 0
        assert element(second, 8) == b"dd"
        assert int.from_bytes(element(second, 5)) == 1
        read = header.parse(second)
        assert set(read.extensions) == {1, 5, 8}


@each
async def test_loss_reordering_and_wraps_keep_numbers_apart(make):
    """What is lost leaves its hole, what is late fills it, nothing comes twice; over several wraps of 2^16."""
    rng = random.Random(7)
    async with switchboard(make) as board:
        publisher, _, heard, end, _, _ = await followed(board, start=0x7FFF)
        # Every so often a jump, so that the circle is gone round several times.
        order = [65_000 + n + n // 720 * 20_000 for n in range(9_000)]
        sent: list[int] = []
        at = 0
        while at < len(order):
            block = order[at : at + 24]
            at += 24
            if at > 24:
                rng.shuffle(block)
                block = [n for n in block if rng.random() > 0.05]
            for n in block:
                packet = frame(n, 3000 * (n - 65_000), vp8(n & 0x7FFF, key=at == 24), bytes(20))
                publisher.send(packet)
                sent.append(n)
            await until(lambda: board.count("rtp_received") >= len(sent))
            end.pull()
        await end.come(len(sent))
        outs: dict[int, int] = {}
        highest = 0x7FFF
        for packet in end.rtp:
            read = header.parse(packet)
            out = highest + ((read.seq - highest + 0x8000) & 0xFFFF) - 0x8000
            highest = max(highest, out)
            assert out not in outs
            outs[out] = picture_of(packet)[1]
        first = min(sent)
        expected = {0x7FFF + (n - first): n & 0x7FFF for n in sent}
        assert outs == expected
        assert heard.gaps
        assert heard.late


@each
async def test_doubles_and_probes_are_dropped(make):
    async with switchboard(make) as board:
        publisher, _, heard, end, _, _ = await followed(board)
        for number in (0, 1, 3):
            publisher.send(video(number, key=number == 0))
        await end.come(3)
        await until(lambda: heard.gaps)
        again = frame(50, 3000, struct.pack("!H", 1001) + vp8(1), payload_type=97, ssrc=2222)
        repair = frame(51, 6000, struct.pack("!H", 1002) + vp8(2), payload_type=97, ssrc=2222)
        publisher.send(again)
        publisher.send(repair)
        got = await end.come(4)
        assert picture_of(got[3])[1] == 2
        assert end.seqs() == [100, 101, 103, 102]
        await until(lambda: heard.late == [heard.gaps[0][0]])
        assert board.count("rtx_useless") == 1
        assert board.count("rtx_repaired") == 1


@each
async def test_numbers_are_sent_again_on_the_retransmission_stream(make):
    async with switchboard(make) as board:
        publisher, _, _, end, leg, _ = await followed(board, rtx_ssrc=888, rtx_payload_type=102, rtx_start=7)
        for number in range(10):
            publisher.send(video(number, key=number == 0))
        await end.come(10)
        leg.resend([103, 105, 4000, 99], 100_000)
        board.fanout.flush()
        got = (await end.come(12))[10:]
        for index, packet in enumerate(got):
            read = header.parse(packet)
            assert (read.ssrc, read.payload_type, read.seq) == (888, 102, 7 + index)
            original = int.from_bytes(packet[read.payload_start : read.payload_start + 2])
            assert original == (103, 105)[index]
            at = read.payload_start + 2
            assert int.from_bytes(packet[at + 10 : at + 14]) == original - 100
        assert [int.from_bytes(element(packet, 5)) for packet in end.rtp] == list(range(12))
        await until(lambda: leg.state().rtx_packets == 2)
        assert leg.state().packets == 10
        leg.resend([104, 106, 107], 1)
        board.fanout.flush()
        await end.come(13)


@each
async def test_a_leg_changes_its_source_at_a_key_frame(make):
    async with switchboard(make) as board:
        publisher, source, _, end, leg, told = await followed(board)
        other, second, _ = board.publish()
        for number in range(3):
            publisher.send(video(number, key=number == 0))
        await end.come(3)
        leg.follow(second)
        await board.settle()
        publisher.send(video(3))
        await end.come(4)
        other.send(frame(7, 500_000, vp8(9000), bytes(5)))
        other.send(frame(8, 503_000, vp8(9001, key=True), bytes(5)))
        await end.come(5)
        publisher.send(video(4))
        other.send(frame(9, 506_000, vp8(9002), bytes(5)))
        got = await end.come(6)
        assert end.seqs() == list(range(100, 106))
        assert [picture_of(packet)[1] for packet in got] == [0, 1, 2, 3, 9001, 9002]
        assert [picture_of(packet)[0] for packet in got] == list(range(6))
        assert [picture_of(packet)[2] for packet in got] == list(range(6))
        stamps = [header.parse(packet).timestamp for packet in got]
        assert all(0 < b - a < 90_000 * 10 for a, b in itertools.pairwise(stamps))
        await until(lambda: len(told.began) == 2)
        assert told.began == [source, second]
        leg.follow(None)
        await board.settle()
        other.send(frame(10, 509_000, vp8(9003)))
        await until(lambda: board.count("rtp_received") == 9)
        await board.settle()
        await end.come(6)


@each
async def test_temporal_layers_are_left_out_without_a_hole(make):
    """VP8, T0 T2 T1 T2 …: down at once, up at a picture that depends on the base layer alone."""
    pattern = (0, 2, 1, 2)
    async with switchboard(make) as board:
        publisher, _, _, end, leg, _ = await followed(board)

        def send(numbers, sync=False):
            for n in numbers:
                temporal = pattern[n % 4]
                publisher.send(video(n, key=n == 0, temporal=temporal, sync=sync and temporal > 0))

        send(range(8))
        await end.come(8)
        leg.limit(0)
        await board.settle()
        send(range(8, 16))
        await end.come(10)
        leg.limit(1)
        await board.settle()
        send(range(16, 20))
        await end.come(11)
        send(range(20, 24), sync=True)
        await end.come(13)
        leg.limit(ALL_LAYERS)
        await board.settle()
        send(range(24, 28), sync=True)
        got = await end.come(17)
        assert [picture_of(packet)[1] for packet in got] == [*range(8), 8, 12, 16, 20, 22, 24, 25, 26, 27]
        assert end.seqs() == list(range(100, 117))
        assert [picture_of(packet)[0] for packet in got] == list(range(17))


@each
async def test_sender_reports_go_out_in_the_legs_numbers(make):
    async with switchboard(make) as board:
        publisher, source, _, end, _, _ = await followed(board, cname="teacher")
        source.sender_report(SenderInfo(1111, 5 << 32, 3000, 9, 9))
        for number in range(3):
            publisher.send(video(number, key=number == 0))
        await end.come(3)
        source.sender_report(SenderInfo(1111, 6 << 32, 93_000, 9, 9))
        board.fanout.flush()

        def two() -> bool:
            end.pull()
            return len(end.rtcp) >= 2

        await until(two)
        first, second = (compound.split(packet) for packet in end.rtcp)
        assert [part.type for part in second] == [compound.SR, compound.SDES]
        info = reports.parse_sender(second[0])
        assert (info.ntp, info.rtp_timestamp, info.packets) == (6 << 32, 93_000, 3)
        assert b"teacher" in second[1].body
        assert reports.parse_sender(first[0]).ntp == 5 << 32


@each
async def test_feedback_is_read_where_it_arrives(make):
    """Receiver reports and transport-cc make a digest; what else there is is told."""
    async with switchboard(make) as board:
        publisher, _, _, end, leg, _ = await followed(board, ssrc=500)
        for number in range(10):
            publisher.send(video(number, key=number == 0))
        await end.come(10)
        arrivals = transport_cc.Arrivals()
        for number in range(10):
            if number not in (4, 5):
                arrivals.note(number, 1_000_000 + 1000 * number)
        (report,) = arrivals.take(1, 500)
        block = ReportBlock(500, 51, 2, 109, 33, 0, 0)
        end.send(reports.build_receiver(1, [block]) + report)
        found = []

        def come() -> bool:
            board.fanout.ask_digests()
            found.extend(board.fanout.digests())
            return bool(found)

        await until(come)
        ((outlet, digest),) = found
        assert outlet is end.outlet
        assert (digest.acked_packets, digest.lost_packets) == (8, 2)
        assert digest.acked_octets == digest.sent_octets * 8 // 10
        assert digest.rtt_us > 0
        assert digest.delay_min_us <= digest.delay_mean_us
        state = leg.state()
        assert (state.fraction_lost, state.reported_lost, state.jitter) == (51, 2, 33)
        assert not end.heard.rtcp
        end.send(feedback.build_pli(1, 500))
        await until(lambda: end.heard.rtcp)


def picture_and_voice(board):
    """Who sends each (SSRCs 500 and 600 at the subscriber's), and the subscriber who takes both."""
    publisher, source, _ = board.publish()
    speaker, voice, _ = board.publish(VOICE, ssrc=3333, rtx=0)
    end = board.end()
    picture, _ = board.leg(end, ssrc=500)
    sound, _ = board.leg(end, ssrc=600, is_voice=True)
    picture.follow(source)
    sound.follow(voice)
    return publisher, speaker, end


@each
async def test_a_paced_outlet_sends_voice_first_and_all_in_time(make):
    async with switchboard(make) as board:
        publisher, speaker, end = picture_and_voice(board)
        end.outlet.pace(40_000, 5.0)
        await board.settle()
        for number in range(20):
            publisher.send(frame(1000 + number, 0, vp8(number, key=number == 0), bytes(1000)))
        await until(lambda: board.count("rtp_received") == 20)
        for number in range(5):
            speaker.send(frame(number, 960 * number, b"opus", payload_type=111, ssrc=3333))
        got = await end.come(25)
        ssrcs = [header.parse(packet).ssrc for packet in got]
        assert [n for n, ssrc in enumerate(ssrcs) if ssrc == 600][-1] < 20
        pictures = [header.parse(packet).seq for packet in got if header.parse(packet).ssrc == 500]
        assert pictures == list(range(100, 120))
        assert [int.from_bytes(element(packet, 5)) for packet in got] == list(range(25))


@each
async def test_pictures_wait_for_what_is_sent_beside_them_and_voice_does_not(make):
    async with switchboard(make) as board:
        publisher, speaker, end = picture_and_voice(board)
        end.outlet.spend(10_000_000)  # not paced: nothing to hold up
        end.outlet.pace(40_000, 5.0)
        end.outlet.spend(40_000)
        end.outlet.spend(10_000_000)  # no more than two seconds of it
        await board.settle()
        for number in range(3):
            publisher.send(frame(1000 + number, 0, vp8(number, key=number == 0), bytes(1000)))
        await until(lambda: board.count("rtp_received") == 3)
        for number in range(5):
            speaker.send(frame(number, 960 * number, b"opus", payload_type=111, ssrc=3333))
        got = await end.come(8)
        assert [header.parse(packet).ssrc for packet in got] == 5 * [600] + 3 * [500]


@each
async def test_a_full_pacer_is_flushed_to_the_next_key_frame(make):
    async with switchboard(make) as board:
        publisher, _, _, end, leg, told = await followed(board)
        end.outlet.pace(20_000, 0.2)
        await board.settle()
        number = 0

        def starve() -> bool:
            nonlocal number
            publisher.send(frame(1000 + number, 3000 * number, vp8(number, key=number == 0), bytes(1000)))
            number += 1
            end.pull()
            return told.starved > 0

        await until(starve)
        end.outlet.pace(0, 0.2)
        await board.settle()
        before = number
        for n in range(number, number + 4):
            publisher.send(frame(1000 + n, 3000 * n, vp8(n, key=n == before + 1), bytes(10)))

        def last() -> bool:
            end.pull()
            return bool(end.rtp) and picture_of(end.rtp[-1])[1] == before + 3

        await until(last)
        seqs = end.seqs()
        assert seqs == list(range(100, 100 + len(seqs)))
        assert [picture_of(packet)[1] for packet in end.rtp[-3:]] == [before + 1, before + 2, before + 3]
        assert board.count("sent_flushed") > 0
        assert leg.state().flushed == board.count("sent_flushed")


@each
async def test_probes_are_padding_with_numbers_of_their_own(make):
    async with switchboard(make) as board:
        publisher, _, _, end, _, _ = await followed(board)
        publisher.send(video(0, key=True))
        await end.come(1)
        end.outlet.probe(50_000, 0.2)

        def some() -> bool:
            end.pull()
            return len(end.rtp) > 4

        await until(some)
        probes = end.rtp[1:]
        assert {header.parse(packet).ssrc for packet in probes} == {1234}
        assert {header.parse(packet).payload_type for packet in probes} == {127}
        numbers = [int.from_bytes(element(packet, 5)) for packet in end.rtp]
        assert numbers == list(range(len(numbers)))


@each
async def test_unknown_ssrcs_are_asked_about_and_nothing_of_them_is_lost(make):
    async with switchboard(make) as board:
        publisher, source, _, end, _, _ = await followed(board)
        publisher.heard.answer = lambda packet: (
            publisher.inlet.route(7777, source, repairs=False)
            if header.parse(packet).ssrc == 7777
            else publisher.inlet.ignore(header.parse(packet).ssrc)
        )
        for number in range(5):
            publisher.send(frame(1000 + number, 3000 * number, vp8(number, key=number == 0), ssrc=7777))
            publisher.send(frame(1000 + number, 3000 * number, vp8(number, key=number == 0), ssrc=6666))
        got = await end.come(5)
        assert [picture_of(packet)[1] for packet in got] == list(range(5))
        assert len(publisher.heard.unknown) == 2
        await until(lambda: board.count("dropped_unrouted") == 5)


@each
async def test_only_stun_is_heard_from_addresses_that_are_not_trusted(make):
    async with switchboard(make) as board:
        publisher, _, _, end, _, _ = await followed(board)
        board.fanout.trust(publisher.key, None)
        await board.settle()
        before = board.count("dropped_unvalidated")
        publisher.send(video(0, key=True))
        publisher.raw(bytes((22,)) + bytes(30))
        request = stun.binding_request("a:b", b"secret", 1, 2, True)
        publisher.raw(request)
        await until(lambda: board.heard.stun)
        assert board.heard.stun == [(request, publisher.key)]
        assert board.count("dropped_unvalidated") == before + 2
        board.fanout.trust(publisher.key, publisher.inlet)
        await board.settle()
        publisher.raw(bytes((22,)) + bytes(30))
        publisher.send(video(1, key=True))
        await end.come(1)
        await until(lambda: publisher.heard.dtls)


@each
async def test_right_checks_are_answered_or_told_wrong_ones_only_told(make):
    async with switchboard(make) as board:
        end = board.end()
        end.inlet.answer_checks(end.key, "ours", "secret")
        await board.settle()
        right = stun.binding_request("ours:theirs", b"secret", 1, 2, True)
        wrong = stun.binding_request("ours:theirs", b"guess", 1, 2, True)
        end.raw(right)
        end.raw(wrong)
        await until(lambda: (wrong, end.key) in board.heard.stun)
        if (right, end.key) in board.heard.stun:
            return
        answer = stun.parse(end.sock.recv(2048))
        assert answer.type == stun.Type.SUCCESS
        assert answer.transaction == stun.parse(right).transaction
        assert answer.is_authentic(b"secret")
        mapped = stun.decode_address(answer.attributes[stun.Attribute.XOR_MAPPED_ADDRESS], answer.transaction)
        assert mapped == end.sock.getsockname()[:2]
        assert end.inlet.checked_at > 0
        end.inlet.answer_checks(None, "", "")
        await board.settle()
        end.raw(right)
        await until(lambda: (right, end.key) in board.heard.stun)


@each
async def test_taps_hear_packets_and_arrivals_are_noted(make):
    async with switchboard(make) as board:
        publisher, source, heard, _, _, _ = await followed(board)
        source.tap(True)
        await board.settle()
        for number in range(5):
            publisher.send(
                frame(
                    1000 + number,
                    3000 * number,
                    vp8(number, key=number == 2),
                    b"body",
                    extensions={3: number.to_bytes(2)},
                )
            )
        await until(lambda: len(heard.packets) == 5)
        assert [packet.seq & 0xFFFF for packet in heard.packets] == list(range(1000, 1005))
        assert [packet.key_frame_start for packet in heard.packets] == [n == 2 for n in range(5)]
        for packet in heard.packets:
            read = header.parse(packet.template)
            assert (read.ssrc, read.payload_type) == (1111, 101)
            assert packet.template[packet.payload_start :].endswith(b"body")
        arrivals = publisher.inlet.take_arrivals()
        assert [number for number, _ in arrivals] == list(range(5))
        assert arrivals == sorted(arrivals, key=lambda entry: entry[1])
        assert not publisher.inlet.take_arrivals()
        state = source.state()
        assert (state.highest - state.base, state.packets) == (4, 5)


@each
async def test_a_paused_source_forwards_nothing(make):
    async with switchboard(make) as board:
        publisher, source, _, end, _, _ = await followed(board)
        source.pause(True)
        await board.settle()
        publisher.send(video(0, key=True))
        await until(lambda: board.count("rtp_received") == 1)
        source.pause(False)
        await board.settle()
        publisher.send(video(1, key=True))
        got = await end.come(1)
        assert picture_of(got[0])[1] == 1
        assert source.state().packets == 2


@each
async def test_levels_of_voices(make):
    async with switchboard(make) as board:
        publisher, source, _ = board.publish(VOICE, ssrc=3333, rtx=0)
        for number, level in enumerate((0x80 | 40, 25, 90)):
            publisher.send(
                frame(
                    number,
                    960 * number,
                    b"opus",
                    payload_type=111,
                    ssrc=3333,
                    extensions={1: bytes((level,))},
                )
            )
        await until(lambda: board.count("rtp_received") == 3)
        await board.settle()
        assert source.state().loudest == 25
        assert source.state().loudest == 127


@each
async def test_forged_replayed_and_broken_packets_are_counted(make):
    async with switchboard(make) as board:
        publisher, _, _, end, _, _ = await followed(board)
        sealed = publisher.seal(video(0, key=True))
        publisher.raw(sealed)
        publisher.raw(sealed)
        publisher.raw(sealed[:-1] + bytes((sealed[-1] ^ 1,)))
        publisher.raw(b"\x80" * 5)
        publisher.raw(bytes((200,)) + bytes(40))
        await until(lambda: board.count("udp_received") >= 5)
        await board.settle()
        await end.come(1)
        assert board.count("dropped_replayed") + board.count("dropped_unauthentic") == 2
        assert board.count("dropped_early") == 1
        assert board.count("dropped_unknown") == 1


@each
async def test_closed_handles_take_and_tell_nothing(make):
    async with switchboard(make) as board:
        publisher, source, heard, end, leg, told = await followed(board)
        publisher.send(video(0, key=True))
        await end.come(1)
        await until(lambda: told.began)
        leg.close()
        leg.close()
        await board.settle()
        publisher.send(video(1, key=True))
        await until(lambda: board.count("rtp_received") == 2)
        await board.settle()
        await end.come(1)
        source.close()
        source.close()
        publisher.send(video(2, key=True))
        publisher.inlet.close()
        publisher.inlet.close()
        end.outlet.close()
        end.outlet.close()
        end.outlet.send_rtcp(bytes(8))
        await board.settle()
        assert heard.key_frames <= 2
        assert told.began == [source]


@each
@pytest.mark.parametrize(
    "wrong",
    [{"mid": "1"}, {"mid_id": 0}, {"transport_cc_id": 15}, {"start": 0}, {"start": 0x8000}, {"rtx_start": 0}],
)
async def test_settings_that_cannot_be_are_refused(make, wrong):
    async with switchboard(make) as board:
        end = board.end()
        with pytest.raises(ValueError):
            board.leg(end, **wrong)
        with pytest.raises(ValueError):
            end.outlet.set_keys(srtp.SrtpKeys(srtp.AEAD_AES_128_GCM, bytes(28), bytes(28)))


@each
async def test_what_has_nowhere_to_go_or_is_too_large_is_dropped_and_counted(make):
    async with switchboard(make) as board:
        publisher, _, _, end, _, _ = await followed(board)
        end.outlet.to_nowhere()
        await board.settle()
        publisher.send(video(0, key=True))
        await until(lambda: board.count("sent_dropped_nowhere") == 1)
        end.outlet.to_address(end.key)
        end.outlet.send_rtcp(bytes(3000))
        await board.settle()
        publisher.send(video(1))
        got = await end.come(1)
        assert picture_of(got[0])[1] == 1
        assert board.count("sent_dropped_too_large") == 1
