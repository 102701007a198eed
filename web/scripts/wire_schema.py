"""Print the JSON Schema of everything on the wire, for scripts/types.mjs.

Fields the server always sends are marked required, so that the client need not ask for them.
"""

import inspect
import json
import sys
from pathlib import Path
from typing import Any

import msgspec

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from classroom import people
from classroom.lesson import refusal, state, view
from media import parameters
from signaling.wire import client, http, replay, self_test, server


def structs() -> dict[str, type[msgspec.Struct]]:
    return {
        name: thing
        for module in (people, state, view, parameters, client, http, replay, server, self_test)
        for name, thing in vars(module).items()
        if inspect.isclass(thing) and issubclass(thing, msgspec.Struct)
    }


def sent_whole(struct: type[msgspec.Struct]) -> bool:
    """Whether the server sends every field: not a request, and nothing is left out on the wire."""
    return not struct.__struct_config__.omit_defaults and not struct.__struct_config__.forbid_unknown_fields


def main() -> None:
    bodies = [
        thing
        for thing in (vars(http) | vars(replay)).values()
        if inspect.isclass(thing)
        and issubclass(thing, http.Body | http.Answer)
        and thing not in (http.Body, http.Answer)
    ]
    unions = {
        "AnyClientMessage": client.AnyClientMessage,
        "AnyServerMessage": server.AnyServerMessage,
        "AnyTestRequest": self_test.AnyTestRequest,
        "AnyTestMessage": self_test.AnyTestMessage,
    }
    roots: list[Any] = [*unions.values(), refusal.RefusalCode, *bodies]
    schemas, definitions = msgspec.json.schema_components(roots, ref_template="#/definitions/{name}")
    known = structs()
    for name, definition in definitions.items():
        struct = known.get(name)
        if struct is not None and sent_whole(struct):
            definition["required"] = list(definition.get("properties", {}))
        for field in definition.get("properties", {}).values():
            field.pop("default", None)
    definitions.update(zip(unions, schemas, strict=False))
    for definition in definitions.values():
        if definition.get("type") == "object":
            definition["additionalProperties"] = False
    root = {
        "title": "Wire",
        "type": "object",
        "additionalProperties": False,
        "properties": {name: {"$ref": f"#/definitions/{name}"} for name in sorted(definitions)},
        "definitions": definitions,
    }
    json.dump(root, sys.stdout)


main()
