"""OpenAPI 3.1 from the routing table. Pure."""

import inspect
import re
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import msgspec
from msgspec import Struct

from signaling.gateway.errors import STATUS
from signaling.gateway.routing import Route
from signaling.gateway.who import anyone
from signaling.wire.http import ErrorAnswer

_REF = "#/components/schemas/{name}"


def openapi(routes: Sequence[Route]) -> dict[str, Any]:
    types: list[type[Struct]] = [ErrorAnswer]
    for route in routes:
        types += [one for one in (route.request, route.response) if one is not None and one not in types]
    schemas, components = msgspec.json.schema_components(types, ref_template=_REF)
    refs = dict(zip(types, schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(_path(route), {})[route.method.lower()] = _operation(route, refs)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Classroom", "version": _version(), "license": {"name": "Apache-2.0"}},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"session": {"type": "apiKey", "in": "cookie", "name": "classroom_session"}},
        },
    }


def _version() -> str:
    try:
        return version("classroom")
    except PackageNotFoundError:
        return "0"


def _path(route: Route) -> str:
    return re.sub(r"\{(\w+):[^}]*\}", r"{\1}", route.path)


def _operation(route: Route, refs: dict[type[Struct], Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": f"{route.method.lower()}_{route.handler.__name__}",
        "summary": route.summary,
        "description": f"Who may: {inspect.getdoc(route.who) or route.who.__name__}",
        "responses": _responses(route, refs),
    }
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"\{(\w+)", route.path)
    ]
    parameters += [
        {"name": one.name, "in": "query", "description": one.description, "schema": {"type": one.type}}
        for one in route.query
    ]
    if parameters:
        operation["parameters"] = parameters
    if route.request is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": refs[route.request]}},
        }
    if route.takes is not None:
        operation["requestBody"] = {"required": True, "content": {route.takes: {}}}
    operation["security"] = [] if route.who is anyone else [{"session": []}]
    return operation


def _responses(route: Route, refs: dict[type[Struct], Any]) -> dict[str, Any]:
    good: dict[str, Any] = {"description": "As asked"}
    if route.response is not None:
        good["content"] = {"application/json": {"schema": refs[route.response]}}
    elif route.status == 200:
        good["content"] = {route.content: {}}
    responses = {str(route.status): good}
    if route.ranges:
        responses["206"] = {"description": "The range asked for", "content": {route.content: {}}}
    codes: dict[int, list[str]] = {}
    given = [*route.errors]
    if route.who is not anyone:
        given.append("not_signed_in")
    if route.request is not None or route.takes is not None:
        given += ["bad_request", "unsupported_media_type", "too_large"]
    if route.query:
        given.append("bad_request")
    if route.method != "GET":
        given.append("wrong_origin")
    for code in given:
        here = codes.setdefault(STATUS[code], [])
        if code not in here:
            here.append(code)
    for status, names in sorted(codes.items()):
        responses[str(status)] = {
            "description": "error.code: " + ", ".join(names),
            "content": {"application/json": {"schema": refs[ErrorAnswer]}},
        }
    return responses
