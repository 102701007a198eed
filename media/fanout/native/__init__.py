"""The native fanout: C in a thread of its own, loaded through cffi without Python's headers.

``api.h`` is what Python calls and reads; ``library`` finds and loads the shared object, ``handles`` are the port's
objects over it, ``fanout`` the whole. Ownership: the thread owns everything; Python names a handle until it closes it.
In C, ``thread.c`` is the loop, ``receive.c`` who is behind an address, ``inlet.c`` → ``source.c`` → ``leg.c`` →
``send.c`` → ``batch.c`` the way of a packet, ``commands.c`` and ``queue.c`` the way between Python and the thread.
"""
