"""The SFU: relays RTP between browsers without decoding it.

Invariant: knows nothing of teachers, passwords or lessons; it is told by ``control`` messages what
to route. Pure RTP/RTCP/STUN/negotiation modules are sans-I/O with time as an argument; sockets and
DTLS live in thin shells. Only ``media.dtls`` touches aiortc's private names.
Terms are mediasoup's: Router, Transport, Producer, Consumer.

The way of a packet: ``udp`` (or ``tcp``) → ``network`` (who is behind this address?) → ``transport``
(SRTP off) → ``incoming`` (which stream?) → ``stream`` (double? gap? key frame? built once into
``rtp.packet``) → ``producer`` → ``fanout`` (for each consumer: numbers, SRTP, ``sendmmsg``) and ``tapping``.

Who closes whom: worker (its registry) → router → transport → producers and consumers; a producer closes its
consumers and taps, wherever they are. A transport may close by itself (the remote says goodbye, or
never connects): it is reported, then the worker closes it as any other. Every ``close`` is idempotent.

Where to change what: which codecs and extensions, ``codecs``; what is agreed with a browser,
``negotiation``; how often key frames and retransmissions are asked and given, ``keyframes`` and
``nack``; which simulcast layer, ``layers``; who speaks, ``speakers``; what a request does, ``operations``,
``producing`` and ``consuming``.

Imports go from parents to children. What a child needs of its parent is a narrow ``Protocol`` beside the child
(``consumer.Carrier`` is the transport as a consumer sees it), which the parent fits without knowing.
"""
