"""A small WebDriver BiDi client, enough to drive Firefox: start it, open a page, run functions in it."""

import asyncio
import itertools
import json
import re
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self

import aiohttp


class BidiError(Exception):
    """Firefox refused a command, a function in the page threw, or it did not start."""


def to_local(value: Any) -> dict[str, Any]:
    """A Python value as an argument of ``script.callFunction``."""
    if value is None:
        return {"type": "null"}
    if isinstance(value, bool):
        return {"type": "boolean", "value": value}
    if isinstance(value, int | float):
        return {"type": "number", "value": value}
    if isinstance(value, str):
        return {"type": "string", "value": value}
    raise TypeError(type(value).__name__)


class Firefox:
    """One window. Functions answer with JSON, so that any plain value comes back."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._ids = itertools.count(1)
        self._replies: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._reader = asyncio.ensure_future(self._read())
        self._context = ""

    @classmethod
    async def connect(cls, socket: aiohttp.ClientWebSocketResponse) -> Self:
        firefox = cls(socket)
        await firefox.command("session.new", capabilities={"alwaysMatch": {"acceptInsecureCerts": True}})
        tree = await firefox.command("browsingContext.getTree")
        firefox._context = tree["contexts"][0]["context"]
        return firefox

    async def _read(self) -> None:
        async for message in self._socket:
            if message.type is not aiohttp.WSMsgType.TEXT:
                break
            body = json.loads(message.data)
            future = self._replies.pop(body.get("id"), None)
            if future is not None and not future.done():
                future.set_result(body)
        for future in self._replies.values():
            if not future.done():
                future.set_exception(BidiError("Firefox closed the connection"))

    async def command(self, method: str, **parameters: Any) -> dict[str, Any]:
        number = next(self._ids)
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._replies[number] = future
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        body = await asyncio.wait_for(future, 60)
        if body.get("type") == "error":
            raise BidiError(f"{method}: {body.get('error')}: {body.get('message')}")
        return dict(body["result"])

    async def goto(self, url: str) -> None:
        await self.command("browsingContext.navigate", context=self._context, url=url, wait="complete")

    async def run(self, function: str, *arguments: Any) -> Any:
        """Call the JavaScript function in the page as by a person's gesture; promises are awaited."""
        result = await self.command(
            "script.callFunction",
            functionDeclaration=f"async (...given) => JSON.stringify((await ({function})(...given)) ?? null)",
            arguments=[to_local(argument) for argument in arguments],
            target={"context": self._context},
            awaitPromise=True,
            userActivation=True,
        )
        if result["type"] == "exception":
            raise BidiError(result["exceptionDetails"]["text"])
        return json.loads(result["result"]["value"])

    async def until(self, function: str, *arguments: Any, seconds: float = 10.0) -> Any:
        """The function's first true value."""
        deadline = asyncio.get_running_loop().time() + seconds
        while True:
            if value := await self.run(function, *arguments):
                return value
            if asyncio.get_running_loop().time() > deadline:
                text = await self.run("() => document.body.innerText")
                raise AssertionError(f"not within {seconds} s: {function}\n{text}")
            await asyncio.sleep(0.05)

    # By role and name, near enough: Firefox has no such query of its own.
    _FIND = """
        (role, name) => {
          const selectors = {button: 'button,[role=button]', textbox: 'input,textarea', status: '[role=status],output'}
          const named = element => (element.getAttribute('aria-label')
            ?? [...(element.labels ?? [])].map(label => label.innerText).join(' ')) || element.innerText || ''
          return [...document.querySelectorAll(selectors[role])].find(element =>
            (role === 'status' ? named(element).includes(name) : named(element).trim() === name)
            && element.getClientRects().length)
        }"""

    async def visible(self, role: str, name: str, seconds: float = 10.0) -> None:
        await self.until(f"(role, name) => Boolean(({self._FIND})(role, name))", role, name, seconds=seconds)

    async def press(self, name: str, seconds: float = 10.0) -> None:
        await self.until(
            f"name => {{ const found = ({self._FIND})('button', name); if (!found || found.disabled) return false; found.click(); return true }}",
            name,
            seconds=seconds,
        )

    async def fill(self, name: str, text: str) -> None:
        await self.visible("textbox", name)
        await self.run(
            f"""(name, text) => {{
                const field = ({self._FIND})('textbox', name)
                field.focus()
                Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set.call(field, text)
                field.dispatchEvent(new Event('input', {{bubbles: true}}))
                field.dispatchEvent(new Event('change', {{bubbles: true}}))
            }}""",
            name,
            text,
        )

    async def screenshot(self) -> str:
        """PNG in base64."""
        return str((await self.command("browsingContext.captureScreenshot", context=self._context))["data"])

    async def close(self) -> None:
        self._reader.cancel()
        await asyncio.gather(self._reader, return_exceptions=True)


