"""The front door and the roof: web server, sessions, lesson hosts, bus, supervisor, command line.

May import every other room; nothing imports it. Rules live in ``classroom``; packets in ``media``.
"""
