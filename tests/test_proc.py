"""The tests themselves leave the machine to others."""

import os
import subprocess
import sys

import pytest

TAKE = "import os; os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root could take it")
def test_nothing_of_the_tests_can_take_real_time_priority() -> None:
    with pytest.raises(PermissionError):
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    done = subprocess.run([sys.executable, "-c", TAKE], capture_output=True, text=True, check=False)
    assert "PermissionError" in done.stderr
