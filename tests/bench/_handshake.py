"""A handshake and nothing else: no socket, no event loop. What asleep between costs is then the machine's own
(caches gone cold or a processor that others use: it does not tell which)."""

import time

from media.dtls.association import Association
from media.dtls.certificate import Certificate


def server_seconds(ours: Certificate, theirs: Certificate) -> float:
    """Of processor time, at the server's side alone."""
    server, client = Association(ours, True), Association(theirs, False)
    spent, flight = 0.0, client.begin(0.0)
    while flight:
        began = time.thread_time()
        answer = [each for datagram in flight for each in server.receive(datagram, 0.0)]
        spent += time.thread_time() - began
        flight = [each for datagram in answer for each in client.receive(datagram, 0.0)]
    began = time.thread_time()
    server.verify(theirs.fingerprints)
    return spent + time.thread_time() - began


def compare(count: int, pause: float) -> tuple[float, float]:
    """Mean seconds of one after another, and of those with a pause before each."""
    pair = Certificate(), Certificate()
    for _ in range(count):
        server_seconds(*pair)
    close = [server_seconds(*pair) for _ in range(count)]
    spread = []
    for _ in range(count):
        time.sleep(pause)
        spread.append(server_seconds(*pair))
    return sum(close) / count, sum(spread) / count
