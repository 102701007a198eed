"""Signing in and out, and who one is."""

import structlog
from aiohttp import web

from classroom.people import Actor, Role
from classroom.stores.passwords import needs_rehash
from classroom.stores.port import Account, SchoolClass, TooBusy
from classroom.stores.throttle import address_key
from signaling.gateway.call import COOKIE, Call
from signaling.gateway.context import Gateway
from signaling.gateway.errors import ApiError
from signaling.gateway.peer_address import address_of, is_secure
from signaling.gateway.routing import Route, json_response
from signaling.gateway.who import anyone, signed_in
from signaling.wire.http import ClassList, ClassRow, Me, SignIn

_log = structlog.get_logger("session")
_COOKIE_SECONDS = 7 * 24 * 3600


async def sign_in(call: Call) -> web.StreamResponse:
    gateway, now = call.gateway, call.now
    wanted = call.take(SignIn)
    address = address_of(call.request)
    wait = await gateway.throttle.try_later(wanted.username, address, now)
    if wait is not None:
        await _throttled(call, wanted.username, address)
        seconds = str(max(1, -(-wait // 1000)))
        raise ApiError("too_many_attempts", "wait before the next attempt", {"Retry-After": seconds})
    account = await gateway.stores.accounts.find(wanted.username)
    try:
        fits = await gateway.passwords.verify(
            None if account is None else account.password_hash, wanted.password
        )
    except TooBusy:
        await gateway.throttle.abandoned(wanted.username, address, now)
        gateway.metrics.sign_ins.labels("busy").inc()
        raise ApiError("busy", "too many sign-ins at once", {"Retry-After": "2"}) from None
    actor = await gateway.stores.accounts.actor(account.id) if account is not None and fits else None
    if account is None or actor is None:
        await gateway.throttle.failed(wanted.username, address, now)
        await _refused(call, wanted.username, "wrong_password")
        raise ApiError("wrong_password", "username or password is wrong")
    await gateway.throttle.succeeded(wanted.username, address, now)
    await _rehash(gateway, account, wanted.password)
    await _end_other(call, account)
    agent = call.request.headers.get("User-Agent", "")[:256]
    token, session = await gateway.stores.sessions.open(account.id, now, address, agent)
    gateway.metrics.sign_ins.labels("in").inc()
    _log.info("signed_in", account=account.id, session=session.id)
    response = json_response(await _me(call, actor))
    response.set_cookie(
        COOKIE,
        token,
        max_age=_COOKIE_SECONDS,
        path="/",
        httponly=True,
        samesite="Lax",
        secure=is_secure(call.request),
    )
    return response


async def _end_other(call: Call, account: Account) -> None:
    """Somebody else was signed in at this browser (a shared computer): their session and sockets end."""
    if call.session is None or call.session.account == account.id:
        return
    token = call.request.cookies.get(COOKIE, "")
    await call.gateway.stores.sessions.close(token, call.now, "another_account")
    call.gateway.sockets.sign_out(call.session.id)


async def _throttled(call: Call, username: str, address: str) -> None:
    """Costs an attacker nothing: so the record gets a line now and then, the figures count them all."""
    call.gateway.metrics.sign_ins.labels("too_many_attempts").inc()
    if call.gateway.limits.refusals.take(address_key(address), call.now / 1000):
        await call.gateway.stores.sessions.record_refusal(username, call.now, address, "too_many_attempts")


async def _refused(call: Call, username: str, reason: str) -> None:
    call.gateway.metrics.sign_ins.labels(reason).inc()
    await call.gateway.stores.sessions.record_refusal(username, call.now, address_of(call.request), reason)


async def _rehash(gateway: Gateway, account: Account, password: str) -> None:
    """Bring an old hash up to today's parameters while the password is at hand."""
    if not needs_rehash(account.password_hash):
        return
    try:
        fresh = await gateway.passwords.hash(password)
    except TooBusy:
        return
    await gateway.stores.accounts.rehash(account.id, account.password_hash, fresh)


async def sign_out(call: Call) -> web.StreamResponse:
    """Also for a session that is over already: the cookie goes in any case."""
    token = call.request.cookies.get(COOKIE, "")
    if call.session is not None:
        await call.gateway.stores.sessions.close(token, call.now, "signed_out")
        call.gateway.sockets.sign_out(call.session.id)
        _log.info("signed_out", account=call.session.account, session=call.session.id)
    response = web.Response(status=204)
    response.del_cookie(COOKIE, path="/", httponly=True, samesite="Lax", secure=is_secure(call.request))
    return response


async def me(call: Call) -> Me:
    return await _me(call, call.actor)


async def _me(call: Call, actor: Actor) -> Me:
    everything = await call.gateway.stores.classes.all()
    return Me(
        account=actor.account,
        username=actor.username,
        name=actor.name,
        role=actor.role,
        school=call.gateway.stores.school,
        classes=_rows(everything if actor.role is Role.ADMIN else _own(actor, everything)),
        may_create_lessons=bool(_taught(actor, everything)),
    )


async def classes(call: Call) -> ClassList:
    return ClassList(_rows(_taught(call.actor, await call.gateway.stores.classes.all())))


def _own(actor: Actor, everything: tuple[SchoolClass, ...]) -> tuple[SchoolClass, ...]:
    return tuple(one for one in everything if one.id in actor.classes)


def _taught(actor: Actor, everything: tuple[SchoolClass, ...]) -> tuple[SchoolClass, ...]:
    return tuple(one for one in everything if actor.teaches(one.id))


def _rows(chosen: tuple[SchoolClass, ...]) -> tuple[ClassRow, ...]:
    return tuple(ClassRow(one.id, one.name) for one in sorted(chosen, key=lambda one: one.name))


ROUTES = (
    Route(
        "POST",
        "/api/session",
        sign_in,
        "Sign in: sets the session cookie",
        who=anyone,
        request=SignIn,
        response=Me,
        errors=("wrong_password", "too_many_attempts", "busy"),
    ),
    Route(
        "DELETE",
        "/api/session",
        sign_out,
        "Sign out: closes the session and its sockets",
        who=anyone,
        status=204,
    ),
    Route("GET", "/api/me", me, "The own account", who=signed_in, response=Me),
    Route(
        "GET", "/api/classes", classes, "Classes for which the account may create lessons", response=ClassList
    ),
)
