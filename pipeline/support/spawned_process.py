"""Run functions in a new process, without TensorFlow's state or other state of this interpreter."""

import signal
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context


def spawned_process() -> ProcessPoolExecutor:
    """Return an executor with one spawned process. SIGINT kills it silently; the parent reports the interrupt."""
    interrupt = (signal.SIGINT, signal.SIG_DFL)
    return ProcessPoolExecutor(1, get_context("spawn"), initializer=signal.signal, initargs=interrupt)
