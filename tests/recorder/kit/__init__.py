"""Real encoded material, a packetizer of its own, and readers of what was recorded."""
