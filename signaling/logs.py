"""Structured logs on stderr: for people on a terminal, JSON lines elsewhere; never a secret in them."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

_SECRET = re.compile(
    r"pass(word|wd|phrase)?$|pwd|token|cookie|secret|authorization|fingerprint|private|salt|_hash$|"
    r"credential|ice_(parameters|password)|dtls_parameters",
    re.IGNORECASE,
)
_URL_SECRET = re.compile(r"(\w+://[^\s:/@]*):[^\s@/]+@")
REDACTED = "[redacted]"


def redact(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: values of telling keys, and passwords in URLs, at any depth."""
    for key in list(event):
        event[key] = _redact(key, event[key])
    return event


def _redact(key: object, value: object) -> object:
    if isinstance(key, str) and _SECRET.search(key):
        return REDACTED
    if isinstance(value, str):
        return _URL_SECRET.sub(rf"\1:{REDACTED}@", value)
    if isinstance(value, dict):
        return {inner: _redact(inner, each) for inner, each in value.items()}
    if isinstance(value, list | tuple):
        return [_redact(None, each) for each in value]
    return value


def configure(role: str, level: int = logging.INFO) -> None:
    """Once per process, first thing. The standard library's loggers come out the same way."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _name_role(role),
    ]
    terminal = sys.stderr.isatty()
    last: list[structlog.typing.Processor] = (
        [redact, structlog.dev.ConsoleRenderer()]
        if terminal
        else [
            structlog.processors.format_exc_info,
            redact,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ]
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # Chatty, and their lines can carry addresses of pupils or SQL parameters.
    for name in ("aioice", "aiortc", "sqlalchemy", "alembic", "aiosqlite", "aiohttp.access", "libav"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _name_role(role: str) -> structlog.typing.Processor:
    def add(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event.setdefault("role", role)
        return event

    return add
