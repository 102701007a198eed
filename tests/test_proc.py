"""The tests themselves leave the machine to others."""

import os
import subprocess
import sys
import threading

import pytest

from tests.recorder.kit.material import VideoEncoder

TAKE = "import os; os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root could take it")
def test_nothing_of_the_tests_can_take_real_time_priority() -> None:
    with pytest.raises(PermissionError):
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    done = subprocess.run([sys.executable, "-c", TAKE], capture_output=True, text=True, check=False)
    assert "PermissionError" in done.stderr


def test_an_encoder_of_av1_takes_no_real_time_priority() -> None:
    policies: list[int] = []

    def encode() -> None:
        encoder = VideoEncoder("av1")
        for _ in range(3):
            encoder.frame()
        policies.append(os.sched_getscheduler(0))

    thread = threading.Thread(target=encode)
    thread.start()
    thread.join()
    encode()
    assert policies == [os.SCHED_OTHER, os.SCHED_OTHER]
