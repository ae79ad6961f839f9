"""Compile functions by XLA, and tell code that is traced for it."""

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import tensorflow as tf

TRACING_FOR_XLA = ContextVar("FOR_XLA", default=False)  # whether what is traced will be compiled by XLA


def jit(function: Callable[..., Any], compiled: bool) -> Callable[..., Any]:
    """The function, to be compiled by XLA for each shape of what it gets, where `compiled`."""

    def traced(*args: Any) -> Any:
        token = TRACING_FOR_XLA.set(True)
        try:
            return function(*args)
        finally:
            TRACING_FOR_XLA.reset(token)

    return tf.function(traced, jit_compile=True, autograph=False) if compiled else function
