"""The SFU: relays RTP between browsers without decoding it.

Invariant: knows nothing of teachers, passwords or lessons; it is told by ``control`` messages what
to route. Pure RTP/RTCP/STUN/negotiation modules are sans-I/O with time as an argument; sockets and
DTLS live in thin shells. Only ``media.dtls`` touches aiortc's private names.
Terms are mediasoup's: Router, Transport, Producer, Consumer.

Every packet's whole way is in ``fanout`` (``fanout.port`` is the interface). Here is what decides: ``network`` who is
behind an address, ``transport`` with its inlet and outlet, ``incoming`` whose stream an SSRC is, ``stream`` and
``producer`` what is asked of a publisher, ``consumer`` which source its leg follows, ``downlink`` what a subscriber's
line carries (by ``congestion``), ``wanted`` which encodings may rest, ``links`` the signal bars, ``rhythm`` when.
``tapping`` passes plain RTP on to the recorder, ``taps`` and ``held`` keep the last seconds for one that was killed.

Who closes whom: worker (its registry) → router → transport → producers and consumers; a producer closes its
consumers and taps, wherever they are. A transport may close by itself (the remote says goodbye, or
never connects): it is reported, then the worker closes it as any other. Every ``close`` is idempotent.

Where to change what: which codecs and extensions, ``codecs``; what is agreed with a browser,
``negotiation``; how often key frames and retransmissions are asked and given, ``keyframes`` and
``nack``; which simulcast layer fits a size, ``layers``; what a thin line gets, ``congestion``; who speaks, ``speakers``; what a request does, ``operations``,
``producing`` and ``consuming``.

Imports go from parents to children. What a child needs of its parent is a narrow ``Protocol`` beside the child
(``consumer.Carrier`` is the transport as a consumer sees it), which the parent fits without knowing.
"""
