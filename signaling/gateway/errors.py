"""Refusals as HTTP answers: one stable code, one status, one JSON shape."""

from collections.abc import Mapping

import msgspec
from aiohttp import web

from classroom.lesson.refusal import Refusal, RefusalCode
from signaling.wire.http import ErrorAnswer, ErrorDetail

STATUS: dict[str, int] = {
    "bad_request": 400,
    "invalid": 400,
    "not_signed_in": 401,
    "wrong_password": 401,
    "not_allowed": 403,
    "wrong_origin": 403,
    "not_admitted": 403,
    "removed": 403,
    "denied": 403,
    "safe_mode": 403,
    "not_acknowledged": 403,
    "not_found": 404,
    "lesson_not_found": 404,
    "no_such_participant": 404,
    "no_such_share": 404,
    "no_such_recording": 404,
    "no_such_still": 404,
    "method_not_allowed": 405,
    "already": 409,
    "lesson_not_live": 409,
    "lesson_ended": 409,
    "lesson_full": 409,
    "recording_not_ready": 409,
    "not_recording": 409,
    "outdated": 409,
    "too_large": 413,
    "unsupported_media_type": 415,
    "too_many_attempts": 429,
    "internal": 500,
    "busy": 503,
    "not_ready": 503,
    "disk_full": 507,
    "storage_unreachable": 503,
}
"""Every code of the HTTP API with its status. The socket uses the same codes, see ``protocol``."""


class ApiError(Exception):
    """A request is refused. ``code`` is one of STATUS."""

    def __init__(self, code: str, message: str = "", headers: Mapping[str, str] | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.headers = dict(headers or {})

    @property
    def status(self) -> int:
        return STATUS[self.code]

    @classmethod
    def of(cls, refusal: Refusal) -> "ApiError":
        return cls(str(refusal.code), refusal.detail)


def error_body(code: str, message: str) -> bytes:
    return msgspec.json.encode(ErrorAnswer(ErrorDetail(code, message)))


def error_response(error: ApiError) -> web.Response:
    return web.Response(
        status=error.status,
        body=error_body(error.code, error.message),
        content_type="application/json",
        headers=error.headers,
    )


_BY_STATUS = {
    400: "bad_request",
    403: "not_allowed",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
}


def of_http(error: web.HTTPException) -> ApiError:
    """aiohttp's own refusals (no such path, body too large …) in our shape."""
    code = _BY_STATUS.get(error.status, "bad_request" if error.status < 500 else "internal")
    allow = error.headers.get("Allow")
    return ApiError(code, error.reason or "", {"Allow": allow} if allow else None)


assert set(RefusalCode) <= set(STATUS), "every refusal of the rules has a status"
