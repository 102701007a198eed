"""The twin's pacer: what waits already is not put in twice, what was left out costs nothing."""

from media.fanout.pacer import MAX_REPAIRS, Pacer


def test_repairs_wait_once() -> None:
    pacer: Pacer[int] = Pacer()
    pacer.set(1_000, 1.0, 0.0)
    for _ in range(10):
        pacer.push_rtx(7, "a", 1_000, 0.0)
    assert (len(pacer), pacer.queued_octets) == (1, 1_000)
    for number in range(2 * MAX_REPAIRS):
        pacer.push_rtx(number, "a", 1_000, 0.0)
    assert len(pacer) == MAX_REPAIRS


def test_what_was_not_sent_after_all_is_given_back() -> None:
    pacer: Pacer[int] = Pacer()
    pacer.set(10_000, 1.0, 0.0)
    for number in range(3):
        pacer.push(number, "a", number, 1_000, False, 0.0)
    assert pacer.pop(0.01) is not None
    assert pacer.pop(0.01) is None
    pacer.spend(-1_000)
    assert pacer.pop(0.01) is not None
