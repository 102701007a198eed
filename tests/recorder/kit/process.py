"""A recorder as a process of its own: requests as JSON lines on stdin, replies and notices on stdout."""

import asyncio
import sys
from pathlib import Path

import msgspec

from recorder.control import RecorderNotice, RecorderReply, RecorderRequest
from recorder.service import Recorder

_requests = msgspec.json.Decoder(RecorderRequest)
_answers: msgspec.json.Decoder[RecorderReply | RecorderNotice] = msgspec.json.Decoder(
    RecorderReply | RecorderNotice
)


async def main(directory: str, address: str) -> None:
    def tell(message: object) -> None:
        sys.stdout.buffer.write(msgspec.json.encode(message) + b"\n")
        sys.stdout.buffer.flush()

    recorder = Recorder(Path(directory), address, tell)
    await recorder.start()
    while line := await asyncio.to_thread(sys.stdin.buffer.readline):
        tell(await recorder.handle(_requests.decode(line)))
    await recorder.close()


class RecorderProcess:
    """The other side."""

    def __init__(self, directory: Path, address: str) -> None:
        self._arguments = ("-m", "tests.recorder.kit.process", str(directory), address)
        self.notices: list[RecorderNotice] = []
        self._replies: asyncio.Queue[RecorderReply] = asyncio.Queue()

    async def start(self) -> None:
        self.process = await asyncio.create_subprocess_exec(
            sys.executable,
            *self._arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            cwd=Path(__file__).parents[3],
        )
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self.process.stdout is not None
        while line := await self.process.stdout.readline():
            message = _answers.decode(line)
            if isinstance(message, RecorderNotice):
                self.notices.append(message)
            else:
                self._replies.put_nowait(message)

    async def ask(self, request: RecorderRequest) -> RecorderReply:
        assert self.process.stdin is not None
        self.process.stdin.write(msgspec.json.encode(request) + b"\n")
        return await self._replies.get()

    async def kill(self) -> None:
        self.process.kill()
        await self.process.wait()
        await self._reader

    async def stop(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        await self.process.wait()
        await self._reader


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:3]))
