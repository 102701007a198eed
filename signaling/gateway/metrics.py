"""The gateway's own figures, in a registry of its own (two gateways in one test do not meet)."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

_LATENCIES = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class _RoleFigures(Collector):
    """Figures that media workers and the recorder gave when last asked, by address."""

    def __init__(self) -> None:
        self.values: dict[str, dict[str, float]] = {}

    def collect(self) -> list[GaugeMetricFamily]:
        families: dict[str, GaugeMetricFamily] = {}
        for address, values in sorted(self.values.items()):
            role = address.split(".")[0]
            for name, value in sorted(values.items()):
                full = f"classroom_{role}_{name.removeprefix(f'{role}_')}".replace(".", "_").replace("-", "_")
                family = families.get(full)
                if family is None:
                    family = families[full] = GaugeMetricFamily(
                        full, f"{name} of the {role} role", labels=["address"]
                    )
                family.add_metric([address], value)
        return list(families.values())


class _LessonFigures(Collector):
    """What media workers gave of each live lesson when last asked. The only label is the lesson's id."""

    def __init__(self) -> None:
        self.by_worker: dict[str, dict[str, dict[str, float]]] = {}

    def collect(self) -> list[GaugeMetricFamily]:
        families: dict[str, GaugeMetricFamily] = {}
        for lessons in self.by_worker.values():
            for lesson, values in sorted(lessons.items()):
                for name, value in sorted(values.items()):
                    family = families.get(name)
                    if family is None:
                        family = families[name] = GaugeMetricFamily(
                            f"classroom_lesson_{name}", f"{name} of a live lesson", labels=["lesson"]
                        )
                    family.add_metric([lesson], value)
        return list(families.values())


class Metrics:
    def __init__(self) -> None:
        registry = self.registry = CollectorRegistry()
        self.connections = Gauge("classroom_connections", "Open WebSockets", registry=registry)
        self.lessons_live = Gauge("classroom_lessons_live", "Lessons that are live", registry=registry)
        self.participants = Gauge("classroom_participants", "Admitted and connected", registry=registry)
        self.tasks = Gauge("classroom_tasks", "Tasks of the gateway's event loop", registry=registry)
        self.sign_ins = Counter("classroom_sign_ins", "Sign-ins by outcome", ["outcome"], registry=registry)
        self.commands = Counter(
            "classroom_commands", "Commands by what became of them", ["command", "outcome"], registry=registry
        )
        self.append_seconds = Histogram(
            "classroom_append_seconds", "Time to commit events", buckets=_LATENCIES, registry=registry
        )
        self.request_seconds = Histogram(
            "classroom_request_seconds",
            "HTTP requests",
            ["route", "status"],
            buckets=_LATENCIES,
            registry=registry,
        )
        self.slow_connections = Counter(
            "classroom_slow_connections", "Sockets closed because their queue was full", registry=registry
        )
        self.refused_messages = Counter(
            "classroom_refused_messages",
            "Socket messages refused before a rule saw them",
            ["code"],
            registry=registry,
        )
        self.media_failures = Counter(
            "classroom_media_failures",
            "Requests to workers or recorder that failed",
            ["request"],
            registry=registry,
        )
        self.views = Counter("classroom_recording_views", "Recording views", ["kind"], registry=registry)
        self.jobs = Counter(
            "classroom_jobs", "Jobs on recordings that ended", ["kind", "result"], registry=registry
        )
        self.stills_not_kept = Counter(
            "classroom_stills_not_kept",
            "Stills of a recorded lesson that are not in the recording",
            registry=registry,
        )
        self.stills = Counter(
            "classroom_stills", "Pictures of resting shares that were taken", ["kind"], registry=registry
        )
        self.stills_refused = Counter(
            "classroom_stills_refused",
            "Pictures of resting shares that were not",
            ["code"],
            registry=registry,
        )
        self.still_bytes_kept = Gauge(
            "classroom_still_bytes_kept", "Bytes of stills in memory", registry=registry
        )
        self.still_bytes_served = Counter(
            "classroom_still_bytes_served", "Bytes of stills sent to viewers", registry=registry
        )
        self.stills_cut = Counter(
            "classroom_stills_cut", "Stills that were outdated while they were being sent", registry=registry
        )
        self._roles = _RoleFigures()
        registry.register(self._roles)
        self._lessons = _LessonFigures()
        registry.register(self._lessons)

    def set_role(self, address: str, values: dict[str, float] | None) -> None:
        """Figures of another role, or None when it is gone."""
        if values is None:
            self._roles.values.pop(address, None)
        else:
            self._roles.values[address] = values

    def set_lessons(self, worker: str, lessons: dict[str, dict[str, float]]) -> None:
        """Figures of all live lessons that a worker has, in place of those before."""
        self._lessons.by_worker[worker] = lessons

    def text(self) -> bytes:
        return generate_latest(self.registry)
