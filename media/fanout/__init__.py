"""Fanout: the whole way of a packet, from the socket to every subscriber: opened, numbered, protected, paced, sent.

``port`` is the interface. ``native`` implements it in C in a thread of its own; ``python`` is its twin in the event
loop, which serves where no compiler was. ``choose`` says which. One contract suite holds for both. Used by media's
transports only. Why: docs/decisions/0015.
"""
