"""RTCP: compound packets, reports and feedback (RFC 3550, 4585, 5104, transport-wide-cc-02), read and built.

Invariant: pure; whatever the network sends is read within limits and never raises.
"""
