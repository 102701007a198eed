"""Around every request: request id, access log, errors as JSON, origin check, security headers."""

import logging
import secrets
import time
from collections.abc import Awaitable, Callable

import structlog
from aiohttp import web

from classroom.stores.port import StoreError
from signaling.gateway.context import GATEWAY
from signaling.gateway.errors import ApiError, error_response, of_http
from signaling.gateway.peer_address import address_of, is_secure
from signaling.gateway.security import SAFE_METHODS, headers_for, origin_is_ours

_log = structlog.get_logger("access")
_Next = Callable[[web.Request], Awaitable[web.StreamResponse]]
_QUIET = frozenset({"/healthz", "/readyz", "/metrics"})


@web.middleware
async def watch_over(request: web.Request, handler: _Next) -> web.StreamResponse:
    """The outermost: whatever happens inside, the answer is one of ours, and logged without its query."""
    begun = time.perf_counter()
    request_id = secrets.token_hex(8)
    try:
        if request.method not in SAFE_METHODS and not origin_is_ours(request.headers):
            raise ApiError("wrong_origin", "this API is for the pages of this host")
        response = await handler(request)
    except ApiError as error:
        response = error_response(error)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        response = error_response(of_http(error))
    except StoreError as error:
        _log.error("not_stored", request=request_id, error=str(error))
        response = error_response(ApiError("busy", "the store does not answer", {"Retry-After": "2"}))
    except ConnectionError:
        raise
    except Exception:
        _log.exception("request_failed", request=request_id, method=request.method, path=request.path)
        response = error_response(ApiError("internal", f"see the log at {request_id}"))
    _record(request, response, request_id, time.perf_counter() - begun)
    return response


def _record(request: web.Request, response: web.StreamResponse, request_id: str, seconds: float) -> None:
    resource = request.match_info.route.resource
    route = "none" if resource is None else resource.canonical
    if response.status != 101:
        metrics = request.app[GATEWAY].metrics
        metrics.request_seconds.labels(f"{request.method} {route}", str(response.status)).observe(seconds)
    if request.path not in _QUIET:
        # A page is two dozen reads; what was changed or went wrong must not drown in them.
        often = request.method in ("GET", "HEAD") or "/stills/" in request.path
        read = often and response.status < 400
        _log.log(
            logging.DEBUG if read else logging.INFO,
            "request",
            request=request_id,
            method=request.method,
            path=request.path[:512],
            status=response.status,
            address=address_of(request),
            ms=round(seconds * 1000, 1),
        )


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Signal handler: on every answer, files and upgrades included, before its headers are sent."""
    for name, value in headers_for(request.host, is_secure(request)).items():
        response.headers.setdefault(name, value)
    if request.path.startswith("/api/"):
        response.headers.setdefault("Cache-Control", "no-store")
