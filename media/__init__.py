"""The SFU: relays RTP between browsers without decoding it.

Invariant: knows nothing of teachers, passwords or lessons; it is told by ``control`` messages what
to route. Pure RTP/RTCP/STUN/negotiation modules are sans-I/O with time as an argument; sockets and
DTLS live in thin shells. Only ``media.dtls`` touches aiortc's private names.
Terms are mediasoup's: Router, Transport, Producer, Consumer.
"""
