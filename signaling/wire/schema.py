"""JSON Schema of the socket's messages, both directions."""

from typing import Any

import msgspec

from signaling.wire.client import AnyClientMessage
from signaling.wire.server import AnyServerMessage

_REF = "#/$defs/{name}"


def protocol_schema() -> dict[str, Any]:
    """``$defs/FromClient`` and ``$defs/FromServer`` are the two unions."""
    (client, server), defs = msgspec.json.schema_components(
        (AnyClientMessage, AnyServerMessage), ref_template=_REF
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Messages of a lesson's WebSocket",
        "anyOf": [{"$ref": "#/$defs/FromClient"}, {"$ref": "#/$defs/FromServer"}],
        "$defs": {"FromClient": client, "FromServer": server, **defs},
    }
