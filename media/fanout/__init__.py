"""Fanout: the hot loop. One plain packet in; for every subscriber rewritten, protected and sent.

``port`` is the interface; ``python`` implements it with cffi (libsrtp in place, ``sendmmsg``). One
contract suite holds for every implementation. Used by media's transports only.
"""
