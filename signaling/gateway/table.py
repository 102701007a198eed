"""The whole routing table of the API."""

from signaling.gateway import (
    attendance_api,
    exports_api,
    lessons_api,
    originals_api,
    probes,
    recordings_api,
    replay_api,
    rewind_api,
    self_test_api,
    session_api,
    socket_api,
    stills_api,
    storage_api,
)
from signaling.gateway.description_api import with_description
from signaling.gateway.routing import Route

ROUTES: tuple[Route, ...] = with_description(
    (
        *session_api.ROUTES,
        *lessons_api.ROUTES,
        *attendance_api.ROUTES,
        *recordings_api.ROUTES,
        *replay_api.ROUTES,
        *originals_api.ROUTES,
        *rewind_api.ROUTES,
        *storage_api.ROUTES,
        *exports_api.ROUTES,
        *socket_api.ROUTES,
        *self_test_api.ROUTES,
        *stills_api.ROUTES,
        *probes.ROUTES,
    )
)
