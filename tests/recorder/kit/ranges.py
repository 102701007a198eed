"""A small HTTP server with byte ranges, as a browser needs it to seek."""

from pathlib import Path

from aiohttp import web

PAGE = "<!doctype html><video muted playsinline style='width:640px'></video>"


async def serve(directory: Path) -> tuple[web.AppRunner, str]:
    """(runner to clean up, URL)."""

    async def page(_: web.Request) -> web.Response:
        return web.Response(text=PAGE, content_type="text/html")

    async def file(request: web.Request) -> web.FileResponse:
        return web.FileResponse(
            directory / request.match_info["name"], headers={"Content-Type": "video/webm"}
        )

    app = web.Application()
    app.router.add_get("/", page)
    app.router.add_get("/files/{name}", file)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    return runner, f"http://127.0.0.1:{port}"
