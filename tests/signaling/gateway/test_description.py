"""What the server says of itself is what it does."""

from typing import get_args

import msgspec

from classroom.lesson.refusal import RefusalCode
from signaling.gateway.errors import STATUS
from signaling.gateway.openapi import openapi
from signaling.gateway.table import ROUTES
from signaling.wire import client, codes, docs, server
from signaling.wire.schema import protocol_schema
from tests.signaling.gateway.school import School


def test_the_committed_protocol_is_in_step() -> None:
    assert docs.TARGET.read_text("utf-8") == docs.document(), "run: python -m signaling.wire.docs"


def test_every_refusal_is_explained() -> None:
    assert {str(code) for code in RefusalCode} <= set(codes.ERRORS)
    assert {code for route in ROUTES for code in route.errors} <= set(STATUS)


def test_the_schema_names_every_message() -> None:
    schema = protocol_schema()
    for union, kinds in (("FromClient", client.AnyClientMessage), ("FromServer", server.AnyServerMessage)):
        assert len(schema["$defs"][union]["anyOf"]) == len(get_args(kinds))
    text = msgspec.json.encode(schema).decode()
    for reference in {part.split('"')[0] for part in text.split("#/$defs/")[1:]}:
        assert reference in schema["$defs"]


def test_openapi_has_every_route_with_its_types() -> None:
    described = openapi(ROUTES)
    assert described["openapi"] == "3.1.0"
    assert sum(len(methods) for methods in described["paths"].values()) == len(ROUTES)
    ids = [
        operation["operationId"] for methods in described["paths"].values() for operation in methods.values()
    ]
    assert len(ids) == len(set(ids))
    text = msgspec.json.encode(described).decode()
    for reference in {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}:
        assert reference in described["components"]["schemas"]
    create = described["paths"]["/api/lessons"]["post"]
    assert set(create["responses"]) == {"201", "400", "401", "403", "413", "415"}


async def test_both_are_served(school: School) -> None:
    account = await school.who("student1")
    assert (await account.call("GET", "/api/openapi.json"))["info"]["title"] == "Classroom"
    assert "$defs" in await account.call("GET", "/api/protocol.json")
