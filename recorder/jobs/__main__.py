"""``python -m recorder.jobs FILE``: one job, as its file asks (``JobFile``), told of on standard output.

Started by the workshop, which holds standard input. SIGTERM: it stops and leaves nothing. Exit status 0
when it said Done or Failed.
"""

import os
import signal
import sys
from pathlib import Path
from types import FrameType

import msgspec

from recorder import lifeline, manifest
from recorder.control import RecordedFile
from recorder.jobs import manners, report
from recorder.jobs.report import Cancelled, Done, JobError, Progress, Teller
from recorder.jobs.request import JobFile
from recorder.jobs.space import SpaceGuard, as_job_error

TEMPORARY = ".job-"
"""How names of unfinished files begin."""


class Bench:
    """The job's unfinished files; ``put_away`` gives them their names, ``sweep`` takes them away."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._unfinished: dict[str, Path] = {}

    def name(self, name: str) -> Path:
        path = self._directory / f"{TEMPORARY}{name}"
        self._unfinished[name] = path
        return path

    def put_away(self) -> None:
        """In the order they were asked for: an index comes after what it names. Raises OSError."""
        for path in self._unfinished.values():
            with path.open("rb") as file:
                os.fsync(file.fileno())
        for name, path in self._unfinished.items():
            path.replace(self._directory / name)
        self._unfinished.clear()

    def sweep(self) -> None:
        for path in self._unfinished.values():
            path.unlink(missing_ok=True)


def export_name(job: str) -> str:
    return f"export-{job}.mp4"


def work(job: JobFile, bench: Bench, stop: "Stop", cores: int) -> tuple[RecordedFile, ...]:
    """Raises JobError, OSError, Cancelled."""
    directory = Path(job.directory)
    found = manifest.load(directory)
    if found is None:
        raise JobError("unreadable", "the recording has no manifest")
    space = SpaceGuard(directory)

    def check() -> None:
        stop.check()
        space.check()

    check()
    tell = Teller(lambda value: report.say(Progress(round(value, 4))))
    # Imported here: what a job does not use need not be loaded.
    if job.kind == "export":
        from recorder.jobs.export import export

        name = export_name(job.job)
        export(directory, found, job.details, bench.name(name), tell=tell, check=check, threads=min(4, cores))
        bench.put_away()
        size = (directory / name).stat().st_size
        shown = (("chat", job.details.chat is not None), ("camera", bool(job.details.camera)))
        source = " ".join(part for part, is_shown in shown if is_shown)
        return (RecordedFile(name, "export", "video/mp4", 0, found.duration, size, source=source),)
    if job.kind == "thumbnails":
        from recorder.jobs import thumbnails

        names = thumbnails.thumbnails(directory, found, bench.name, tell=tell, check=check)
        bench.put_away()
        return thumbnails.described(directory, names, found.duration)
    from recorder.jobs import text

    text.read_stills(directory, found, bench.name(text.NAME), tell=tell, check=check)
    bench.put_away()
    return (text.described(directory, found.duration),)


class Stop:
    """Set by SIGTERM; looked at between pictures, since a library must not be torn from its work."""

    def __init__(self) -> None:
        self._asked = False
        signal.signal(signal.SIGTERM, self._ask)

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        self._asked = True

    def check(self) -> None:
        if self._asked:
            raise Cancelled


def main(path: str) -> int:
    cores = manners.yield_to_everybody()
    stop = Stop()
    lifeline.hold()
    job = msgspec.json.decode(Path(path).read_bytes(), type=JobFile)
    bench = Bench(Path(job.directory))
    try:
        report.say(Progress(0.0))
        report.say(Done(work(job, bench, stop, cores)))
    except Cancelled:
        return 128 + signal.SIGTERM
    except JobError as error:
        report.say(error.failed)
    except OSError as error:
        report.say(as_job_error(error).failed)
    except (ValueError, MemoryError) as error:
        report.say(JobError("failed", repr(error)).failed)
    finally:
        bench.sweep()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
