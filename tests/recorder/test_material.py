"""The tests' own encoder of AV1: one that waits for ever holds up no test."""

import os
import signal
import subprocess
import sys
import threading

import pytest

from tests.recorder.kit.av1 import ROOT, Asked, Av1Encoder, Child


@pytest.fixture
def child():
    child = Child()
    yield child
    child.end()


def hang(child: Child) -> None:
    with pytest.raises(TimeoutError):
        child.ask(Asked(0, "hang"), 0.01)


def test_an_encoder_whose_process_was_killed_goes_on_in_the_next(child: Child) -> None:
    whole, cut = Av1Encoder(320, 192, child=child), Av1Encoder(320, 192, child=child)
    expected = [whole.frame(counter, 3600 * counter) for counter in range(4)] + [whole.flush()]
    packets = []
    for counter in range(4):
        if counter == 2:
            hang(child)
        packets.append(cut.frame(counter, 3600 * counter))
    assert [*packets, cut.flush()] == expected
    assert sum(map(len, expected)) == 4
    assert child.number == 2


def test_one_whose_process_has_crashed_goes_on_too(child: Child) -> None:
    encoder = Av1Encoder(320, 192, child=child)
    packets = encoder.frame(0, 0)
    assert child.pid is not None
    os.kill(child.pid, signal.SIGKILL)
    packets += encoder.frame(1, 3600) + encoder.flush()
    assert len(packets) == 2
    assert child.number == 2


def test_one_that_never_answers_is_given_up(child: Child) -> None:
    encoder = Av1Encoder(320, 192, child=child, seconds=0.0)
    with pytest.raises(TimeoutError, match="no picture in"):
        encoder.frame(0, 0)


def test_many_threads_share_one_process(child: Child) -> None:
    seen: list[int] = []

    def encode() -> None:
        encoder = Av1Encoder(320, 192, child=child)
        packets = [packet for counter in range(3) for packet in encoder.frame(counter, 3600 * counter)]
        seen.append(len(packets + encoder.flush()))

    threads = [threading.Thread(target=encode) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [3, 3, 3]
    assert child.number == 1


def test_it_takes_no_real_time_priority(child: Child) -> None:
    encoder = Av1Encoder(320, 192, child=child)
    for counter in range(3):
        encoder.frame(counter, 3600 * counter)
    assert child.pid is not None
    assert {os.sched_getscheduler(int(thread)) for thread in os.listdir(f"/proc/{child.pid}/task")} == {
        os.SCHED_OTHER
    }


def test_it_ends_with_the_process_that_began_it() -> None:
    begin = (
        "from tests.recorder.kit.av1 import Av1Encoder, _child\n"
        "Av1Encoder(320, 192).frame(0, 0)\n"
        "print(_child.pid, flush=True)\n"
        "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    )
    # Reads stderr to its end: the child, which has the same, is gone then.
    done = subprocess.run([sys.executable, "-c", begin], cwd=ROOT, capture_output=True, check=False)
    assert int(done.stdout) > 0
