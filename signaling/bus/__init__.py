"""How roles talk: typed messages by request/reply to an address and publish/subscribe by topic.

Back-ends: ``local`` (a broker on a Unix socket, owned by the supervisor) and ``redis``; both are
held to one contract suite (tests/contract/test_bus.py).
"""
