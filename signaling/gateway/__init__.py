"""The web server: pages, HTTP API, WebSockets; hosts the lessons (each has one writer) and directs media.

Invariant: rules are asked of ``classroom.lesson.decide``, never made here; nobody is told of an event
before it is committed; what workers and recorder do follows from a lesson's state, not from commands.
"""