@asynccontextmanager
async def firefox(
    prefix: Sequence[str] = (), preferences: dict[str, Any] | None = None
) -> AsyncIterator[Firefox]:
    """``prefix``: words before the command, such as ``ip netns exec NAME``. The debugging port listens
    on loopback of that namespace, so a Unix-socket relay carries it here: see ``_relay``."""
    program = shutil.which("firefox-esr") or shutil.which("firefox")
    assert program, "Firefox is not installed: apt-get install firefox-esr (./run test does it as root)"
    profile = Path(tempfile.mkdtemp(prefix="classroom-firefox-"))
    settings: dict[str, Any] = {
        "media.navigator.permission.disabled": True,
        "media.navigator.streams.fake": True,
        "media.autoplay.default": 0,
        "media.autoplay.blocking_policy": 0,
        "intl.accept_languages": "en-US",
        "network.captive-portal-service.enabled": False,
        "network.connectivity-service.enabled": False,
        "media.gmp-manager.updateEnabled": False,
        "browser.safebrowsing.update.enabled": False,
        "services.settings.server": "http://127.0.0.1:9/",
        "app.normandy.enabled": False,
        "toolkit.telemetry.enabled": False,
        "datareporting.policy.dataSubmissionEnabled": False,
        **(preferences or {}),
    }
    (profile / "user.js").write_text(
        "".join(f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in settings.items())
    )
    process = await asyncio.create_subprocess_exec(
        *prefix,
        program,
        "-headless",
        "-no-remote",
        "-profile",
        str(profile),
        "--remote-debugging-port",
        "0",
        "about:blank",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        port = await asyncio.wait_for(_port(process), 60)
        async with (
            _relay(prefix, port) as near,
            aiohttp.ClientSession(headers={"Host": f"127.0.0.1:{port}"}) as session,
            session.ws_connect(f"http://127.0.0.1:{near}/session", max_msg_size=0) as socket,
        ):
            browser = await Firefox.connect(socket)
            drain = asyncio.ensure_future(_drain(process))
            try:
                yield browser
            finally:
                drain.cancel()
                await browser.close()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        shutil.rmtree(profile, ignore_errors=True)


async def _port(process: asyncio.subprocess.Process) -> int:
    assert process.stderr is not None
    said = []
    async for line in process.stderr:
        said.append(line.decode(errors="replace"))
        if found := re.search(r"WebDriver BiDi listening on ws://[^:]+:(\d+)", said[-1]):
            return int(found[1])
    raise BidiError("Firefox did not start:\n" + "".join(said[-20:]))


async def _drain(process: asyncio.subprocess.Process) -> None:
    assert process.stderr is not None
    async for _ in process.stderr:
        pass


@asynccontextmanager
async def _relay(prefix: Sequence[str], port: int) -> AsyncIterator[int]:
    """A loopback port here that leads to the loopback port in the namespace of ``prefix``."""
    if not prefix:
        yield port
        return
    bridge = (
        "import socket,sys,threading\n"
        f"s=socket.create_connection(('127.0.0.1',{port}))\n"
        "def down():\n"
        "  while True:\n"
        "    d=s.recv(65536)\n"
        "    if not d: break\n"
        "    sys.stdout.buffer.write(d); sys.stdout.buffer.flush()\n"
        "threading.Thread(target=down,daemon=True).start()\n"
        "while True:\n"
        "  d=sys.stdin.buffer.read1(65536)\n"
        "  if not d: break\n"
        "  s.sendall(d)\n"
    )

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()

    bridges: set[asyncio.subprocess.Process] = set()

    async def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        process = await asyncio.create_subprocess_exec(
            *prefix,
            sys.executable,
            "-c",
            bridge,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        bridges.add(process)
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            await asyncio.gather(pump(reader, process.stdin), pump(process.stdout, writer))
        except OSError:
            return
        finally:
            writer.close()

    server = await asyncio.start_server(accepted, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for process in bridges:
            if process.returncode is None:
                process.kill()
                await process.wait()
