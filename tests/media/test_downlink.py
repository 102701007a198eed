"""A subscriber's line through a real worker: what is told, what is held."""

import time
from types import SimpleNamespace

from media import control
from media.congestion.digest import Digest
from media.downlink import LOST_SECONDS
from media.rtcp import feedback
from tests.media.house import house, until, video_parameters
from tests.media.test_loopback import lesson, send_video


async def test_links_are_told_once_a_second_when_they_change():
    async with house() as home:
        teacher, _, got, _ = await lesson(home)
        send_video(teacher, range(5), keys=(0,))
        await until(lambda: len(got) == 5)

        def told() -> dict[str, control.Link]:
            changed = [n for n in home.notices if isinstance(n, control.LinksChanged)]
            return {link.peer: link for notice in changed for link in notice.links}

        await until(lambda: len(told()) == 2)
        assert {link.bars for link in told().values()} == {4}
        assert {link.reason for link in told().values()} == {""}
        assert not [n for n in home.notices if isinstance(n, control.ConsumersHeld)]


async def test_a_line_that_turns_out_to_be_thin_is_told_at_once():
    """Stills go by it: a second is long for them."""
    async with house() as home:
        teacher, _, got, _ = await lesson(home)
        send_video(teacher, range(2), keys=(0,))
        await until(lambda: len(got) == 2)
        downlinks, transport = home.worker._rhythm._downlinks, home.worker.registry.transports["s"]
        await until(lambda: (link := downlinks.get(transport)) is not None and link.is_known)
        link = downlinks.get(transport)
        step = link.step

        def thin(digest: Digest | None, now: float) -> bool:
            link.policy.control.estimator.hold_at(100_000, now)
            return step(digest, now)

        def learned() -> list[str]:
            list(downlinks.step(time.monotonic()))
            return [router.id for router in downlinks.take_learned()]

        learned()
        assert learned() == []
        link.step = thin
        assert learned() == [transport.router.id]
        assert learned() == []


async def test_what_is_text_is_known_by_its_content_hint():
    async with house() as home:
        await home.join("t", "send")
        parameters = video_parameters()
        await home.ask(control.Produce("t", "p", "video", parameters, content="detail"), control.Done)
        assert home.worker.registry.producers["p"].is_detailed


async def test_pictures_of_a_thin_line_give_way():
    async with house() as home:
        teacher, _, got, _ = await lesson(home)
        send_video(teacher, range(2), keys=(0,))
        await until(lambda: len(got) == 2)
        rhythm = home.worker._rhythm
        transport = home.worker.registry.transports["s"]
        await until(lambda: rhythm._downlinks.get(transport) is not None)
        link = rhythm._downlinks.get(transport)
        spent: list[int] = []
        link._outlet = SimpleNamespace(spend=spent.append)
        await home.ask(control.GiveWay("s", 30_000), control.Done)
        assert spent == [30_000]
        assert link.policy.control.estimator._beside._pending == 30_000
        for octets in (-1, 5_000_000):
            assert isinstance(await home.worker.handle(control.GiveWay("s", octets)), control.Failed)
        assert isinstance(await home.worker.handle(control.GiveWay("nobody", 1)), control.Failed)


async def test_who_only_waits_for_what_waits_here_costs_nobody_a_key_frame():
    async with house() as home:
        teacher, student, got, parameters = await lesson(home)
        send_video(teacher, range(2), keys=(0,))
        await until(lambda: len(got) == 2)
        transport = home.worker.registry.transports["s"]
        await until(lambda: home.worker._rhythm._downlinks.get(transport) is not None)
        link = home.worker._rhythm._downlinks.get(transport)
        counters = home.worker.counters
        pli = feedback.build_pli(1, parameters.encodings[0].ssrc)
        now = home.worker.clock()
        link._tell_waiting(Digest(queue_delay_us=400_000), now)
        student.send_rtcp(pli)
        await until(lambda: counters.plis_received == 1)
        assert not transport.consumers["c"].wants_key_frame
        asked = counters.plis_sent
        link._tell_waiting(Digest(lost_packets=1, queue_delay_us=400_000), now)
        link._tell_waiting(Digest(queue_delay_us=400_000), now + LOST_SECONDS)
        student.send_rtcp(pli)
        await until(lambda: counters.plis_received == 2)
        await until(lambda: counters.plis_sent > asked)
