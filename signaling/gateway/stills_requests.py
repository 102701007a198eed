"""What the owner of a share says of its still over the socket."""

import asyncio

from classroom.ids import ShareId
from classroom.lesson.checks import inside, own_id
from classroom.lesson.refusal import Refusal
from classroom.people import Actor
from signaling.gateway.context import Gateway
from signaling.gateway.host import LessonHost
from signaling.gateway.stills import StillRefused, has_stills
from signaling.wire import client


def still_moved(message: client.StillMoved, host: LessonHost, gateway: Gateway, actor: Actor) -> str | None:
    """The code of the refusal, or None. Who says so too often loses the whole still: better none than a wrong one."""
    state, share = host.state, ShareId(message.share)
    if state is None:
        return "lesson_not_found"
    if isinstance(refusal := inside(state, actor), Refusal):
        return str(refusal.code)
    entry = state.shares.get(share)
    if entry is None:
        return "no_such_share"
    if entry.participant != own_id(actor) or not has_stills(state, share):
        return "not_allowed"
    now = asyncio.get_running_loop().time()
    if not gateway.limits.still_moves.take((host.lesson, actor.account), now):
        gateway.stills.drop(host.lesson, share)
        return "rate_limited"
    try:
        gateway.stills.moved(host.lesson, share, message.still, message.number, message.area)
    except StillRefused as refused:
        return refused.code
    return None
