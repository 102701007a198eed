"""That the parts of ``./run bench fanout`` work; no figures."""

import itertools

import pytest

from media.fanout.choose import IMPLEMENTATIONS
from tests.bench import _cases
from tests.bench._timetable import VOICE, Load, gathered, timetable


@pytest.mark.parametrize("load", [Load(300, True), Load(300, False), Load(1000, True), Load(1000, False)])
def test_a_timetable_has_every_packet_once_and_in_order(load: Load) -> None:
    moments = timetable(load, 2.0)
    assert sum(moment.video for moment in moments) == 2 * load.video
    assert sum(moment.voice for moment in moments) == 2 * VOICE
    assert moments == sorted(moments)
    assert max(moment.video for moment in moments) == (-(-load.video // 30) if load.bursts else 1)


def test_gathering_delays_and_loses_nothing() -> None:
    moments = timetable(Load(1000, False), 1.0)
    later = gathered(moments, 0.005)
    assert sum(m.video + m.voice for m in later) == 1050
    assert len(later) < len(moments) / 4
    assert all(b.at - a.at >= 0.004 for a, b in itertools.pairwise(later))


@pytest.mark.parametrize("name", IMPLEMENTATIONS)
async def test_subscribers_of_a_worker_open_and_number_everything(name: str) -> None:
    (result,) = await _cases.through_worker(name, [Load(300, True)], 3, 0.3, True)
    assert result.by.lower().startswith(name)
    assert result.sent == 90 + 15
    assert result.tally.packets == 3 * result.sent
    assert (result.tally.late, result.tally.holes, result.tally.unopened) == (0, 0, 0)
    assert result.tally.reports
    assert result.tally.delays
    assert result.cpu > 0


async def test_the_forwarder_of_aiortc_objects_reaches_everybody() -> None:
    (result,) = await _cases.naive([Load(300, False)], 3, 0.3, False)
    assert result.tally.packets == 3 * result.sent
    assert (result.tally.late, result.tally.holes, result.tally.unopened) == (0, 0, 0)


async def test_the_floor_sends_the_same_datagrams() -> None:
    results = await _cases.floor([Load(300, True), Load(1000, False)], 3, 0.3, True)
    assert len(results) == 6
    for result in results:
        assert result.tally.packets == 3 * result.sent, result.case
        assert result.tally.octets == 3 * result.sent * _cases.PACKET_SIZE
