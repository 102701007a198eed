"""Jobs in child processes: real ones, and some that misbehave."""

import asyncio
import os
import signal
import sys

import msgspec
import pytest

from recorder.archive.port import StorageFailed
from recorder.control import RecorderDone, RecorderFailed
from recorder.jobs.control import (
    CancelJob,
    JobDone,
    JobFailed,
    JobProgress,
    JobsKnown,
    ListJobs,
    RemoveJobFile,
    StartJob,
)
from recorder.jobs.request import ChatLine, ExportDetails, JobFile, pack
from recorder.jobs.workshop import Workshop, command
from tests.recorder.kit.material import VideoEncoder
from tests.recorder.kit.written import WrittenRecording, pictures, voice


class Hall:
    """A workshop whose notices can be waited for."""

    def __init__(self, directory, **options):
        self.notices = asyncio.Queue()
        self.workshop = Workshop(directory, self.notices.put_nowait, **options)

    async def __aenter__(self):
        self.workshop.start()
        return self

    async def __aexit__(self, *_):
        await self.workshop.close()

    async def ask(self, request):
        return await self.workshop.handle(request)

    async def told(self, kind):
        async with asyncio.timeout(60):
            while not isinstance(notice := await self.notices.get(), kind):
                pass
        return notice


@pytest.fixture
def recording(tmp_path):
    made = WrittenRecording(tmp_path / "recordings")
    made.add(
        "programme.webm",
        "vp8",
        pictures(VideoEncoder("vp8", 640, 360), 1000, fps=5) + voice(1000),
        size=(640, 360),
    )
    made.save()
    return made


def script(text):
    return lambda job_file: (sys.executable, "-c", text, str(job_file))


def files(recording):
    return {path.name for path in recording.directory.iterdir()}


async def test_jobs_in_their_own_process(tmp_path, recording):
    details = pack(ExportDetails(chat=(ChatLine(100, "Hồng", "Dạ"),)))
    before = files(recording)
    (recording.directory / ".job-left.mp4").write_bytes(b"by a crash")
    async with Hall(tmp_path / "recordings") as hall:
        assert await hall.ask(StartJob("e1", "export", "r1", details)) == RecorderDone()
        assert await hall.ask(StartJob("e1", "export", "r1", details)) == RecorderDone()
        assert await hall.ask(StartJob("t1", "thumbnails", "r1")) == RecorderDone()
        first = await hall.told(JobDone | JobFailed)
        second = await hall.told(JobDone | JobFailed)
        assert hall.notices.empty()
        known = await hall.ask(ListJobs())
        assert known == JobsKnown((), None, (first, second))
        # Asked again, though it is done: told again.
        assert await hall.ask(StartJob("e1", "export", "r1", details)) == RecorderDone()
        again = await hall.told(JobDone)
    by_id = {first.job: first, second.job: second}
    (film,) = by_id["e1"].files
    assert again == by_id["e1"]
    assert (film.name, film.role, film.source) == ("export-e1.mp4", "export", "chat")
    assert film.bytes == (recording.directory / film.name).stat().st_size > 1000
    assert {file.name for file in by_id["t1"].files} == {"thumbnails-1.jpg", "thumbnails.json"}
    assert files(recording) == before | {"export-e1.mp4", "thumbnails-1.jpg", "thumbnails.json"}
    async with Hall(tmp_path / "recordings") as hall:
        assert await hall.ask(RemoveJobFile("r1", "export-e1.mp4")) == RecorderDone()
        assert await hall.ask(RemoveJobFile("r1", "export-e1.mp4")) == RecorderDone()
        for recording_id, name in (
            ("r1", "programme.webm"),
            ("r1", "../r1/export-e1.mp4"),
            ("..", "export-a.mp4"),
        ):
            assert isinstance(await hall.ask(RemoveJobFile(recording_id, name)), RecorderFailed)
    assert "programme.webm" in files(recording)
    assert "export-e1.mp4" not in files(recording)


async def test_what_cannot_be_begun_is_refused(tmp_path, recording):
    async with Hall(tmp_path / "recordings") as hall:
        for request, code in (
            (StartJob("a", "export", "nowhere"), "no_such_recording"),
            (StartJob("a", "export", "../r1"), "no_such_recording"),
            (StartJob("../a", "export", "r1"), "no_such_recording"),
            (StartJob("a", "export", "r1", b"junk"), "unsupported"),
        ):
            assert (await hall.ask(request)).code == code
        assert await hall.ask(CancelJob("nobody")) == RecorderDone()


_HANGS = 'import time; print(\'{"type":"progress","value":0.25}\', flush=True); time.sleep(600)'
_DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);" + _HANGS


