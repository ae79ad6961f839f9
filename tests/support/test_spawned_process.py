"""What is interrupted says so once."""

import os
import signal
import subprocess
import sys

import pytest

WAITS = """
import time
from pipeline.support.spawned_process import spawned_process

with spawned_process() as fresh:
    try:
        print(fresh.submit(int).result(), flush=True)
        time.sleep(60)
    except KeyboardInterrupt:
        print("interrupted")
"""


@pytest.mark.usefixtures("hears_interrupts")
def test_an_interrupt_is_the_waiting_one_s_to_tell_of() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WAITS],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as waiting:
        assert waiting.stdout and waiting.stdout.readline() == "0\n"
        os.killpg(waiting.pid, signal.SIGINT)
        assert waiting.communicate(timeout=60) == ("interrupted\n", "")
    assert waiting.returncode == 0
