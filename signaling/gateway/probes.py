"""For whoever runs the server: alive, ready, figures."""

import asyncio
import hmac

from aiohttp import web

from signaling.gateway.call import Call
from signaling.gateway.errors import ApiError
from signaling.gateway.peer_address import is_local
from signaling.gateway.routing import Route, json_response
from signaling.gateway.who import anyone
from signaling.wire.http import Health, Readiness


async def healthz(_: Call) -> Health:
    """The process answers: nothing else is asked."""
    return Health(status="alive")


async def readyz(call: Call) -> web.Response:
    """Whether lessons can be held: store, at least one media worker, recorder."""
    gateway = call.gateway
    readiness = Readiness(
        database=await gateway.stores.ready(),
        media=bool(gateway.media.workers),
        recorder=gateway.recording.recorder_up,
    )
    ready = readiness.database and readiness.media and readiness.recorder
    return json_response(readiness, 200 if ready else 503)


async def reads_metrics(call: Call) -> None:
    """Loopback addresses; others with the bearer token of the settings."""
    token = call.gateway.settings.metrics_token
    given = call.request.headers.get("Authorization", "").removeprefix("Bearer ")
    if token and hmac.compare_digest(given.encode(), token.encode()):
        return
    if is_local(call.request):
        return
    raise ApiError("not_allowed", "figures are for loopback addresses, or with a token")


async def metrics(call: Call) -> web.Response:
    gateway = call.gateway
    await asyncio.gather(gateway.media.take_stats(), gateway.recording.take_stats())
    live = gateway.hosts.live()
    gateway.metrics.lessons_live.set(len(live))
    inside = sum(p.inside for host in live if host.state for p in host.state.participants.values())
    gateway.metrics.participants.set(inside)
    gateway.metrics.tasks.set(len(asyncio.all_tasks()))
    return web.Response(
        body=gateway.metrics.text(), headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
    )


ROUTES = (
    Route("GET", "/healthz", healthz, "The process is alive", who=anyone, response=Health),
    Route("GET", "/readyz", readyz, "Lessons can be held (503 when not)", who=anyone, response=Readiness),
    Route("GET", "/metrics", metrics, "Figures for Prometheus", who=reads_metrics, content="text/plain"),
)
