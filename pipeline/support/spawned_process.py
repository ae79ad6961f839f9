"""A process of its own, for what must not share TensorFlow's state, or the interpreter, with what goes on here."""

import signal
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context


def spawned_process() -> ProcessPoolExecutor:
    """An executor of one process, which starts from nothing and dies of an interrupt without a word: the one that
    waits for it has the say."""
    interrupt = (signal.SIGINT, signal.SIG_DFL)
    return ProcessPoolExecutor(1, get_context("spawn"), initializer=signal.signal, initargs=interrupt)
