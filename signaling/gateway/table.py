"""The whole routing table of the API."""

from signaling.gateway import (
    attendance_api,
    description_api,
    lessons_api,
    probes,
    recordings_api,
    session_api,
    socket_api,
)
from signaling.gateway.routing import Route

ROUTES: tuple[Route, ...] = (
    *session_api.ROUTES,
    *lessons_api.ROUTES,
    *attendance_api.ROUTES,
    *recordings_api.ROUTES,
    *socket_api.ROUTES,
    *probes.ROUTES,
    *description_api.ROUTES,
)
