"""A media worker and a recorder at the bus's port: they keep what is open, and carry no packet."""

# ruff: noqa: N802 (handlers are named after the requests they answer)

import itertools
from typing import Any

from msgspec import Struct

from media import control
from media.parameters import (
    DtlsFingerprint,
    DtlsParameters,
    IceCandidate,
    IceParameters,
    RtpCapabilities,
    RtpCodecCapability,
    RtpCodecParameters,
    RtpParameters,
    TransportParameters,
)
from recorder import control as recorder
from recorder.jobs import control as jobs

OPUS = RtpCodecCapability("audio", "audio/opus", 48000, preferred_payload_type=100, channels=2)
VP8 = RtpCodecCapability("video", "video/VP8", 90000, preferred_payload_type=101)
VP9 = RtpCodecCapability("video", "video/VP9", 90000, preferred_payload_type=103)
AV1 = RtpCodecCapability("video", "video/AV1", 90000, preferred_payload_type=107)
CAPABILITIES = RtpCapabilities((OPUS, VP8))
ALL_CODECS = RtpCapabilities((OPUS, VP8, VP9, AV1))
DTLS = DtlsParameters("client", (DtlsFingerprint("sha-256", "AA:BB"),))
_numbers = itertools.count(1)


def rtp_parameters(kind: str, codec: RtpCodecCapability | None = None) -> RtpParameters:
    codec = codec or (OPUS if kind == "audio" else VP8)
    assert codec.preferred_payload_type is not None
    return RtpParameters(
        (RtpCodecParameters(codec.mime_type, codec.preferred_payload_type, codec.clock_rate, codec.channels),)
    )


class FakeWorker:
    def __init__(self) -> None:
        self.instance = f"process{next(_numbers)}"
        self.routers: dict[str, str] = {}
        self.transports: dict[str, control.TransportEntry] = {}
        self.producers: dict[str, control.ProducerEntry] = {}
        self.consumers: dict[str, control.ConsumerEntry] = {}
        self.taps: dict[int, str] = {}
        self.refuse: set[type[Struct]] = set()
        self.asked: list[Struct] = []
        self.links: tuple[control.LinksChanged, ...] = ()
        self.held: tuple[control.ConsumersHeld, ...] = ()
        self.figures: dict[str, dict[str, float]] = {}

    async def handle(self, message: Struct) -> Struct:
        self.asked.append(message)
        if type(message) in self.refuse:
            return control.Failed("unsupported", "refused by the test")
        answer: Struct = getattr(self, "_" + type(message).__name__)(message)
        return answer

    def _OpenRouter(self, m: Any) -> Struct:
        instance = self.routers.setdefault(m.router, f"router{next(_numbers)}")
        return control.RouterOpened(instance, CAPABILITIES)

    def _CloseRouter(self, m: Any) -> Struct:
        if self.routers.pop(m.router, None) is None:
            return control.Failed("no_such_router", "")
        for transport in [t.transport for t in self.transports.values() if t.router == m.router]:
            self._close_transport(transport)
        return control.Done()

    def _OpenTransport(self, m: Any) -> Struct:
        if m.router not in self.routers:
            return control.Failed("no_such_router", "")
        self.transports[m.transport] = control.TransportEntry(
            m.transport, m.router, m.peer, m.direction, "new"
        )
        return control.TransportOpened(
            TransportParameters(
                m.transport,
                IceParameters("ufrag", "password"),
                (IceCandidate("udp0", 1, "127.0.0.1", "127.0.0.1", 40000, "udp", "host"),),
                DTLS,
            )
        )

    def _ConnectTransport(self, m: Any) -> Struct:
        return control.Done() if m.transport in self.transports else control.Failed("no_such_transport", "")

    def _RestartIce(self, m: Any) -> Struct:
        return control.IceRestarted(IceParameters("fresh", "password"))

    def _CloseTransport(self, m: Any) -> Struct:
        if m.transport not in self.transports:
            return control.Failed("no_such_transport", "")
        self._close_transport(m.transport)
        return control.Done()

    def _close_transport(self, transport: str) -> None:
        self.transports.pop(transport)
        for producer in [p.producer for p in self.producers.values() if p.transport == transport]:
            self._close_producer(producer)
        self.consumers = {k: c for k, c in self.consumers.items() if c.transport != transport}

    def _close_producer(self, producer: str) -> None:
        self.producers.pop(producer)
        self.consumers = {k: c for k, c in self.consumers.items() if c.producer != producer}
        self.taps = {tap: p for tap, p in self.taps.items() if p != producer}

    def _Produce(self, m: Any) -> Struct:
        if m.transport not in self.transports:
            return control.Failed("no_such_transport", "")
        self.producers[m.producer] = control.ProducerEntry(m.producer, m.transport, m.kind, m.tag, m.paused)
        return control.Done()

    def _CloseProducer(self, m: Any) -> Struct:
        if m.producer not in self.producers:
            return control.Failed("no_such_producer", "")
        self._close_producer(m.producer)
        return control.Done()

    def _PauseProducer(self, m: Any) -> Struct:
        return self._pause(m.producer, paused=True)

    def _ResumeProducer(self, m: Any) -> Struct:
        return self._pause(m.producer, paused=False)

    def _pause(self, producer: str, *, paused: bool) -> Struct:
        known = self.producers.get(producer)
        if known is None:
            return control.Failed("no_such_producer", "")
        self.producers[producer] = control.ProducerEntry(
            known.producer, known.transport, known.kind, known.tag, paused
        )
        return control.Done()

    def _Consume(self, m: Any) -> Struct:
        producer = self.producers.get(m.producer)
        if m.transport not in self.transports:
            return control.Failed("no_such_transport", "")
        if producer is None:
            return control.Failed("no_such_producer", "")
        parameters = rtp_parameters(producer.kind)
        self.consumers[m.consumer] = control.ConsumerEntry(
            m.consumer, m.transport, m.producer, producer.kind, parameters, True
        )
        return control.Consuming(producer.kind, parameters)

    def _ResumeConsumer(self, m: Any) -> Struct:
        return control.Done() if m.consumer in self.consumers else control.Failed("no_such_consumer", "")

    _PauseConsumer = _ResumeConsumer
    _PreferConsumer = _ResumeConsumer

    def _GiveWay(self, m: Any) -> Struct:
        return control.Done()

    def _CloseConsumer(self, m: Any) -> Struct:
        known = self.consumers.pop(m.consumer, None)
        return control.Failed("no_such_consumer", "") if known is None else control.Done()

    def _StartTap(self, m: Any) -> Struct:
        producer = self.producers.get(m.producer)
        if producer is None:
            return control.Failed("no_such_producer", "")
        self.taps[m.tap] = m.producer
        return control.Tapping(producer.kind, rtp_parameters(producer.kind).codecs)

    def _StopTap(self, m: Any) -> Struct:
        self.taps.pop(m.tap, None)
        return control.Done()

    def _RequestKeyFrame(self, m: Any) -> Struct:
        return control.Done()

    def _TakeInventory(self, m: Any) -> Struct:
        return control.Inventory(
            dict(self.routers),
            tuple(self.transports.values()),
            tuple(self.producers.values()),
            tuple(self.consumers.values()),
            dict.fromkeys(self.taps, "unix:/nowhere"),
            dict(self.taps),
            self.links,
            self.held,
        )

    def _TakeStats(self, m: Any) -> Struct:
        return control.Stats({"packets_in": 7.0}, self.figures)


