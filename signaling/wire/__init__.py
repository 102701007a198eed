"""The WebSocket protocol: typed messages, their JSON Schema, and the prose generated from them."""
