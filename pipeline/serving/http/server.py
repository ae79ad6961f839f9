"""Run a service on uvicorn: the address, slow clients, and an end that finishes what was accepted."""

import asyncio
import logging
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from pipeline.serving.http.metrics import Metrics
from pipeline.serving.http.models import ModelConfig, Models
from pipeline.serving.http.models_config import watched
from pipeline.serving.http.service import LOOPBACK, Settings, make_app
from pipeline.support.errors import UserError
from pipeline.support.silenced_stderr import silenced_stderr

GRACE_SECONDS = 40
BACKLOG = 2048
TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"

logger = logging.getLogger("maekrak.serve")


class Address(NamedTuple):
    """Where to listen, and whom to.

    Attributes:
        hosts: those that requests may be for besides this one; () for all, but on loopback for no other.
        cors: whether pages of other origins may ask.
        patience: seconds that a client may take for its headers, and for its body.
    """

    host: str
    port: int
    hosts: tuple[str, ...] = ()
    cors: bool = False
    patience: float = 10.0

    @property
    def settings(self) -> Settings:
        hosts = (self.host, *LOOPBACK, *self.hosts) if self.hosts or self.host in LOOPBACK else None
        return Settings(hosts, self.cors, body_timeout=self.patience)

    @property
    def url(self) -> str:
        shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "::1": "[::1]"}.get(self.host, self.host)
        return f"http://{shown}:{self.port}/"


class PatientProtocol(H11Protocol):
    """uvicorn's protocol, but patient for so long only: one that doesn't finish its headers is shown the door."""

    patience: float

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.slow = self.loop.call_later(self.patience, self._check_slow)

    def connection_lost(self, exc: Exception | None) -> None:
        self.slow.cancel()
        super().connection_lost(exc)

    def _check_slow(self) -> None:
        if self.cycle is None and not self.transport.is_closing():  # no request has begun on this connection
            self.transport.write(TOO_SLOW)
            self.transport.close()


def run(read_configs: Callable[[], list[ModelConfig]], address: Address, threads: int = 1) -> None:
    """Serve until SIGTERM or SIGINT; then take no more, and answer what was accepted.

    Args:
        threads: that TensorFlow has within an operation. One: a review is many small ones, whose threads would only
            wait. 0 for one a core.

    Raises:
        UserError: if the address can't be had.
    """
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(message)s")
    listening = _listen(address)
    address = address._replace(port=listening.getsockname()[1])
    set_threads(threads)
    metrics = Metrics()
    models = Models(read_configs, lambda name, outcome: metrics.loads.labels(name, outcome).inc())
    config = uvicorn.Config(
        make_app(models, address.settings, metrics),
        http=type("Protocol", (PatientProtocol,), {"patience": address.patience}),
        ws="none",
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        backlog=BACKLOG,
    )
    threading.Thread(target=_announce, args=(models, address), daemon=True).start()
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, lambda *_: None)  # uvicorn hears them, ends, and then has them heard once more
    asyncio.run(uvicorn.Server(config).serve([listening]))


def _listen(address: Address) -> socket.socket:
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    # By the protocol's name asyncio knows to send at once; else each answer would wait 40 ms for an acknowledgement.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((address.host, address.port))
    except (OSError, OverflowError) as error:
        why = error.strerror if isinstance(error, OSError) else "no port"
        raise UserError(f"{address.host}:{address.port}: {why}; PORT=... and HOST=... take another") from None
    return listening


def set_threads(threads: int) -> None:
    """Let TensorFlow do each operation with so many threads."""
    with silenced_stderr():
        import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)


def configs_of(config: Path | None, name: str, base: Path) -> Callable[[], list[ModelConfig]]:
    """Return what tells of the models: a `models.config` where one is given, else the newest version in a folder."""
    return watched(config) if config else lambda: [ModelConfig(name, base)]


def _announce(models: Models, address: Address) -> None:
    while not models.ready:
        time.sleep(0.05)
    print(f"{address.url} serves {', '.join(models.served)}; Ctrl-C ends it", file=sys.stderr, flush=True)