class FakeRecorder:
    """Files of a closed recording are given by the test in ``files``."""

    def __init__(self) -> None:
        self.open: dict[str, dict[int, str]] = {}
        self.asked: list[Struct] = []
        self.files: tuple[recorder.RecordedFile, ...] = ()
        self.stage: str | None = None
        self.free = 1_000_000
        self.lesson = ""
        self.closed: dict[str, recorder.RecordingClosed] = {}
        self.jobs: dict[str, jobs.StartJob] = {}
        """Started and neither ended nor cancelled."""
        self.ended: list[jobs.JobDone | jobs.JobFailed] = []
        self.refuses = ""
        """With this code, what begins a job, and erasures."""
        self.erases = (2, 20)

    async def handle(self, message: Struct) -> Struct:
        self.asked.append(message)
        match message:
            case recorder.OpenRecording() if self.free < 1000:
                return recorder.RecorderFailed("disk_full", "")
            case recorder.OpenRecording():
                self.open.setdefault(message.recording, {})
                return recorder.RecordingOpened("unix:/nowhere")
            case recorder.CloseRecording():
                if message.recording in self.closed:
                    return self.closed[message.recording]
                if self.open.pop(message.recording, None) is None:
                    return recorder.RecorderFailed("no_such_recording", "")
                closed = recorder.RecordingClosed(message.recording, 1234, self.files, (), self.lesson, 7)
                self.closed[message.recording] = closed
                return closed
            case recorder.ListRecordings():
                return recorder.RecordingsOpen(tuple(self.open))
            case recorder.TakeSpace():
                return recorder.Space(self.free, 1000)
            case recorder.TakeRecorderStats():
                return recorder.RecorderStats({"recordings": float(len(self.open))})
            case jobs.ListJobs():
                return jobs.JobsKnown(tuple(self.jobs), None, tuple(self.ended))
            case jobs.StartJob():
                if self.refuses:
                    return recorder.RecorderFailed(self.refuses, "")
                self.jobs[message.job] = message
                return recorder.RecorderDone()
            case jobs.CancelJob():
                self.jobs.pop(message.job, None)
                return recorder.RecorderDone()
            case recorder.EraseRecording():
                if self.refuses:
                    return recorder.RecorderFailed(self.refuses, "")
                return recorder.RecordingErasedReply(*self.erases)
            case jobs.RemoveJobFile() | recorder.HashRecording():
                return recorder.RecorderDone()
        if message.recording not in self.open:  # type: ignore[attr-defined]
            return recorder.RecorderFailed("no_such_recording", "")
        match message:
            case recorder.AddTrack():
                self.open[message.recording][message.tap] = message.share
            case recorder.EndTrack():
                tracks = self.open[message.recording]
                self.open[message.recording] = {t: s for t, s in tracks.items() if s != message.share}
            case recorder.SetStage():
                self.stage = message.share
        return recorder.RecorderDone()
