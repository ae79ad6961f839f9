"""An interrupt is reported once, by the parent process."""

import os
import signal
import subprocess
import sys

import pytest

PARENT = """
import time
from pipeline.support.spawned_process import spawned_process

with spawned_process() as executor:
    try:
        print(executor.submit(int).result(), flush=True)
        time.sleep(60)
    except KeyboardInterrupt:
        print("interrupted")
"""


@pytest.mark.usefixtures("hears_interrupts")
def test_only_the_parent_reports_an_interrupt() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as parent:
        assert parent.stdout and parent.stdout.readline() == "0\n"
        os.killpg(parent.pid, signal.SIGINT)
        assert parent.communicate(timeout=60) == ("interrupted\n", "")
    assert parent.returncode == 0
