"""Media through a real worker over real sockets, with the Python peer at both ends."""

import pytest

from media.rtp import header
from tests.media.house import house, rtp, until, video_parameters, vp8_payload


def payload_number(packet: bytes) -> int:
    read = header.parse(packet)
    assert read is not None
    at = read.payload_start + 10
    return int.from_bytes(packet[at : at + 4])


def send_video(peer, numbers, *, key_at=(), ssrc=1111, start=100):
    for number in numbers:
        peer.send_rtp(
            rtp(
                start + number,
                vp8_payload(number, number in key_at),
                ssrc=ssrc,
                payload_type=96,
                timestamp=3000 * number,
                extensions={3: (start + number).to_bytes(2)},
            )
        )


@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
async def test_media_passes(tcp):
    async with house() as home:
        teacher = await home.join("t", "send", tcp=tcp)
        student = await home.join("s", "recv", tcp=tcp)
        await home.produce("t", "screen", "video", video_parameters())
        parameters = await home.consume("s", "c", "screen")
        got: list[bytes] = []
        student.on_rtp = lambda packet, at: got.append(packet)
        send_video(teacher, range(50), key_at=(0,))
        await until(lambda: len(got) == 50)
        assert [payload_number(packet) for packet in got] == list(range(50))
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
        teacher = await home.join("t", "send")
        student = await home.join("s", "recv")
        await home.produce("t", "screen", "video", video_parameters())
        await home.consume("s", "c", "screen")
        got: list[bytes] = []
        student.on_rtp = lambda packet, at: got.append(packet)
        send_video(teacher, range(10), key_at=(5,))
        await until(lambda: len(got) == 5)
        assert [payload_number(packet) for packet in got] == [5, 6, 7, 8, 9]
