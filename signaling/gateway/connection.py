"""One WebSocket: what a browser says in a lesson, and what it is told. First message: the whole view."""

import asyncio
from typing import Any

import msgspec
import structlog
from aiohttp import WSCloseCode, WSMsgType, web
from msgspec import Struct

from classroom.ids import ConnectionId, ParticipantId
from classroom.lesson.audience import Audience, audience
from classroom.lesson.checks import inside
from classroom.lesson.commands import Connect, Drop, Leave
from classroom.lesson.events import DeviceReplaced, Left, Removed
from classroom.lesson.refusal import Refusal
from classroom.lesson.state import Admission, Phase
from classroom.lesson.view import Resync
from classroom.people import Actor
from classroom.stores.port import StoreError
from signaling.gateway import media_requests, requests, stills_requests
from signaling.gateway.context import Gateway
from signaling.gateway.host import Change, LessonHost
from signaling.gateway.media_placement import MediaRefused
from signaling.gateway.outbox import Outbox
from signaling.gateway.token_bucket import TokenBucket
from signaling.wire import client, server
from signaling.wire.ice import IceServer

_log = structlog.get_logger("connection")

MAX_MESSAGE = 64 * 1024
SILENCE_SECONDS = 4.0
_SUSPICIOUS_SECONDS = 2.5
"""Clients ping every 2 s: one that has been silent for so long has probably lost its network."""
SESSION_CHECK_SECONDS = 30.0
_BAD_TOLERATED = 20
_EXCESS_TOLERATED = 500

_decoder = msgspec.json.Decoder(client.AnyClientMessage)
_encoder = msgspec.json.Encoder()


class _IdOnly(Struct):
    id: client.RequestId


_id_decoder = msgspec.json.Decoder(_IdOnly)


