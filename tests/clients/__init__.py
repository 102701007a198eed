"""Clients in Python: what a browser does, without the browser. For load, leaks and hostile input."""
