"""Bad connections for tests: in simulated time (``simulation``) and between network namespaces (``tun``)."""
