"""Benches: each module prints one JSON line per figure. `./run bench NAME`, or all without a name."""
