"""WebM/Matroska written and recovered by own, sans-I/O code (RFC 8794 EBML, RFC 9559 Matroska).

Why own code: closing a file is O(1) at any length (cues are appended, one head page is rewritten), and
a file cut off by ``kill -9`` is taken up again after its last whole cluster. Bytes in, bytes out: the
caller owns files and offsets.

Layout: one head of exactly ``HEAD_SIZE`` bytes (so that it is replaced by one write), clusters of at
most half a second of known size, cues at the end once closed.
"""
