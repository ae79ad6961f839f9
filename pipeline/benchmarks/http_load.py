"""Load on an HTTP service: clients that ask without a pause, in threads, by connections that stay."""

import http.client
import json
import threading
import time
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

import numpy as np


class Load(NamedTuple):
    """What so many clients got: answers a second, and the time of one in ms, at the median and the 99th percentile."""

    clients: int
    per_second: float
    p50: float
    p99: float
    failed: int


def put_under_load(url: str, texts: Sequence[str], clients: int, seconds: float, key: str = "instances") -> Load:
    """Ask a URL for predictions of one text at a time.

    Args:
        key: under which the texts stand in a request.
    """
    times: list[float] = []
    failed = [0]
    end = time.perf_counter() + seconds

    def ask(first: int) -> None:
        parts = urlsplit(url)
        connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=60)
        number = first
        while (start := time.perf_counter()) < end:
            body = json.dumps({key: [texts[number % len(texts)]]}).encode()
            connection.request("POST", parts.path, body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            answer.read()
            if answer.status == 200:
                times.append(time.perf_counter() - start)
            else:
                failed[0] += 1
            number += clients
        connection.close()

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(clients)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    spent = time.perf_counter() - start
    p50, p99 = np.percentile(times, [50, 99]) * 1000 if times else (np.nan, np.nan)
    return Load(clients, len(times) / spent, float(p50), float(p99), failed[0])
