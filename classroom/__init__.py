"""The domain: what a lesson is, who may do what in it, and what follows from its log.

Invariant: pure. No I/O, no clock, no randomness; times and ids arrive as arguments.
Everything here but ``stores/`` imports only the standard library and msgspec.
May be imported by every room; imports none of them.
"""
