"""Packets per CPU-second of the fanout: one source, many subscribers, over loopback.

Run: ``python -m tests.bench.fanout [--subscribers 100] [--seconds 3]``; prints one JSON line per case.
What is counted: parsing and building each incoming packet, rewriting, protecting (AES-128-GCM) and
sending every copy. Receivers live in a process of their own and read everything.
"""

import argparse
import json
import multiprocessing
import multiprocessing.connection
import os
import selectors
import socket
import struct
import sys
import time

from media import srtp
from media.fanout.port import Fanout, LegSettings, Source
from media.fanout.python import PythonFanout
from media.rtp import header
from media.rtp.packet import build

PAYLOAD = 1_188
VIDEO_PER_FRAME, FRAMES = 10, 30
AUDIO = 50


def receivers(count: int, pipe: multiprocessing.connection.Connection) -> None:
    """Own process: ``count`` sockets, read until told to stop; answers how many datagrams came."""
    selector = selectors.DefaultSelector()
    ports: list[int] = []
    for _ in range(count):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        sock.setblocking(False)
        sock.bind(("127.0.0.1", 0))
        ports.append(sock.getsockname()[1])
        selector.register(sock, selectors.EVENT_READ, sock)
    selector.register(pipe, selectors.EVENT_READ)
    pipe.send(ports)
    buffer = bytearray(2048)
    received = 0
    stopping = False
    while True:
        ready = selector.select(0.5 if stopping else None)
        if stopping and not ready:
            break
        for key, _ in ready:
            if key.data is None:
                stopping = True
                selector.unregister(pipe)
                continue
            try:
                while True:
                    key.data.recv_into(buffer)
                    received += 1
            except BlockingIOError:
                pass
    pipe.send(received)


def incoming(seq: int, timestamp: int, payload: bytes) -> bytes:
    """A video packet as a browser sends it, with MID and transport-cc."""
    extensions = bytes((0x40, 0x30, 0x31, seq >> 8 & 0xFF, seq & 0xFF, 0, 0, 0))
    head = struct.pack("!BBHII", 0x90, 96, seq & 0xFFFF, timestamp & 0xFFFFFFFF, 1111)
    return head + struct.pack("!HH", 0xBEDE, 2) + extensions + payload


def forward(source: Source, seq: int, timestamp: int, payload: bytes) -> None:
    packet = incoming(seq, timestamp, payload)
    read = header.parse(packet)
    assert read is not None
    source.forward(build(packet, read, seq, 101, {}))


def measure(
    fanout: Fanout, source: Source, subscribers: int, seconds: float, paced: bool
) -> dict[str, float]:
    """A second is 30 frames of 10 packets, and 50 small ones: all of a frame at once, or evenly."""
    video, audio = os.urandom(PAYLOAD), os.urandom(100)
    before, started = time.process_time(), time.perf_counter()
    sent_before = fanout.counters()["packets"]
    seq = 0x10000
    step = 1 / (FRAMES * VIDEO_PER_FRAME) if paced else 1 / FRAMES
    for index in range(int(seconds / step)):
        for _ in range(1 if paced else VIDEO_PER_FRAME):
            forward(source, seq, index * 3000, video)
            seq += 1
        if index % (6 if paced else 1) == 0:
            forward(source, seq, index * 3000, audio)
            seq += 1
        fanout.flush()
        wait = started + (index + 1) * step - time.perf_counter()
        if wait > 0:
            time.sleep(wait)
    cpu = time.process_time() - before
    sent = fanout.counters()["packets"] - sent_before
    return {"packets": sent, "cpu_seconds": round(cpu, 3), "packets_per_cpu_second": round(sent / cpu)}


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    arguments.add_argument("--subscribers", type=int, default=100)
    arguments.add_argument("--seconds", type=float, default=3.0)
    options = arguments.parse_args()
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(
        target=receivers, args=(options.subscribers, theirs), daemon=True
    )
    process.start()
    ports = ours.recv()
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setblocking(False)
    sock.bind(("127.0.0.1", 0))
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8 << 20)
    fanout = PythonFanout(sock)
    source = fanout.source()
    for index, port in enumerate(ports):
        outlet = fanout.outlet()
        outlet.set_keys(srtp.SrtpKeys(srtp.AEAD_AES_128_GCM, os.urandom(28), os.urandom(28)))
        outlet.to_address("127.0.0.1", port)
        leg = fanout.leg(
            outlet, LegSettings(ssrc=1000 + index, mid=f"{index:04x}", mid_id=1, transport_cc_id=5, start=1)
        )
        leg.begin(source, 0x10000)
    for name, paced in (("bursts", False), ("paced", True)):
        for leg in source.legs:
            leg.begin(source, 0x10000)
        figures = measure(fanout, source, options.subscribers, options.seconds, paced)
        print(
            json.dumps({"bench": "fanout", "case": name, "subscribers": options.subscribers} | figures),
            flush=True,
        )
    ours.send("stop")
    received = ours.recv()
    process.join()
    counters = fanout.counters()
    lost = counters["packets"] - received
    print(json.dumps({"bench": "fanout", "case": "sum", "received": received, "lost": lost} | counters))
    sock.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
