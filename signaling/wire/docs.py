"""docs/protocol.md, written from the messages' own docstrings and types: ``python -m signaling.wire.docs``."""

import enum
import inspect
import sys
import types
import typing
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from classroom.lesson import view
from media import parameters
from signaling.wire import client, codes, ice, self_test, server

TARGET = Path(__file__).parents[2] / "docs" / "protocol.md"

_INTRODUCTION = """# The protocol of a lesson's socket

Written from the code by `python -m signaling.wire.docs`; do not edit.

A browser (or any other client) signs in with `POST /api/session`, then opens the WebSocket
`/api/lessons/{id}/socket?page={anything made anew each time the page is loaded}`. Messages are JSON
texts of at most 64 KB with a `type`. The JSON Schema of both directions is at `/api/protocol.json`,
the HTTP part at `/api/openapi.json`.

## How it goes

1. The server speaks first: `state`, the whole view of what this account may see. Who is not admitted
   sees the lesson's title and phase and the own place in the queue, nothing else.
2. The client asks to enter (`knock`). Who teaches the class is let in by right; the others wait until
   a teacher sends `admit`. Being admitted arrives as a new `state`.
3. What happens afterwards arrives as `change`: parts that are present replace those with the same id
   or are appended, `…Gone` lists ids that went away. Apply them in the order they come.
4. Each request carries an `id`; its answer (`ok`, `error`, or the one named below) carries the same.
   Changes that a request caused arrive before its answer.
5. The client says something at least every 2 s (`ping` will do); who is silent for 4 s is taken for gone.
   A client that lost its socket opens a new one with the same `page`: its place, and its shares for
   15 s, are kept. The server takes at most 50 messages a second (100 at once) and one chat message a
   second (5 at once).
6. `bye` is the last message before the server closes; its reason says whether to come back.

## Media

Parameters are mediasoup's; `mediasoup-client` takes and makes them. Once admitted to a live lesson:
`get_capabilities` → `device.load`; `open_transport` for each direction, `connect_transport` when the
transport asks for it; `join_media`, from when on `consumer` tells of each share that can be received:
make the consumer, then send `resume_consumer`. `produce` publishes. After `join_media` every consumer that is
open for this client is told again: ignore those already made, close those not in `media_joined.consumers`.

A screen that rests is also told as a still (`still`, and in `state.stills`): a lossless picture over the video, got
and brought over HTTP (`/api/lessons/{id}/shares/{share}/stills/…`, see `/api/openapi.json`). Its owner says with
`still_moved` what of it is outdated.

`state.media` names the instance of the lesson's router. A client that comes back and finds the instance
its transports were made with goes on with them: it sends `join_media` and nothing else. When the
instance differs, or `media_reset` comes, it closes its transports and begins anew.
"""


def document() -> str:
    parts = [_INTRODUCTION, "\n## From the client\n\nEach with an `id`: an integer the client chooses.\n"]
    parts += [_message(kind) for kind in typing.get_args(client.AnyClientMessage)]
    parts.append("\n## From the server\n")
    parts += [_message(kind) for kind in typing.get_args(server.AnyServerMessage)]
    parts.append("\n## Error codes\n\n| code | meaning |\n|---|---|\n")
    parts += [f"| `{code}` | {meaning} |\n" for code, meaning in codes.ERRORS.items()]
    parts.append("\n## Reasons of `bye`\n\n| reason | meaning |\n|---|---|\n")
    parts += [f"| `{reason}` | {meaning} |\n" for reason, meaning in codes.BYES.items()]
    parts.append("\n## Close codes\n\n| code | meaning |\n|---|---|\n")
    parts += [f"| {code} | {meaning} |\n" for code, meaning in codes.CLOSES.items()]
    parts.append("\n## Parts of the view\n")
    parts += [_message(kind) for kind in _VIEW]
    parts.append("\n## Parts of stills\n")
    parts += [_message(kind) for kind in (server.StillShown, server.StillPart, server.StillArea)]
    parts.append("\n## Parts of media parameters\n")
    parts += [_message(kind) for kind in (*_structs_of(ice), *_structs_of(parameters))]
    parts.append(f"\n## The connection test\n\n{_prose(self_test.__doc__)}\n")
    parts += [_message(kind) for kind in _structs_of(self_test)]
    return "".join(parts)


_VIEW = (
    view.LessonView,
    view.ViewChange,
    view.You,
    view.LessonInfo,
    view.Person,
    view.WaitingPerson,
    view.ShareInfo,
    view.ChatMessage,
)


def _structs_of(module: types.ModuleType) -> list[type[Struct]]:
    return [
        one
        for one in vars(module).values()
        if isinstance(one, type) and issubclass(one, Struct) and one.__module__ == module.__name__
    ]


def _message(kind: type[Struct]) -> str:
    tag = kind.__struct_config__.tag
    lines = [f"\n### {f'`{tag}`' if tag else kind.__name__}\n\n"]
    text = kind.__doc__
    if text and not text.startswith(f"{kind.__name__}("):
        lines.append(_prose(text) + "\n\n")
    asks = issubclass(kind, client.ClientMessage)
    fields = [field for field in msgspec.structs.fields(kind) if not (asks and field.name == "id")]
    if fields:
        lines.append("| field | type | |\n|---|---|---|\n")
        lines += [
            f"| `{field.encode_name}` | {_type(field.type)} | {'' if field.required else 'optional'} |\n"
            for field in fields
        ]
    else:
        lines.append(f"No fields but `type`{' and `id`' if asks else ''}.\n")
    return "".join(lines)


def _prose(text: str | None) -> str:
    return " ".join(inspect.cleandoc(text or "").replace("``", "`").split())


def _type(kind: Any) -> str:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Annotated:
        return _type(arguments[0]) + _limits(arguments[1])
    if origin is typing.Literal:
        return " or ".join(f'`"{one}"`' for one in arguments)
    if origin in (types.UnionType, typing.Union):
        return " or ".join(_type(one) for one in arguments)
    if origin is tuple:
        return f"list of {_type(arguments[0])}"
    if origin is dict:
        return f"object of {_type(arguments[1])}"
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return " or ".join(f'`"{one.value}"`' for one in kind)
    return _NAMES.get(kind) or getattr(kind, "__name__", None) or _type(kind.__supertype__)


_NAMES: dict[Any, str] = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}


def _limits(meta: msgspec.Meta) -> str:
    if meta.max_length is not None:
        return f" (at most {meta.max_length})"
    if meta.ge is not None and meta.le is not None:
        return f" ({meta.ge} to {meta.le})"
    return ""


def main() -> None:
    TARGET.write_text(document(), encoding="utf-8")
    sys.stdout.write(f"{TARGET}\n")


if __name__ == "__main__":
    main()