class Connection:
    """Owns the socket from the upgrade to the close. ``page``: names the page, so that its own return
    after a lost network is not taken for a second device."""

    def __init__(
        self,
        gateway: Gateway,
        host: LessonHost,
        actor: Actor,
        *,
        session: str,
        token: str,
        page: str,
        socket: web.WebSocketResponse,
        request: web.Request,
    ) -> None:
        self.id = ConnectionId(gateway.make_id())
        self.participant = ParticipantId(actor.account)
        self.session = session
        self.page = page
        self._gateway = gateway
        self._host = host
        self._actor = actor
        self._token = token
        self._socket = socket
        self._request = request
        self._outbox = Outbox()
        self._told = 0
        self._reason = "closed"
        self._close_code = int(WSCloseCode.OK)
        self._rate = TokenBucket(rate=50, burst=100)
        self._bad = TokenBucket(rate=0.2, burst=_BAD_TOLERATED)
        self._excess = TokenBucket(rate=10, burst=_EXCESS_TOLERATED)
        self._checked_at = 0.0
        self.heard_at = asyncio.get_running_loop().time()
        self._asking = False
        self._bye_next: str | None = None

    @property
    def admitted(self) -> bool:
        state = self._host.state
        entry = None if state is None else state.participants.get(self.participant)
        return entry is not None and entry.inside and entry.connection == self.id

    # --- what others say to it ---

    def send(self, message: Struct) -> None:
        self.send_encoded(_encoder.encode(message))

    def send_encoded(self, message: bytes) -> None:
        if not self._outbox.put(message):
            self._gateway.metrics.slow_connections.inc()
            self._let_go("slow")

    def say_bye(self, reason: str) -> None:
        """The last message; then the socket is closed."""
        if self._outbox.finished:
            return
        if self._asking and reason in ("left", "ended"):
            # What it asked for leads to the end (leave, end_lesson): the answer goes first.
            self._bye_next = self._bye_next or reason
            return
        self._reason = reason
        if reason == "signed_out" and self.admitted:
            # A lost network keeps its place and its media for a moment; a session that is over does not.
            self._host.submit(Leave(self._actor))
        self.send(server.Bye(reason))
        self._outbox.finish()

    def let_go_for_return(self) -> None:
        """The same page is back over another socket: this one is dead, nobody reads it."""
        self._let_go("reconnected")

    def _let_go(self, reason: str) -> None:
        self._reason = reason
        self._outbox.finish()
        if self._request.transport is not None:
            self._request.transport.abort()

    def changed(self, change: Change) -> None:
        """The lesson changed: tell what this account may see of it."""
        views, me = self._host.views, self.participant
        if self._outbox.finished or views is None:
            return
        news = views.change(self._actor.account, self._actor)
        if isinstance(news, Resync):
            self._tell_state()
        elif news is not None:
            if self._outsider:
                self._told += 1
                self.send(server.Change(self._told, news))
            else:
                self.send_encoded(views.encode(change.seq, news))
        for recorded in change.events:
            match recorded.event:
                case Removed(participant=who) if who == me:
                    self.say_bye("removed")
                case Left(participant=who) if who == me:
                    self.say_bye("left")
        self._close_if_over()

    @property
    def _outsider(self) -> bool:
        state = self._host.state
        return state is None or audience(state, self._actor.account, self._actor) is Audience.OTHERS

    def _tell_state(self) -> None:
        """Outsiders get a count of their own for ``seq``: the log's length says how much goes on inside."""
        assert self._host.views is not None
        self._told += 1
        media = self._gateway.media.of(self._host.lesson)
        inside = media if self.admitted else None
        held, voice_only = inside.links.held(self.participant) if inside is not None else ((), False)
        self.send(
            server.State(
                seq=self._told if self._outsider else self._host.seq,
                server_time=self._gateway.clock(),
                view=self._host.views.view(self._actor.account, self._actor),
                media=inside.instance if inside is not None and inside.placed else None,
                stills=self._gateway.stills.present(self._host.lesson) if self.admitted else (),
                signals=inside.links.signals() if inside is not None else (),
                own_link=inside.links.own(self.participant) if inside is not None else None,
                held=held,
                voice_only=voice_only,
            )
        )

    def _close_if_over(self) -> None:
        state = self._host.state
        assert state is not None
        entry = state.participants.get(self.participant)
        if state.phase is Phase.ENDED:
            self.say_bye("ended")
        elif entry is not None and entry.connection is not None and entry.connection != self.id:
            self.say_bye("replaced")
        elif entry is not None and entry.admission is Admission.REMOVED:
            self.say_bye("removed")

    # --- its life ---

    async def run(self) -> None:
        """Until the socket is closed, by whomever."""
        gateway, host = self._gateway, self._host
        await self._take_over_from_same_page()
        try:
            came = await host.execute(Connect(self._actor, self.id))
            self._take_up_media()
            host.listeners[self.id] = self.changed
            gateway.sockets.add(host.lesson, self)
            self._tell_state()
            replaced = not isinstance(came, Refusal) and any(
                isinstance(r.event, DeviceReplaced) for r in came
            )
            if replaced and self.admitted:
                self.send(server.Notice("took_over"))
            self._close_if_over()
            await self._speak()
        except StoreError as error:
            _log.error("not_stored", lesson=host.lesson, error=str(error))
            self._let_go("not_stored")
        finally:
            host.listeners.pop(self.id, None)
            gateway.sockets.remove(host.lesson, self)
            _log.info("connection_closed", lesson=host.lesson, connection=self.id, reason=self._reason)
            drop = Drop(self.participant, self.id, self._reason)
            try:
                await host.execute(drop)
            except StoreError:
                host.submit(drop)

    def _take_up_media(self) -> None:
        media = self._gateway.media.of(self._host.lesson)
        if media is not None and self.admitted:
            media.page_came(self.participant, self.page)

    async def _take_over_from_same_page(self) -> None:
        state = self._host.state
        entry = None if state is None else state.participants.get(self.participant)
        if entry is None or entry.connection is None:
            return
        now = asyncio.get_running_loop().time()
        for socket in self._gateway.sockets.of(self._host.lesson, self.participant):
            if isinstance(socket, Connection) and self._is_return_of(socket, now):
                await self._host.execute(Drop(self.participant, socket.id, "reconnected"))
                socket.let_go_for_return()

    def _is_return_of(self, other: "Connection", now: float) -> bool:
        """The same page by its name; or, of a client that gives none, the same session after a silence."""
        if self.page or other.page:
            return self.page == other.page
        return self.session == other.session and now - other.heard_at > _SUSPICIOUS_SECONDS

    async def _speak(self) -> None:
        writer = asyncio.create_task(self._write(), name=f"write {self.id}")
        try:
            await self._read()
        finally:
            self._outbox.finish()
            if self._socket.closed:
                writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)

    async def _write(self) -> None:
        try:
            while (message := await self._outbox.take()) is not None:
                await self._socket.send_frame(message, WSMsgType.TEXT)
            await self._socket.close(code=self._close_code)
        except (ConnectionError, RuntimeError):
            return  # gone in mid-sentence: the reader sees it too

    async def _read(self) -> None:
        loop = asyncio.get_running_loop()
        while not self._outbox.finished or not self._socket.closed:
            try:
                message = await self._socket.receive(timeout=SILENCE_SECONDS)
            except TimeoutError:
                self._let_go("silent")
                return
            self.heard_at = loop.time()
            if message.type is WSMsgType.TEXT:
                if not self._outbox.finished:
                    await self._hear(message.data.encode("utf-8", "surrogatepass"), loop.time())
            elif message.type is WSMsgType.BINARY:
                self._bad_message(None, "send text", loop.time())
            else:
                return

    # --- what it hears ---

    async def _hear(self, text: bytes, now: float) -> None:
        if not self._rate.take(now):
            self._refuse(_id_of(text), "rate_limited", "too many messages")
            if not self._excess.take(now):
                self._give_up()
            return
        try:
            message: Any = _decoder.decode(text)
        except (msgspec.DecodeError, RecursionError) as error:
            self._bad_message(_id_of(text), str(error), now)
            return
        if isinstance(message, client.Ping):
            self.send(server.Pong(message.id, self._gateway.clock()))
        elif not self._in_time(message, now):
            self._refuse(message.id, "rate_limited", "too often")
        else:
            await self._do(message)
        await self._check_session(now)

    def _in_time(self, message: client.ClientMessage, now: float) -> bool:
        """Whether the account has not changed the lesson too often lately, over whatever connections."""
        limits, key = self._gateway.limits, (self._host.lesson, self.participant)
        if isinstance(message, client.Chat) and not limits.chat.take(key, now):
            return False
        if isinstance(message, media_requests.KINDS) and not isinstance(message, client.Produce):
            return True
        if isinstance(message, client.StillMoved):
            return True  # has a pace of its own
        state = self._host.state
        if state is not None and self._actor.teaches(state.class_id):
            return True
        return limits.commands.take(key, now)

    async def _do(self, message: client.ClientMessage) -> None:
        self._asking = True
        try:
            await self._do_or_refuse(message)
        finally:
            self._asking = False
        if self._bye_next is not None:
            self.say_bye(self._bye_next)

    async def _do_or_refuse(self, message: client.ClientMessage) -> None:
        try:
            if isinstance(message, media_requests.KINDS):
                await self._do_media(message)
            elif isinstance(message, client.StillMoved):
                self._do_still_moved(message)
            else:
                await self._do_command(message)
        except MediaRefused as refused:
            self._answer_error(message.id, refused.code, refused.detail)
        except StoreError as error:
            _log.error("not_stored", lesson=self._host.lesson, error=str(error))
            self._answer_error(message.id, "busy", "could not be stored, try again")
        except Exception:
            _log.exception("message_failed", lesson=self._host.lesson, type=type(message).__name__)
            self._answer_error(message.id, "internal", "")

    async def _do_command(self, message: client.ClientMessage) -> None:
        sender = requests.Sender(self._actor, self.id, self._gateway.make_id)
        command = requests.command_of(message, sender)
        if command is None:
            self._answer_error(message.id, "bad_message", "not known")
            return
        may = isinstance(message, client.StartRecording) and self._host.check(command) is None
        if may and await self._gateway.recording.disk_full():
            self._answer_error(message.id, "disk_full", "too little space is left where recordings are kept")
            return
        answer = await self._host.execute(command)
        if isinstance(answer, Refusal):
            self._answer_error(message.id, answer.code, answer.detail)
        else:
            self.send(server.Ok(message.id))

    async def _do_media(self, message: Any) -> None:
        state = self._host.state
        refusal = None if state is None else inside(state, self._actor)
        if isinstance(refusal, Refusal):
            self._answer_error(message.id, refusal.code, refusal.detail)
            return
        if not self.admitted:
            self._answer_error(message.id, "not_admitted", "present over another connection")
            return
        media = self._gateway.media.of(self._host.lesson)
        if media is None:
            raise MediaRefused("media_unavailable", "no media yet")
        answers = await media_requests.answer_media(
            message, self._host, media, self._actor, self.id, self.page, self._relays
        )
        for answer in answers:
            if self.admitted:
                self.send(answer)

    def _relays(self) -> tuple[IceServer, ...]:
        gateway = self._gateway
        return gateway.turn.for_account(self._actor.account, gateway.clock())

    def _do_still_moved(self, message: client.StillMoved) -> None:
        code = None if self.admitted else "not_admitted"
        code = code or stills_requests.still_moved(message, self._host, self._gateway, self._actor)
        if code is None:
            self.send(server.Ok(message.id))
        else:
            self._answer_error(message.id, code, "")

    def _answer_error(self, request: int | None, code: str, detail: str) -> None:
        self.send(server.Error(request, str(code), detail))

    def _refuse(self, request: int | None, code: str, detail: str) -> None:
        self._gateway.metrics.refused_messages.labels(code).inc()
        self._answer_error(request, code, detail)

    def _bad_message(self, request: int | None, detail: str, now: float) -> None:
        self._refuse(request, "bad_message", detail)
        if not self._bad.take(now):
            self._give_up()

    def _give_up(self) -> None:
        self._reason = "misbehaved"
        self._close_code = int(WSCloseCode.POLICY_VIOLATION)
        self._outbox.finish()

    async def _check_session(self, now: float) -> None:
        """A session may have expired or been closed elsewhere; an account may have been disabled."""
        if now - self._checked_at < SESSION_CHECK_SECONDS:
            return
        first, self._checked_at = self._checked_at == 0.0, now
        if first:
            return
        try:
            session = await self._gateway.stores.sessions.find(self._token, self._gateway.clock())
            actor = None if session is None else await self._gateway.stores.accounts.actor(session.account)
        except StoreError:
            return
        if actor is None:
            self.say_bye("signed_out")
        elif actor != self._actor:
            self._actor = actor
            self._tell_state()


def _id_of(text: bytes) -> int | None:
    try:
        return _id_decoder.decode(text).id
    except (msgspec.DecodeError, RecursionError):
        return None
