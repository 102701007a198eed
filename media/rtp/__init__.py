"""RTP as pure functions: headers, sequence numbers, codecs' payload heads, and rewriting for subscribers.

Invariant: no I/O and no clock. May be imported by anything in media and by the recorder.
"""
