"""The built web client: one page for every address of the product, and its hashed assets."""

import mimetypes
from pathlib import Path

from aiohttp import web

from signaling.gateway.context import GATEWAY
from signaling.gateway.errors import ApiError

PAGES = ("/", "/login", "/lessons", "/lessons/{tail:.*}", "/recordings", "/recordings/{tail:.*}")
_ENCODINGS = (("br", ".br"), ("gzip", ".gz"))
_LONGEST_NAME = 200
_NOT_BUILT = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Classroom</title>
<p>The server runs; its web client is not built. Run <code>./run build</code>, or start with <code>./run serve</code>.
"""
mimetypes.add_type("application/javascript", ".mjs")
mimetypes.add_type("application/manifest+json", ".webmanifest")
mimetypes.add_type("font/woff2", ".woff2")


async def page(request: web.Request) -> web.StreamResponse:
    index = request.app[GATEWAY].static / "index.html"
    if not index.is_file():
        return web.Response(status=503, text=_NOT_BUILT, content_type="text/html")
    return _file(index, "no-cache")


async def lost(request: web.Request) -> web.StreamResponse:
    """Any other address: people get the client, which says so in their words; programs get the error."""
    index = request.app[GATEWAY].static / "index.html"
    if "text/html" not in request.headers.get("Accept", "") or not index.is_file():
        raise ApiError("not_found", "no such page")
    headers = {"Cache-Control": "no-cache"}
    return web.Response(status=404, body=index.read_bytes(), content_type="text/html", headers=headers)


async def asset(request: web.Request) -> web.StreamResponse:
    """Files of ``assets/`` carry a hash in their name: they never change."""
    return _static(request, f"assets/{request.match_info['name']}", "public, max-age=31536000, immutable")


async def root_file(request: web.Request) -> web.StreamResponse:
    """Icons, manifest and the like beside index.html."""
    return _static(request, request.match_info["name"], "public, max-age=3600")


def _static(request: web.Request, name: str, cache: str) -> web.StreamResponse:
    root: Path = request.app[GATEWAY].static
    path = root.joinpath(name)
    plain = all(
        part not in ("", ".", "..") and len(part) < _LONGEST_NAME and not any(c in part for c in "\\\0")
        for part in name.split("/")
    )
    if (
        not plain
        or len(name) > 4 * _LONGEST_NAME
        or not path.is_file()
        or not path.resolve().is_relative_to(root.resolve())
    ):
        raise ApiError("not_found", "no such file")
    return _file(path, cache)


def _file(path: Path, cache: str) -> web.StreamResponse:
    """aiohttp chooses the precompressed twin (.br, .gz) by Accept-Encoding."""
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return web.FileResponse(path, headers={"Cache-Control": cache, "Content-Type": kind})


def add_static(app: web.Application) -> None:
    for path in PAGES:
        app.router.add_get(path, page)
    app.router.add_get("/assets/{name:.+}", asset)
    app.router.add_get(r"/{name:[^/]+\.[a-z0-9]+}", root_file)
    app.router.add_get(r"/{nowhere:(?!api/|assets/).+}", lost)
