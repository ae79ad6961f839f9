"""Compile functions by XLA, and let code know that it is traced for XLA."""

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import tensorflow as tf

TRACING_FOR_XLA = ContextVar("TRACING_FOR_XLA", default=False)  # whether what is traced will be compiled by XLA


def jit(function: Callable[..., Any], compiled: bool) -> Callable[..., Any]:
    """Have XLA compile a function, once for each shape of its arguments, if `compiled`; else return it as it is."""

    def traced(*args: Any) -> Any:
        token = TRACING_FOR_XLA.set(True)
        try:
            return function(*args)
        finally:
            TRACING_FOR_XLA.reset(token)

    return tf.function(traced, jit_compile=True, autograph=False) if compiled else function