@pytest.mark.parametrize("text", [_HANGS, _DEAF])
async def test_cancelled_leaves_nothing(tmp_path, recording, monkeypatch, text):
    monkeypatch.setattr("recorder.jobs.child.STOP_SECONDS", 0.2)
    before = files(recording)
    async with Hall(tmp_path / "recordings", command=script(text)) as hall:
        await hall.ask(StartJob("e1", "export", "r1"))
        await hall.ask(StartJob("e2", "export", "r1"))
        assert (await hall.told(JobProgress)).progress == 0.25
        (recording.directory / ".job-export-e1.mp4").write_bytes(b"half")
        assert (await hall.ask(ListJobs())).waiting == ("e2",)
        await hall.ask(CancelJob("e2"))
        await hall.ask(CancelJob("e1"))
        assert files(recording) == before
        assert await hall.ask(ListJobs()) == JobsKnown((), None, ())
        # All of a recording that is to be erased.
        await hall.ask(StartJob("e4", "export", "r1"))
        await hall.ask(StartJob("e5", "export", "r1"))
        assert (await hall.told(JobProgress)).job == "e4"
        await hall.workshop.leave("r1")
        assert await hall.ask(ListJobs()) == JobsKnown((), None, ())
        # The next one goes on; closing ends it.
        await hall.ask(StartJob("e3", "export", "r1"))
        assert (await hall.told(JobProgress)).job == "e3"
    assert files(recording) == before


@pytest.mark.parametrize(
    "text",
    [
        "import os; os.kill(os.getpid(), 11)",
        "print('x' * 3_000_000)",
        'print(\'{"type":"nonsense"}\')',
        "raise SystemExit(0)",
    ],
)
async def test_a_child_that_breaks_is_a_failed_job_and_no_more(tmp_path, recording, text):
    async with Hall(tmp_path / "recordings", command=script(text)) as hall:
        await hall.ask(StartJob("e1", "export", "r1"))
        failed = await hall.told(JobFailed)
        assert (failed.job, failed.code) == ("e1", "failed")
        await hall.ask(StartJob("e2", "export", "r1"))
        assert (await hall.told(JobFailed)).job == "e2"


async def test_sigterm_stops_a_real_job_in_its_midst(tmp_path):
    long = WrittenRecording(tmp_path / "recordings")
    blocks = pictures(VideoEncoder("vp8", 640, 360), 1000, fps=25)
    many = [(1, second * 1000 + ms, data, key) for second in range(300) for _, ms, data, key in blocks]
    long.add("programme.webm", "vp8", many, size=(640, 360))
    long.save()
    before = files(long)
    async with Hall(tmp_path / "recordings") as hall:
        await hall.ask(StartJob("e1", "export", "r1"))
        while (await hall.told(JobProgress)).progress == 0:
            pass
        assert ".job-export-e1.mp4" in files(long)
        assert _policy_of_children() == [os.SCHED_IDLE]
        await hall.ask(CancelJob("e1"))
        assert files(long) == before


def _policy_of_children():
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat") as file:
                    parent = int(file.read().rpartition(")")[2].split()[1])
                with open(f"/proc/{name}/cmdline") as file:
                    is_job = "recorder.jobs" in file.read()
            except OSError:
                continue
            if parent == os.getpid() and is_job:
                found.append(os.sched_getscheduler(int(name)))
    return found


async def test_a_job_ends_with_its_parent(tmp_path, recording):
    """Whatever kills the recorder, its end of the pipe closes."""
    before = files(recording)
    job_file = tmp_path / "job.json"
    job_file.write_bytes(msgspec.json.encode(JobFile("e1", "export", str(recording.directory))))
    process = await asyncio.create_subprocess_exec(
        *command(job_file), stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(30):
        output, _ = await process.communicate()
    assert process.returncode in (-signal.SIGTERM, 128 + signal.SIGTERM)
    assert b"done" not in output
    assert files(recording) == before


async def test_a_recording_that_moved_is_fetched_first(tmp_path, recording):
    """Its name is known for being worked on all the while, so that nobody takes it away again."""
    here = recording.directory / "programme.webm"
    here.rename(tmp_path / "stored")
    asked = []

    async def fetch(name):
        asked.append((name, hall.workshop.works_on(name), hall.workshop.works_on("r2")))
        if len(asked) == 1:
            raise StorageFailed("unreachable", "no answer in time")
        (tmp_path / "stored").rename(here)

    async with Hall(tmp_path / "recordings", fetch=fetch) as hall:
        await hall.ask(StartJob("t1", "thumbnails", "r1"))
        failed = await hall.told(JobFailed)
        assert (failed.code, "unreachable" in failed.detail) == ("failed", True)
        await hall.ask(StartJob("t2", "thumbnails", "r1"))
        assert (await hall.told(JobDone)).job == "t2"
        assert not hall.workshop.works_on("r1")
    assert asked == [("r1", True, False)] * 2
