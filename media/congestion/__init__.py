"""Congestion control per subscriber: what to send whom. Pure; runs a few times a second per subscriber.

The fanout does what happens per packet (numbers, send history, pacer, padding) and says once per interval what
became of it: a ``digest.Digest``. From that, ``estimator`` says how many octets a second the path carries,
``pacing`` whether and how fast to pace and when to probe, ``allocation`` which layer of which stream is sent,
``flushing`` when a queue of video is thrown away, and ``signal`` what the people are told. Nothing here sends or
knows of sockets; time (seconds, monotonic) is an argument.
"""
